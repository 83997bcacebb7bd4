"""`lock:`: two runs that have the same one never run at the same time, whether the one that has it is driven, paused, killed or being
undone."""

import json
import re
import subprocess

import pytest

from world import BINARY, kill, until, world  # noqa: F401  (the fixture)

BOOK = """
runbook: deploy
title: Deploy the cluster
inputs: {{cluster: {{default: eu}}}}
vars: {{name: "cluster/${{{{ $inputs.cluster }}}}"}}
lock: "${{{{ $vars.name }}}}"
steps:
{steps}
"""
GATED = """
  - id: gated
    title: Wait at the gate
    shell: |
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.02; done
      echo effect >> "$W/effects"
"""
MANUAL = "  - {id: by_hand, title: Do it by hand, manual: Do it.}\n  - {id: after, title: After, shell: 'echo after >> \"$W/effects\"'}\n"
FAILING = "  - {id: fails, title: It fails, shell: '[ -e \"$W/repaired\" ] && echo done >> \"$W/effects\"'}\n"


def write(world, steps):
    world.write(BOOK.format(steps=steps))


def begin_at_the_gate(world):
    engine = world.start()
    until(lambda: world.lines("begun"), "the step")
    return engine, world.runs()[0]


def runs(world):
    return json.loads(world("runs", "--json").out)


def is_refused(world, run, *said, to_go_on=("run --resume", "cancel")):
    before = len(runs(world))
    result = world.run()
    assert result.code == 5, result
    assert f"the lock `cluster/eu` is held by run {run} of deploy, " in result.err, result
    assert "nothing was run" in result.err
    for part in said:
        assert part in result.err, result
    assert re.findall("`runbook (.*?)`", result.err) == [f"{word} {run}" for word in to_go_on], result
    assert len(runs(world)) == before
    return result


def test_while_a_run_is_driven_nobody_else_has_its_lock_and_another_lock_is_free(world):
    write(world, GATED)
    engine, run = begin_at_the_gate(world)
    result = is_refused(world, run, f"driven by pid {engine.pid} since 20")
    assert "Ctrl-C" in result.err
    assert len(world.runs()) == 1       # no folder of the refused one either
    world.open_gate()
    assert world.run("-i", "cluster=us").code == 0
    assert engine.wait() == 0
    assert world.run().code == 0
    assert world.lines() == ["effect"] * 3


def test_kill_9_of_engine_and_supervisor_gives_no_lock_back(world):
    write(world, GATED)
    engine, run = begin_at_the_gate(world)
    supervisors = world.supervisors()
    kill(engine.pid, *supervisors)
    engine.wait()
    is_refused(world, run, "interrupted since 20")
    world.open_gate()
    until(lambda: world.lines(), "the effect of the step that lives on")
    resumed = world.resume(run, "--on-doubt", "gated=done")
    assert resumed.code == 0, resumed
    assert world.run().code == 0


def test_a_run_that_waits_for_a_person_has_its_lock_until_it_is_done_or_given_up(world):
    write(world, MANUAL)
    assert world.run().code == 3
    run = world.runs()[0]
    is_refused(world, run, "waiting since 20")
    assert world("cancel", run).code == 0
    assert world.run().code == 3
    second = world.show()["run"]
    assert second != run
    is_refused(world, second, "waiting since 20")
    assert world("confirm", second, "by_hand").code == 0
    assert world.resume(second).code == 0
    assert world.run().code == 3
    world("cancel", "last")
    assert world.lines() == ["after"]


def test_a_failed_run_has_its_lock_and_the_commands_of_the_refusal_work(world):
    write(world, FAILING)
    assert world.run().code == 1
    run = world.runs()[0]
    result = is_refused(world, run, "failed since 20")
    (world.folder / "repaired").touch()
    words = re.search(r"`runbook (run --resume [^`]*)`", result.err)[1].split()
    assert world(*words, "--non-interactive").code == 0
    assert world.lines() == ["done"]
    assert world.run().code == 0


def test_the_commands_of_the_refusal_name_the_journal_where_it_is_not_the_usual_one(world):
    write(world, MANUAL)
    del world.env["RUNBOOK_JOURNAL"]
    world.env["XDG_STATE_HOME"] = str(world.folder / "state")
    other = world.folder / "the other.db"
    assert world.run("--journal", other).code == 3
    result = world.run("--journal", other)
    assert result.code == 5
    command = re.search(r"`runbook (cancel [^`]*)`", result.err)[1]
    assert subprocess.run(f"{BINARY} {command}", shell=True, env=world.env, cwd=world.folder, capture_output=True).returncode == 0
    assert world.run("--journal", other).code == 3
    # Runs of another journal are not seen.
    assert world.run().code == 3
    assert "--journal" not in world.run().err
    for words in ([], ["--journal", other]):
        assert world("cancel", "last", *words).code == 0


def test_a_run_that_was_left_takes_its_lock_again_for_its_undo_or_is_refused(world):
    write(world, GATED + """    undo: {shell: 'echo back >> "$W/undone"; until [ -e "$W/way" ]; do sleep 0.02; done'}\n""" + MANUAL)
    world.open_gate()
    assert world.run().code == 3
    first = world.show()["run"]
    assert world("confirm", first, "by_hand").code == 0 and world.resume(first).code == 0
    assert world.run().code == 3
    second = world.show()["run"]
    refused = world("undo", first, "--non-interactive")
    assert refused.code == 5 and f"the lock `cluster/eu` is held by run {second} of deploy, waiting since 20" in refused.err, refused
    assert world.lines("undone") == [] and world.show(first)["state"] == "succeeded"
    assert world("cancel", second).code == 0
    engine = world.start_command("undo", first, "--non-interactive")
    until(lambda: world.lines("undone"), "the undo")
    is_refused(world, first, f"driven by pid {engine.pid} since 20", to_go_on=["undo"])
    kill(engine.pid)
    engine.wait()
    is_refused(world, first, "interrupted since 20", to_go_on=["undo"])
    world.open_gate("way")
    assert world("undo", first, "--non-interactive").code == 0
    assert world.lines("undone") == ["back"] and world.show(first)["state"] == "undone"
    assert world.run().code == 3
    assert world("cancel", "last").code == 0


def test_who_looks_is_told_the_lock(world):
    write(world, MANUAL)
    world.run()
    assert world.show()["lock"] == "cluster/eu"
    assert "  lock       cluster/eu (against other runs of this journal)\n" in world("show", "last").out
    world("cancel", "last")
    assert "  lock       cluster/eu (given back)\n" in world("show", "last").out
    world.write("runbook: without\nsteps: [{id: one, title: One, shell: 'true'}]\n")
    world.run()
    assert world.show()["lock"] is None and "  lock " not in world("show", "last").out


def test_a_run_keeps_the_lock_that_it_began_with_when_a_changed_runbook_is_adopted(world):
    write(world, MANUAL)
    world.run()
    run = world.runs()[0]
    world.book.write_text(world.book.read_text().replace('"${{ $vars.name }}"', "another"))
    adopted = world.resume(run, "--adopt")
    assert adopted.code == 3, adopted
    assert world.show(run)["lock"] == "cluster/eu"
    world.book.write_text(world.book.read_text().replace("lock: another", 'lock: "cluster/eu"'))
    is_refused(world, run)
    world("cancel", run)


@pytest.mark.parametrize("lock, said", [
    ('""', "`lock` is empty"),
    ('"${{ $inputs.empty }}"', "must be one line of text, and it is \"\""),
    ('"a\\nb"', "must be one line of text"),
    ('"${{ $inputs.list }}"', "text is needed here"),
    ('"${{ $vars.list }}"', "must be one line of text, and it is [\"a\"]"),
    ('"${{ $inputs.nothing }}"', "nothing"),
])
def test_a_lock_that_is_no_line_of_text_stops_before_there_is_a_run(world, lock, said):
    world.write("runbook: bad\ninputs: {empty: {default: ''}, list: {type: list, default: [a]}}\nvars: {list: \"${{ $inputs.list }}\"}\n"
                f"lock: {lock}\nsteps: [{{id: one, title: One, shell: 'echo one >> \"$W/effects\"'}}]\n")
    result = world.run()
    assert result.code == 2, result
    assert said in result.err, result
    assert world.lines() == [] and not world.journal.exists()


def test_a_number_is_a_lock_too(world):
    world.write("runbook: account\ninputs: {account: {type: int, default: 42}}\nlock: ${{ $inputs.account }}\n"
                "steps: [{id: one, title: One, shell: 'true'}]\n")
    assert world.run().code == 0
    assert world.show()["lock"] == "42"


@pytest.mark.parametrize("journal", ["new", "used before"])
def test_of_engines_that_begin_at_the_same_moment_exactly_one_begins(world, journal):
    write(world, GATED)
    earlier = 0
    if journal == "used before":
        world.open_gate()
        assert world.run().code == 0
        earlier = 1
        for name in ("gate", "begun", "effects"):
            (world.folder / name).unlink()
    engines = [world.start() for _ in range(8)]
    until(lambda: sum(engine.poll() == 5 for engine in engines) == 7, "seven refusals")
    until(lambda: world.lines("begun"), "the step of the one that began")
    world.open_gate()
    assert sorted(engine.wait() for engine in engines) == [0] + [5] * 7
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]
    for engine in engines:
        log = engine.log.read_text()
        assert engine.returncode == 0 or "the lock `cluster/eu` is held by run " in log, log
    assert len(runs(world)) == earlier + 1
