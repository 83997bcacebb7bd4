"""Branches, loops, rescue, finally, watches, includes, undo and targets, with real processes: what a person sees and what happens."""

import json
import re
import signal
import subprocess

import pytest

from world import BINARY, kill, until, world  # noqa: F401  (the fixture)


def states(world):
    return {step["instance"]: step["state"] for step in world.show()["steps"]}


EFFECT = 'echo {} >> "$W/effects"'


def effect(step, **keys):
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"{{id: {step}, shell: '{EFFECT.format(step)}'{more}}}"


def test_branches_run_side_by_side_and_what_follows_waits_for_both(world):
    # Each branch waits for a file that the other one makes: alone neither would end.
    meet = 'touch "$W/{}"; until test -e "$W/{}"; do sleep 0.01; done'
    world.write(f"""
runbook: side
steps:
  - section: Both
    parallel:
      - {{id: one, shell: '{meet.format("one", "two")}'}}
      - {{id: two, shell: '{meet.format("two", "one")}'}}
  - {effect("after")}
""")
    result = world.run()
    assert result.code == 0, result
    assert world.lines() == ["after"]


def test_a_branch_that_fails_lets_the_other_step_end_and_begins_nothing_more(world):
    world.write(f"""
runbook: side
steps:
  - section: Both
    parallel:
      - section: Slow
        steps:
          - {{id: slow, shell: 'until test -e "$W/gate"; do sleep 0.01; done; echo slow >> "$W/effects"'}}
          - {effect("never")}
      - {{id: bad, shell: 'test -e "$W/mended"'}}
""")
    run = world.start()
    world.until_state("bad", "failed")
    world.open_gate()
    assert run.wait() == 1
    assert world.lines() == ["slow"]
    (world.folder / "mended").touch()
    assert world.resume().code == 0
    assert world.lines() == ["slow", "never"]


def test_a_question_of_one_branch_does_not_hold_up_the_other_and_says_who_asks(world):
    world.write(f"""
runbook: side
steps:
  - section: Both
    parallel:
      - {{id: person, manual: {{instructions: look}}}}
      - section: Rest
        steps: [{effect("first")}, {effect("second")}]
""")
    result = world.run()
    assert result.code == 3, result
    assert world.lines() == ["first", "second"]
    assert "`person` is done by a person" in result.err


def test_a_loop_goes_in_batches_and_stops_where_one_fails(world):
    world.write("""
runbook: rolling
inputs: {servers: {type: list, default: [a, b, c, d, e]}}
steps:
  - section: Roll
    for_each: $inputs.servers
    as: server
    batch: [1, 2]
    concurrency: 2
    steps:
      - {id: update, shell: 'echo "$server" >> "$W/effects"', undo: {shell: 'echo "undo $server" >> "$W/effects"'}}
      - {id: healthy, shell: 'test "$server" != c'}
""")
    result = world.run()
    assert result.code == 1
    assert sorted(world.lines()) == ["a", "b", "c"]
    assert states(world)["update[d]"] == "pending" and states(world)["healthy[c]"] == "failed"
    assert "runbook skip" in result.err and "'healthy[c]'" in result.err
    plan = json.loads(world("undo", "last", "--plan", "--json").out)
    assert [step["step"] for step in plan["steps"] if step["can_be_undone"]][-1] == "update[a]"
    assert world("undo", "last").code == 0
    assert world.lines()[3:][-1] == "undo a" and sorted(world.lines()[3:]) == ["undo a", "undo b", "undo c"]
    again = world("undo", "last")
    assert again.code == 2 and "an undo has no undo" in again.err
    assert world("verify", "last").code == 0


@pytest.mark.parametrize("value, message", [
    ("null", "the list is null"),
    ("[]", "the list is empty"),
    ('["a", "b", "a"]', "items 1 and 3 have the same key, `a`"),
    ('[{"name": "a"}]', "item 1 has a map as its key"),
    ('"text"', "it gives a string, not a list"),
])
def test_a_list_that_cant_be_gone_through_is_refused_before_anything_of_it_runs(world, value, message):
    world.write(f"""
runbook: bad
steps:
  - {{id: give, exec: [cat, "${{{{ $run.dir }}}}/value"], outputs: {{whole: json}}}}
  - section: Roll
    for_each: $steps.give.whole.items
    as: item
    steps: [{effect("used")}]
""")
    (world.folder / "value").write_text(f'{{"items": {value}}}')
    result = world.run()
    assert result.code == 1, result
    assert message in result.err
    assert world.lines() == []


def test_a_list_is_taken_once_and_used_again_after_a_resume(world):
    world.write(f"""
runbook: once
steps:
  - {{id: give, exec: [cat, "${{{{ $run.dir }}}}/value"], outputs: {{items: json}}}}
  - section: Roll
    for_each: $steps.give.items
    as: item
    steps: [{{id: use, shell: 'echo "$item" >> "$W/effects"; test "$item" != b -o -e "$W/mended"'}}]
""")
    (world.folder / "value").write_text('["a", "b", "c"]')
    assert world.run().code == 1
    (world.folder / "value").write_text('["x"]')
    (world.folder / "mended").touch()
    assert world.resume().code == 0
    assert world.lines() == ["a", "b", "b", "c"]


def test_rescue_runs_when_a_step_failed_and_finally_when_all_is_over(world):
    world.write(f"""
runbook: rescued
steps:
  - section: Try
    rescue: [{effect("rescue")}]
    finally: [{effect("inner_finally")}]
    steps: [{{id: bad, shell: exit 1}}, {effect("never")}]
  - {effect("after")}
finally: [{effect("last")}]
""")
    assert world.run().code == 0
    assert world.lines() == ["rescue", "inner_finally", "after", "last"]
    assert states(world)["never"] == "skipped"


def test_a_failed_run_leaves_its_cleanup_to_cancel(world):
    world.write(f"""
runbook: cleanup
steps: [{effect("a")}, {{id: bad, shell: exit 1}}]
finally: [{effect("cleanup")}]
""")
    result = world.run()
    assert result.code == 1 and "cleanup (`finally`) is pending" in result.err
    assert world.lines() == ["a"]
    assert world("cancel", "last").code == 0
    assert world.lines() == ["a", "cleanup"]


def test_for_ci_a_failure_leaves_the_run_with_its_cleanup_and_exit_1(world):
    world.write(f"""
runbook: ci
steps: [{{id: bad, shell: exit 1}}]
finally: [{effect("cleanup")}]
""")
    assert world.run("--on-failure", "cancel").code == 1
    assert world.lines() == ["cleanup"]
    assert world.show()["state"] == "cancelled"


CI = """
runbook: ci
steps:
  - {{id: a, shell: "echo ERROR the database said no >&2; exit 7", hints: [{{match: said no, say: Ask it kindly}}]}}
  - {{id: never, shell: "true"}}
finally: [{{id: f, shell: '{cleanup}'}}]
"""


def test_for_ci_the_end_says_what_failed_and_what_it_wrote(world):
    world.write(CI.format(cleanup=EFFECT.format("cleanup")))
    result = world.run("--on-failure", "cancel")
    assert result.code == 1 and world.lines() == ["cleanup"]
    run = world.show()["run"]
    assert result.err.endswith(f"""
step `a` failed: it exited with 7
    | ERROR the database said no
  hint: Ask it kindly

run {run} is cancelled. What it did stays done:
  what was done   runbook show {run}
"""), result
    assert re.search(r"state +cancelled \(cancelled by \S+: step `a` failed: it exited with 7\)", world("show", "last").out)
    assert r"because: --on-failure cancel: step \`a\` failed: it exited with 7" in world("report", "last").out


@pytest.mark.parametrize("ways", [[["run", "--on-failure", "cancel"]], [["run"], ["cancel", "last"]]], ids=["for ci", "by a person"])
def test_a_cleanup_that_fails_does_not_hide_what_failed_first(world, ways):
    world.write(CI.format(cleanup='echo cleaning up; test -e "$W/mended"'))
    for command, *words in ways:
        result = world.run(*words) if command == "run" else world(command, *words)
        assert result.code == 1, result
    run = world.show()["run"]
    assert f"""
step `a` failed: it exited with 7
    | ERROR the database said no
  hint: Ask it kindly

then its cleanup failed:
step `f` failed: it exited with 1
    | cleaning up

run {run} has paused in its cleanup (`finally`); nothing after `f` was run.
  look            runbook logs {run} f
""" in result.err, result
    told = "failed (step `a` failed: it exited with 7; then its cleanup failed: step `f` failed: it exited with 1)"
    assert told in world("show", "last").out
    (world.folder / "mended").touch()
    assert world("cancel", "last").code == 0 and world.show()["state"] == "cancelled"
    assert "step `a` failed: it exited with 7" in world.show()["why"]


def test_a_cleanup_that_fails_at_the_end_of_a_run_is_not_called_pending(world):
    world.write('runbook: last\nsteps: [{id: a, shell: "true"}]\nfinally: [{id: f, shell: exit 1}]\n')
    result = world.run()
    assert result.code == 1 and "has paused in its cleanup (`finally`)" in result.err and "pending" not in result.err, result


def test_a_killed_engine_in_rescue_and_in_finally_goes_on_there(world):
    world.write(f"""
runbook: killed
steps:
  - section: Try
    rescue: [{{id: back, shell: 'until test -e "$W/gate"; do sleep 0.01; done; echo back >> "$W/effects"'}}]
    finally: [{effect("tidy")}]
    steps: [{{id: bad, shell: exit 1}}]
""")
    run = world.start()
    world.until_state("back", "running")
    run.send_signal(signal.SIGKILL)
    run.wait()
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines() == ["back", "tidy"]


def test_a_watch_that_trips_fails_its_section(world):
    world.write(f"""
runbook: watched
steps:
  - section: Canary
    watch: {{id: heartbeat, shell: 'test ! -e "$W/sick"', every: 50ms, trips_after: 2, on_trip: [{effect("page")}]}}
    steps:
      - {{id: roll, shell: 'touch "$W/sick"; until test -e "$W/gate"; do sleep 0.01; done; echo roll >> "$W/effects"'}}
      - {effect("never")}
""")
    run = world.start()
    until(lambda: (world.show() or {"watches": {}})["watches"].get("heartbeat", {}).get("state") == "tripped", "the trip")
    world.open_gate()
    assert run.wait() == 1
    assert world.lines() == ["roll", "page"]
    assert "watch `heartbeat` tripped: it exited with 1" in world.show()["why"]
    (world.folder / "sick").unlink()
    assert world.resume().code == 0
    assert world.lines() == ["roll", "page", "never"]


def test_an_included_runbook_has_its_own_names_and_gives_its_outputs(world):
    world.write("""
runbook: part
inputs: {who: {}, times: {type: int, default: 2}}
steps:
  - {id: greet, shell: 'echo "$who $times" >> "$W/effects"; echo "hello=hi $who" >> "$RUNBOOK_OUTPUT"', outputs: {hello: {}}}
outputs: {said: $steps.greet.hello}
""", "part.yaml")
    world.write("""
runbook: whole
steps:
  - {id: greet, include: {file: part.yaml, with: {who: ada}}}
  - {id: after, shell: 'echo "$SAID" >> "$W/effects"', env: {SAID: "${{ $steps.greet.said }}"}}
""")
    assert world.run().code == 0
    assert world.lines() == ["ada 2", "hi ada"]
    assert states(world)["greet/greet"] == "succeeded"
    assert "succeeded" in world("why", "last", "greet/greet").out


def test_a_run_goes_on_with_the_included_text_that_it_began_with_or_asks(world):
    part = """
runbook: part
steps: [{id: one, shell: 'echo one >> "$W/effects"'}, {id: two, shell: 'test -e "$W/mended" && echo TWO >> "$W/effects"'}]
"""
    world.write(part.replace("TWO", "two"), "part.yaml")
    world.write("runbook: whole\nsteps: [{id: part, include: {file: part.yaml}}]\n")
    assert world.run().code == 1
    world.write(part.replace("TWO", "other"), "part.yaml")
    (world.folder / "mended").touch()
    refused = world.resume("--adopt")
    assert refused.code == 2, refused
    assert "can't be adopted" in refused.err
    world.write(part.replace("TWO", "two"), "part.yaml")
    assert world.resume().code == 0
    assert world.lines() == ["one", "two"]


def test_a_partial_undo_can_be_gone_on_from(world):
    def step(name):
        return f"{{id: {name}, shell: '{EFFECT.format(name)}', undo: {{shell: '{EFFECT.format('un' + name)}'}}}}"
    world.write(f"""
runbook: partly
steps: [{step("a")}, {step("b")}, {step("c")}, {{id: stop, shell: 'test -e "$W/mended"'}}]
""")
    assert world.run().code == 1
    assert world("undo", "last", "--to", "b").code == 0
    assert world.lines() == ["a", "b", "c", "unc", "unb"]
    assert states(world) == {"a": "succeeded", "b": "undone", "c": "undone", "stop": "failed"}
    (world.folder / "mended").touch()
    assert world.resume().code == 0
    assert world.lines()[5:] == ["b", "c"]


def test_an_undo_stops_at_a_point_of_no_return_and_in_doubt(world):
    world.write(f"""
runbook: far
steps:
  - {{id: a, shell: 'true', undo: {{shell: 'true'}}}}
  - {{id: gone, title: Gone, shell: 'true', effect: irreversible}}
  - {{id: b, shell: 'true', undo: {{shell: '{EFFECT.format("unb")}'}}}}
""")
    assert world.run("--approve", "gone=Gone").code == 0
    refused = world("undo", "last")
    assert refused.code == 2 and "point of no return" in refused.err and "--to b" in refused.err, refused
    assert world("undo", "last", "--to", "b").code == 0
    assert world.lines() == ["unb"]


def test_an_answer_that_was_refused_does_not_count_when_the_run_is_undone(world):
    world.write(f"""
runbook: doubtful
steps:
  - {{id: a, shell: '{EFFECT.format("a")}', undo: {{shell: '{EFFECT.format("una")}'}}}}
  - {{id: d, shell: sleep 600, timeout: 10ms, on_timeout: kill, undo: {{shell: '{EFFECT.format("und")}'}}}}
""")
    assert world.run().code == 4
    assert "open question: Did `d` take effect?" in world("show", "last").out
    assert world("cancel", "last").code == 0
    assert "open question" not in world("show", "last").out and world.show()["questions"] == []
    refused = world("resolve", "last", "d", "done", "--because", "seen")
    assert refused.code == 2 and "was left as cancelled" in refused.err, refused
    plan = world("undo", "last", "--plan").out
    assert "it is in doubt: whether it took effect is to be settled first" in plan, plan
    assert world("undo", "last").code == 4
    assert world.lines() == ["a"]
    assert world("resolve", "last", "d", "done", "--because", "seen").code == 0
    assert world("undo", "last").code == 0
    assert world.lines() == ["a", "und", "una"]


HALF = """
runbook: half
steps:
  - {id: b, shell: 'true', undo: {shell: 'test -e "$W/mended"'}}
  - {id: c, shell: 'false'}
"""


def half_undone(world, *words):
    """A run of which `b` can't be undone until there is the file `mended`, and an undo that has begun and failed there."""
    world.write(f"""
runbook: half
steps:
  - {{id: a, shell: 'true', undo: {{shell: '{EFFECT.format("una")}'}}}}
  - {{id: b, shell: 'true', undo: {{shell: 'test -e "$W/mended" && {EFFECT.format("unb")}'}}}}
""")
    assert world.run().code == 0
    assert world("undo", "last", *words).code == 1
    (world.folder / "mended").touch()


@pytest.mark.parametrize("begun,other,said", [((), "b", "of all that ran"), (("--to", "b"), "a", "back to `b`")])
def test_an_undo_that_has_begun_goes_no_other_way_than_it_began(world, begun, other, said):
    half_undone(world, *begun)
    for more in ([], ["--plan"]):
        refused = world("undo", "last", "--to", other, *more)
        assert refused.code == 2 and f"has begun, {said}, and `{other}` can't change that" in refused.err, refused
    assert world.lines() == []
    assert world("undo", "last", *begun).code == 0
    assert world.lines() == (["unb"] if begun else ["unb", "una"])


def shown_ways_on(world, run, *words):
    """The command that goes on, as each of those shows it who look at a run that nobody drives."""
    doctor = json.loads(world("doctor", "--json", *words).out)
    yield re.search(r"to go on: (.*)", world("show", run, *words).out)[1]
    yield next(each["hint"] for each in doctor if each["about"] == f"run {run}").split("; ")[0].removeprefix("go on: ")
    yield re.search(r"go on +(.*)", world("handoff", run, "--note", "x", *words).out)[1]


def test_whoever_looks_at_an_undo_that_rests_is_told_to_go_on_with_the_undo(world):
    world.write(HALF)
    assert world.run().code == 1
    assert world("undo", "last", "--to", "b").code == 1
    shown = world("show", "last").out
    assert re.search(r"undoing    since 20\S+, back to `b`, which is undone too\n", shown), shown
    assert world.show()["undoing"]["to"] == "b"
    run = world.show()["run"]
    assert set(shown_ways_on(world, run)) == {f"runbook undo {run}"}
    assert set(shown_ways_on(world, run, "--journal", world.journal)) == {f"runbook undo {run} --journal {world.journal}"}
    skipped = world("skip", run, "c", "--because", "x", "--journal", world.journal)
    assert skipped.code == 0 and f"go on: runbook undo {run} --journal {world.journal}\n" in skipped.out, skipped
    assert f"To go on with it: runbook undo {run}\n" in world.run().err


def test_whoever_looks_at_a_cancel_that_rests_is_told_to_go_on_with_the_cancel(world):
    world.write(HALF + "finally: [{id: tidy, shell: 'test -e \"$W/tidied\"'}]\n")
    assert world.run().code == 1
    failed = world("cancel", "last")
    run = world.show()["run"]
    assert failed.code == 1 and f"try it again    runbook cancel {run}\n" in failed.err, failed
    assert "leaving    as cancelled; its `finally` comes first" in world("show", run).out
    assert set(shown_ways_on(world, run)) == {f"runbook cancel {run}"}
    world.open_gate("tidied")
    assert world("cancel", run).code == 0


def test_a_doubt_of_an_undo_is_settled_and_gone_on_with_by_the_command_that_is_shown(world):
    world.write(f"""
runbook: killed
steps:
  - {{id: a, shell: 'true', undo: {{shell: 'echo a >> "$W/begun"; until test -e "$W/gate"; do sleep 0.01; done'}}}}
""")
    assert world.run().code == 0
    run = world.show()["run"]
    engine = world.start_command("undo", run, "--non-interactive")
    until(lambda: world.lines("begun"), "the undo of a")
    kill(engine.pid)
    engine.wait()
    kill(world.supervisor())
    kill(*world.step_processes())
    doubtful = world("undo", run, "--non-interactive")
    assert doubtful.code == 4, doubtful
    settled = world("resolve", run, "a:undo", "done", "--because", "it is")
    assert settled.code == 0 and f"go on: runbook undo {run}\n" in settled.out, settled
    assert world("undo", run).code == 0


def test_why_an_undo_is_gone_on_with_is_recorded_too(world):
    half_undone(world, "--because", "wrong window")
    assert world("undo", "last", "--because", "the disk is back").code == 0
    told = world("report", "last").out
    assert "an undo began by" in told and "because: wrong window" in told
    assert re.search(r"taken up to be undone by \S+ because: the disk is back", told), told


def test_an_undo_that_is_killed_goes_on_where_it_was(world):
    world.write(f"""
runbook: killed
steps:
  - {{id: a, shell: 'true', undo: {{shell: '{EFFECT.format("una")}'}}}}
  - {{id: b, shell: 'true', undo: {{shell: 'until test -e "$W/gate"; do sleep 0.01; done; {EFFECT.format("unb")}'}}}}
""")
    assert world.run().code == 0
    undo = subprocess.Popen([BINARY, "undo", "last"], env=world.env, cwd=world.folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world.started.append(undo)
    until(lambda: states(world).get("b:undo") == "running", "the undo of b to run")
    undo.send_signal(signal.SIGKILL)
    undo.wait()
    refused = world.resume()
    assert refused.code == 2 and "is being undone" in refused.err, refused
    world.open_gate()
    assert world("undo", "last").code == 0
    assert world.lines() == ["unb", "una"]


def test_a_step_does_not_run_where_its_target_is_another(world):
    world.write(f"""
runbook: aimed
targets: {{here: {{directory: spot}}}}
target: here
steps: [{effect("a")}, {{id: b, shell: 'test -e "$W/mended" && {EFFECT.format("b")}'}}]
""")
    (world.folder / "spot").mkdir()
    assert world.run().code == 1
    (world.folder / "spot").rename(world.folder / "old")
    (world.folder / "spot").mkdir()
    (world.folder / "mended").touch()
    refused = world.resume()
    assert refused.code == 1 and "the run began in directory" in refused.err and "you are now in" in refused.err, refused
    assert world.lines() == ["a"]
    (world.folder / "spot").rmdir()
    (world.folder / "old").rename(world.folder / "spot")
    assert world.resume().code == 0
    assert world.lines() == ["a", "b"]


def test_a_watch_looks_only_where_its_steps_work(world):
    """It is told where that is, and a resumed run that stands elsewhere doesn't begin with its looks."""
    world.write(f"""
runbook: aimed
targets: {{here: {{directory: spot}}}}
steps:
  - section: Canary
    target: here
    watch: [{{id: pulse, every: 20ms, shell: 'echo "$RUNBOOK_TARGET_DIRECTORY" >> "$W/seen"'}}]
    steps: [{{id: a, shell: 'until test -e "$W/seen"; do sleep 0.01; done; test -e "$W/mended" && {EFFECT.format("a")}'}}]
""")
    (world.folder / "spot").mkdir()
    assert world.run().code == 1
    seen = (world.folder / "seen").read_text()
    assert set(seen.split()) == {str(world.folder / "spot")}
    (world.folder / "spot").rename(world.folder / "old")
    (world.folder / "spot").mkdir()
    (world.folder / "mended").touch()
    refused = world.resume()
    assert refused.code == 1 and "` must not run here: the run began in directory" in refused.err, refused   # whichever looks first
    assert world.lines() == [] and (world.folder / "seen").read_text() == seen
    (world.folder / "spot").rmdir()
    (world.folder / "old").rename(world.folder / "spot")
    assert world.resume().code == 0
    assert world.lines() == ["a"]


LOST = """
runbook: lost_answer
steps:
  - id: set
    title: Set it, and lose the answer
    shell: echo new > "$W/value"; [ -e "$W/well" ]
    effect: idempotent
    before: {shell: cat "$W/value", outputs: {value: trim(stdout)}}
    done_when: {shell: "%s"}
    undo: {shell: {script: cat > "$W/value", stdin: "${{ $before.value }}"}}
"""


@pytest.mark.parametrize("done_when", ["grep -qx new $W/value", "test -e $W/well && grep -qx new $W/value"])
def test_what_an_attempt_did_is_undone_though_a_later_look_or_attempt_found_it_done(world, done_when):
    """It goes back to what stood before the first attempt, not to what that one had made of it."""
    world.write(LOST % done_when)
    (world.folder / "value").write_text("old\n")
    assert world.run().code == 1
    (world.folder / "well").touch()
    assert world.resume().code == 0
    assert (world.folder / "value").read_text() == "new\n"
    assert "before: {\"value\":\"old\"}" in world("undo", "last", "--plan").out
    undone = world("undo", "last")
    assert undone.code == 0, undone
    assert (world.folder / "value").read_text().strip() == "old"


def test_hints_are_shown_beside_a_wait_too(world):
    world.write("""
runbook: hinted
steps:
  - {id: a, wait_until: {shell: 'exit 1', timeout: 20ms, every: 5ms}, hints: [{match: "did not come to be", say: Look at the router.}]}
""")
    ended = world.run()
    assert ended.code == 1 and "hint: Look at the router." in ended.err


def test_a_graph_names_every_step_and_how_they_follow(world):
    world.write(f"""
runbook: drawn
steps:
  - section: Both
    parallel: [{effect("one")}, {effect("two")}]
  - {{id: after, title: 'Say "hi"', shell: 'true', when: 1 == 1}}
""")
    graph = world("graph", "book.yaml").out
    assert graph.startswith("flowchart TD\n")
    assert "one --> after" in graph and "two --> after" in graph
    assert '#quot;hi#quot; (if 1 == 1)' in graph
    edges = json.loads(world("graph", "book.yaml", "--json").out)["edges"]
    assert {"from": "one", "to": "after", "when": None} in edges


def test_a_step_of_a_section_that_was_given_up_is_not_done_anew_alone(world):
    world.write(f"""
runbook: rescued
steps:
  - section: Try
    rescue: [{effect("rescue")}]
    steps: [{effect("first")}, {{id: bad, shell: exit 1}}]
  - {{id: stop, shell: exit 1}}
""")
    assert world.run().code == 1
    refused = world("redo", "last", "first", "--because", "once more")
    assert refused.code == 2 and "section `Try`, which was given up" in refused.err and "undo" in refused.err, refused
    assert world("redo", "last", "rescue", "--because", "once more").code == 0
    assert world.resume().code == 1
    assert world.lines() == ["first", "rescue", "rescue"]


def test_an_item_of_a_loop_is_skipped_confirmed_and_done_anew_by_its_name(world):
    world.write(f"""
runbook: named
steps:
  - section: Items
    for_each: [a, b]
    as: item
    steps:
      - {{id: ask, manual: {{instructions: "look at ${{{{ $item }}}}"}}}}
      - {{id: act, shell: 'echo "$item" >> "$W/effects"; test "$item" != b'}}
""")
    assert world.run().code == 3
    vague = world("confirm", "last", "ask")
    assert vague.code == 2 and "say which: ask[a], ask[b]" in vague.err, vague
    assert world("confirm", "last", "ask[a]").code == 0
    assert world.resume().code == 3
    assert world("confirm", "last", "ask[b]").code == 0
    assert world.resume().code == 1
    assert world("redo", "last", "act[a]", "--because", "once more").code == 0
    assert world("skip", "last", "act[b]", "--because", "not today").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["a", "b", "a"]
