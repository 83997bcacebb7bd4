"""`notify:` is called when a person is needed and when the run ends, and never holds the run up."""

import json

from world import until, world  # noqa: F401  (the fixture)

BOOK = """
runbook: told
title: A run that tells
inputs: {token: {type: secret, from: [{env: TOKEN}]}}
notify: {exec: [sh, ./tell.sh]}
steps:
  - {id: look, title: Look at it, manual: Look at the dashboard.}
  - {id: work, title: Work, shell: 'test -e "$W/gate"'}
"""


def write(world, script):
    world.env["TOKEN"] = "hush-hush-hush"
    world.write(script, "tell.sh")
    world.write(BOOK)


def told(world):
    return [json.loads(line) for line in world.lines("told")]


def test_a_person_is_called_when_asked_when_a_step_fails_and_at_the_end(world):
    write(world, 'cat >> "$W/told"\n')
    assert world.run().code == 3
    asked, = told(world)
    run = world.show()["run"]
    assert (asked["event"], asked["step"], asked["about"], asked["run"], asked["runbook"]) == ("asked", "look", "manual", run, "told")
    assert asked["text"] == "`look` is done by a person: Look at it"
    assert world.resume().code == 3 and len(told(world)) == 1
    world("confirm", "last", "look")
    assert world.resume().code == 1
    failed = told(world)[1]
    assert (failed["event"], failed["state"], failed["step"]) == ("paused", "failed", "work") and "exited with 1" in failed["why"]
    world.open_gate()
    assert world.resume().code == 0
    assert [(each["event"], each.get("state")) for each in told(world)[2:]] == [("left", "succeeded")]


def test_it_is_told_no_secret_and_has_none_in_its_environment(world):
    write(world, 'cat >> "$W/told"; env >> "$W/told"\n')
    world.write(BOOK.replace("Look at it", "hush-hush-hush"))
    world.run()
    assert "hush-hush-hush" not in (world.folder / "told").read_text() and world.lines("told")


def test_one_that_fails_is_a_notice(world):
    write(world, "exit 7\n")
    result = world.run()
    assert result.code == 3 and "notify: `sh` exited with 7; the run goes on without it" in result.err
    world.write(BOOK.replace("[sh, ./tell.sh]", "[./nothing-there]"))
    result = world("run", world.book, "--non-interactive")
    assert result.code == 3 and "notify: `./nothing-there` can't be started" in result.err


def test_the_run_goes_on_beside_one_that_takes_its_time(world):
    write(world, 'until [ -e "$W/told_may_end" ]; do sleep 0.02; done\n')
    world.write(BOOK.replace("  - {id: look, title: Look at it, manual: Look at the dashboard.}\n", "  - {id: gate, manual: Look, when: $run.dir == ''}\n")
                .replace("  - {id: work,", "  - {id: ask, title: Ask, effect: irreversible, shell: echo effect >> \"$W/effects\"}\n  - {id: work,"))
    world.open_gate()
    engine = world.start("--approve", "ask=Ask")
    until(lambda: world.state_of("work") == "succeeded", "the run to go on")
    world.open_gate("told_may_end")
    assert engine.wait(timeout=300) == 0 and world.lines() == ["effect"]
