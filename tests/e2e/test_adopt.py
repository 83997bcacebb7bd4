"""A runbook that changes while a run of it rests: what has changed is told step by step, and only what is adopted is done."""

import json
import sqlite3

import pexpect
import pytest

from test_crash import begin_and_kill_all
from world import BINARY, gated, kill, until, world  # noqa: F401  (the fixture)


def book(*steps, head=""):
    return "runbook: changing\n" + head + "steps:\n" + "".join(f"  - {{{step}}}\n" for step in steps)


def step(name, script=None, keys=""):
    script = script or f'echo {name} >> \\"$W/effects\\"'
    return f'id: {name}, title: Do {name}, shell: "{script}"{keys}'


FAILS = "exit 1"


@pytest.fixture
def stopped(world):
    """a is done, b has failed, c is to come."""
    world.write(book(step("a"), step("b", FAILS), step("c")))
    assert world.run().code == 1
    return world


def events(world, kind):
    with sqlite3.connect(world.journal) as journal:
        return [json.loads(text) for text, in journal.execute("SELECT text FROM events ORDER BY id")
                if json.loads(text)["kind"] == kind]


def test_without_consent_nothing_runs_and_what_changed_is_told_with_the_command_that_goes_on(stopped):
    stopped.write(book(step("a"), step("b"), step("c"), step("d")))
    result = stopped.resume()
    assert result.code == 2 and stopped.lines() == ["a"]
    assert "changed   `b` (line 4): failed" in result.err
    assert "new       `d` (line 6)" in result.err
    assert "the same  2 steps" in result.err
    run = stopped.show()["run"]
    assert f"runbook run --resume {run} --adopt" in result.err
    assert stopped.show()["deviations"] == []


def test_what_is_to_come_and_what_failed_can_change(stopped):
    stopped.write(book(step("a"), step("b"), step("c", 'echo new c >> \\"$W/effects\\"'), step("d")))
    result = stopped.resume("--adopt", "--because", "the bucket has another name")
    assert result.code == 0, result
    assert stopped.lines() == ["a", "b", "new c", "d"]
    deviation, = stopped.show()["deviations"]
    assert deviation["what"] == "went on with a changed runbook"
    assert "the bucket has another name" in deviation["because"] and "changed: b, c; new: d" in deviation["because"]
    assert stopped("verify", "last").code == 0
    assert "new c" in stopped("show", "last", "--definition").out


def test_each_attempt_names_the_definition_that_it_ran_with(stopped):
    first = stopped.show()["definition_sha256"]
    stopped.write(book(step("a"), step("b"), step("c")))
    assert stopped.resume("--adopt").code == 0
    second = stopped.show()["definition_sha256"]
    named = [(event["instance"], event["body"]["definition"]) for event in events(stopped, "intent")]
    assert named == [("a", first[:12]), ("b", first[:12]), ("b", second[:12]), ("c", second[:12])]


def test_what_is_done_can_be_reworded_but_not_changed(stopped):
    stopped.write(book(step("a", 'echo other >> \\"$W/effects\\"'), step("b"), step("c")))
    result = stopped.resume("--adopt")
    assert result.code == 2 and "`a`" in result.err and "it is done, and did what the old text says" in result.err
    assert "runbook redo" in result.err and stopped.lines() == ["a"]
    stopped.write(book(step("a", keys=", note: Was quick").replace("Do a", "Make a"), step("b"), step("c")))
    result = stopped.resume("--adopt")
    assert result.code == 0, result
    assert "reworded  `a`" in result.err
    assert stopped.show()["steps"][0]["title"] == "Make a" and stopped.lines() == ["a", "b", "c"]


def test_a_step_that_is_to_be_done_anew_can_change(stopped):
    stopped.write(book(step("a", 'echo other >> \\"$W/effects\\"'), step("b"), step("c")))
    assert stopped("redo", "last", "a", "--because", "it was wrong").code == 0
    result = stopped.resume("--adopt")
    assert result.code == 0, result
    assert stopped.lines() == ["a", "other", "b", "c"]


def test_a_renamed_step_is_known_again_and_not_done_twice(stopped):
    stopped.write(book(step("first", 'echo a >> \\"$W/effects\\"', ", was: a"), step("b"), step("c")))
    result = stopped.resume("--adopt")
    assert result.code == 0, result
    assert "`first`, which was `a`" in result.err
    assert stopped.lines() == ["a", "b", "c"]
    assert stopped.state_of("first") == "succeeded" and stopped.state_of("a") is None
    assert "attempt 1 began" in stopped("why", "last", "first").out
    assert stopped("resolve", "last", "a", "done", "--because", "x").code == 2


def test_a_step_under_a_new_name_without_was_is_another_one(stopped):
    stopped.write(book(step("first", 'echo a >> \\"$W/effects\\"'), step("b"), step("c")))
    result = stopped.resume("--adopt")
    assert result.code == 2 and stopped.lines() == ["a"]
    assert "it does what `a` did, which is gone; if it is the same step, say `was: a`" in result.err
    assert stopped.resume("--adopt", "--behind", "first=skip").code == 0
    assert stopped.lines() == ["a", "b", "c"]


@pytest.mark.parametrize("choice, effects, state", [("run", ["a", "new", "b", "c"], "succeeded"), ("skip", ["a", "b", "c"], "skipped")])
def test_a_step_that_is_new_where_the_run_has_passed_is_decided_by_a_person(stopped, choice, effects, state):
    stopped.write(book(step("new"), step("a"), step("b"), step("c")))
    assert stopped.resume("--adopt").code == 2
    assert stopped.resume("--adopt", "--behind", "c=run").code == 2
    assert stopped.resume("--adopt", "--behind", "new=perhaps").code == 2
    assert stopped.lines() == ["a"]
    result = stopped.resume("--adopt", "--behind", f"new={choice}")
    assert result.code == 0, result
    assert stopped.lines() == effects and stopped.state_of("new") == state


def test_a_new_step_right_before_the_one_that_failed_simply_runs(stopped):
    stopped.write(book(step("a"), step("before_b"), step("b"), step("c")))
    assert stopped.resume("--adopt").code == 0
    assert stopped.lines() == ["a", "before_b", "b", "c"]


def test_what_is_gone_and_had_begun_stays_in_the_record(stopped):
    stopped.write(book(step("c")))
    result = stopped.resume("--adopt")
    assert result.code == 0, result
    assert "removed   `a`: succeeded" in result.err and "removed   `b`: failed" in result.err
    assert stopped.lines() == ["a", "c"]
    shown = {each["id"]: (each["state"], each["section"]) for each in stopped.show()["steps"]}
    assert shown["a"] == ("succeeded", "no longer in the runbook") and shown["b"][0] == "skipped"
    assert shown["c"] == ("succeeded", "")


def test_comments_and_layout_change_nothing(stopped):
    stopped.write("# To be done on Sundays.\n" + stopped.book.read_text())
    assert stopped.resume().code == 1
    assert stopped.show()["deviations"] == []


def test_a_changed_runbook_with_mistakes_is_not_adopted(stopped):
    stopped.write(book(step("a"), "id: b, shel: ls"))
    result = stopped("run", "--resume", stopped.show()["run"], "--non-interactive", "--adopt")
    assert result.code == 2 and "did you mean `shell`" in result.err and "is no valid runbook now" in result.err
    assert stopped.lines() == ["a"]


def test_a_runbook_that_is_gone_is_no_hindrance(stopped):
    stopped.book.unlink()
    run = stopped.show()["run"]
    assert stopped("run", "--resume", run, "--non-interactive").code == 1


def test_order_and_settings_are_told(stopped):
    stopped.write(book(step("a"), step("c"), step("b"), head="env: {MODE: fast}\n"))
    result = stopped.resume()
    assert result.code == 2 and "changed   env, the order of steps" in result.err
    stopped.write(book(step("a"), step("c"), step("b", 'echo $MODE >> \\"$W/effects\\"'), head="env: {MODE: fast}\n"))
    assert stopped.resume("--adopt").code == 0
    assert stopped.lines() == ["a", "c", "fast"]


def test_what_runs_can_not_change(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    old = world.book.read_text()
    world.write(old.replace("echo effect", "echo another"))
    result = world.resume("--adopt")
    assert result.code == 2 and "its end is not known yet" in result.err and "put its text back" in result.err
    world.write(old.replace("echo after", "echo behind"))
    world.open_gate()
    assert world.resume("--adopt").code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "behind"]


def test_what_is_in_doubt_can_not_change_before_it_is_settled(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    assert world.resume().code == 4
    world.write(world.book.read_text().replace("echo effect", "echo another"))
    result = world.resume("--adopt")
    assert result.code == 2 and "it is in doubt" in result.err and "runbook resolve" in result.err
    assert world("resolve", "last", "gated", "retry", "--because", "seen").code == 0
    world.open_gate()
    assert world.resume("--adopt").code == 0
    assert world.lines() == ["another", "after"]


def test_a_manual_step_that_waits_is_asked_anew_with_its_new_words(world):
    world.write("runbook: x\nsteps:\n  - {id: look, manual: Look left}\n")
    assert world.run().code == 3
    world.write("runbook: x\nsteps:\n  - {id: look, manual: Look right}\n")
    assert world.resume("--adopt").code == 3
    question, = world.show()["questions"]
    assert question["form"]["instructions"] == "Look right"
    assert world("confirm", "last", "look").code == 0
    assert world.resume().code == 0


def test_a_new_step_with_the_former_name_of_another_is_asked_about_itself(world):
    world.write(book("id: look, manual: Look left", step("b", FAILS)))
    assert world.run().code == 3
    assert world("confirm", "last", "look").code == 0
    assert world.resume().code == 1
    world.write(book("id: left, was: look, manual: Look left", step("b", "exit 2")))
    assert world.resume("--adopt").code == 1
    world.write(book("id: left, manual: Look left", step("b"), "id: look, manual: Look right", step("c")))
    assert world.resume("--adopt").code == 3
    assert world.resume().code == 3 and world.lines() == ["b"]
    assert world("confirm", "last", "look").code == 0
    assert world.resume().code == 0 and world.lines() == ["b", "c"]


def test_a_manual_step_that_is_gone_is_not_asked_any_more(world):
    world.write("runbook: x\nsteps:\n  - {id: look, manual: Look left}\n  - {id: a, shell: 'true'}\n")
    assert world.run().code == 3
    world.write("runbook: x\nsteps:\n  - {id: a, shell: 'true'}\n")
    assert world.resume("--adopt").code == 0
    assert world.show()["questions"] == []


def test_who_must_approve_is_asked_about_the_runbook_as_it_is_now(world):
    """SUDO_USER makes another account of this one."""
    head = "runbook: x\nsteps:\n"
    guarded = '  - {id: a, shell: "echo a >> \\"$W/effects\\"", requires_approval: {by: [ada]}}\n'
    world.write(head + guarded + "  - {id: b, shell: exit 1}\n")
    assert world.run().code == 3
    first, = world.show()["questions"]
    world.write(head + guarded + "  - {id: b, shell: 'true'}\n")
    assert world.resume("--adopt").code == 3
    second, = world.show()["questions"]
    assert second["question"] != first["question"]
    assert world("confirm", "last", "a", SUDO_USER="ada").code == 0
    assert world.resume().code == 0 and world.lines() == ["a"]


def test_new_inputs_are_wanted_and_old_ones_stay_as_they_were(world):
    head = "inputs: {name: {default: one}}\n"
    world.write(book(step("a"), step("b", FAILS), head=head))
    assert world.run().code == 1
    head = "inputs: {name: {default: two}, zone: {}}\n"
    world.write(book(step("a"), step("b", 'echo $name $zone >> \\"$W/effects\\"'), head=head))
    assert "zone" in world.resume("--adopt").err
    assert "pinned" in world.resume("--adopt", "-i", "name=three", "-i", "zone=z").err
    assert world.resume("--adopt", "-i", "zone=z").code == 0
    assert world.lines() == ["a", "one z"] and world.show()["inputs"] == {"name": "one", "zone": "z"}


def test_sections_keep_what_was_decided_about_them_when_they_move(world):
    skipped = '  - {section: Never, when: "\'a\' == \'b\'", steps: [{id: never, shell: "echo never >> \\"$W/effects\\""}]}\n'
    world.write("runbook: x\nsteps:\n" + skipped + f"  - {{{step('b', FAILS)}}}\n")
    assert world.run().code == 1
    more = skipped.replace("steps: [", "steps: [{id: fresh, shell: \"echo fresh >> \\\"$W/effects\\\"\"}, ")
    world.write("runbook: x\nsteps:\n  - {section: First, when: \"'a' == 'a'\", steps: [{id: early, shell: 'true'}]}\n" + more +
                f"  - {{{step('b')}}}\n")
    result = world.resume("--adopt", "--behind", "early=run")
    assert result.code == 0, result
    assert world.lines() == ["b"] and world.state_of("fresh") == "skipped" and world.state_of("early") == "succeeded"


def test_a_script_that_changes_while_the_run_rests_is_noticed(world):
    script = world.folder / "load.sh"
    script.write_text('#!/bin/sh\nexit 1\n')
    script.chmod(0o755)
    world.write(book(step("a"), 'id: b, exec: [./load.sh]', 'id: c, shell: "./load.sh"'))
    assert world.run().code == 1
    script.write_text('#!/bin/sh\necho loaded >> "$W/effects"\n')
    result = world.resume()
    assert result.code == 2 and f"the file {script} (`b`, `c`)" in result.err and world.lines() == ["a"]
    assert world.resume("--adopt").code == 0
    assert world.lines() == ["a", "loaded", "loaded"]


def test_a_file_that_the_run_itself_writes_is_no_change(world):
    (world.folder / "list").write_text("old\n")
    world.write(book('id: a, shell: "echo new > list"', 'id: b, shell: {script: "cat >> $W/effects; exit 1", stdin: {file: list}}'))
    assert world.run().code == 1
    result = world.resume()
    assert result.code == 1 and world.lines() == ["new", "new"], result
    (world.folder / "list").write_text("edited\n")
    assert world.resume().code == 2


def test_a_file_of_a_step_that_is_done_may_change(world):
    (world.folder / "list").write_text("old\n")
    world.write(book('id: a, shell: {script: cat, stdin: {file: list}}', step("b", FAILS)))
    assert world.run().code == 1
    (world.folder / "list").write_text("new\n")
    assert world.resume().code == 1


def test_at_a_terminal_it_is_asked(stopped):
    stopped.write(book(step("new"), step("a"), step("b"), step("c")))
    child = pexpect.spawn(str(BINARY), ["run", str(stopped.book), "--resume"], env=stopped.env, encoding="utf-8", timeout=300)
    child.expect("Run it now, or leave it out\\?.*\\] ")
    child.sendline("skip")
    child.expect("Type `adopt`: ")
    child.sendline("adopt")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and stopped.lines() == ["a", "b", "c"]


def test_killed_while_it_adopts_the_run_is_as_before_or_has_adopted(stopped):
    """The engine dies right after it took the run: nothing is half adopted."""
    before = stopped.show()["definition_sha256"]
    stopped.write(book(step("a"), step("b"), step("c")))
    for _ in range(20):
        engine = stopped.start("--resume", "--adopt")
        until(lambda: stopped.show()["driver"] or engine.poll() is not None, "the engine")
        engine.kill()
        engine.wait()
        if stopped.show()["definition_sha256"] != before:
            break
    assert stopped.resume("--adopt").code == 0
    assert stopped.lines() == ["a", "b", "c"] and stopped("verify", "last").code == 0


def loop(*steps, title="Each"):
    """A section that goes through a and b; its steps see $x."""
    inside = "".join(f"      - {{{step}}}\n" for step in steps)
    return f"  - section: {title}\n    for_each: \"['a', 'b']\"\n    as: x\n    steps:\n{inside}"


def looped(*parts):
    return "runbook: changing\nsteps:\n" + "".join(part if part.startswith("  -") else f"  - {{{part}}}\n" for part in parts)


def pay(name="pay", keys="", word="paid"):
    return step(name, f'echo {word} ${{x-}} >> \\"$W/effects\\"', keys)


@pytest.fixture
def paid(world):
    """pay[a] and pay[b] are done, last has failed."""
    world.write(looped(loop(pay()), step("last", FAILS)))
    assert world.run().code == 1 and world.lines() == ["paid a", "paid b"]
    return world


def shown_lines(world):
    return {each["instance"]: (each["state"], each["section"]) for each in world.show()["steps"]}


def test_what_a_loop_did_is_not_done_again_under_another_name(paid):
    paid.write(looped(loop(pay("pay_all")), step("last")))
    result = paid.resume("--adopt")
    assert result.code == 2 and "removed   `pay`: succeeded" in result.err, result
    assert "it does what `pay` did, which is gone; if it is the same step, say `was: pay`" in result.err
    assert paid.resume("--adopt", "--behind", "pay_all=skip").code == 0
    assert paid.lines() == ["paid a", "paid b", "last"]
    shown = shown_lines(paid)
    assert shown["pay[a]"] == shown["pay[b]"] == ("succeeded", "no longer in the runbook")
    assert shown["pay_all[a]"][0] == shown["pay_all[b]"][0] == "skipped"


def test_what_a_loop_did_is_known_again_with_was(paid):
    paid.write(looped(loop(pay("pay_all", ", was: pay"), title="For each"), step("last")))
    result = paid.resume("--adopt")
    assert result.code == 0 and "`pay_all`, which was `pay`" in result.err, result
    assert paid.lines() == ["paid a", "paid b", "last"]


def test_what_a_loop_has_begun_to_do_can_not_change(paid):
    paid.write(looped(loop(pay(word="paid twice")), step("last")))
    result = paid.resume("--adopt")
    assert result.code == 2 and "`pay[a]` is done, and did what the old text says" in result.err, result
    assert paid.lines() == ["paid a", "paid b"]


@pytest.mark.parametrize("before, now", [(pay(), loop(pay())), (loop(pay()), pay()),
                                         (loop(pay(), step("other", "true")), loop(step("other", "true")) + loop(pay(), title="Own"))])
def test_what_was_done_is_not_lost_by_a_loop_around_it_that_comes_or_goes(world, before, now):
    world.write(looped(before, step("last", FAILS)))
    assert world.run().code == 1
    done = world.lines()
    world.write(looped(now, step("last")))
    result = world.resume("--adopt")
    assert result.code == 2 and "the change of `pay` can't be adopted: it stands in another loop than before" in result.err, result
    assert "put it back where it stood; or give it another `id`" in result.err
    assert world.lines() == done
    world.write(looped(before, step("last")))
    assert world.resume("--adopt").code == 0 and world.lines() == [*done, "last"]


@pytest.mark.parametrize("now", [loop(pay(word="paid otherwise")), loop(pay("pay_all")), step("pay", "true"), ""])
def test_what_a_loop_left_in_doubt_is_settled_before_anything_changes(world, now):
    hangs = 'echo begun $x >> \\"$W/begun\\"; test $x = a || while sleep 0.1; do :; done'
    world.write(looped(loop(step("pay", hangs)), step("last")))
    engine = world.start()
    until(lambda: world.lines("begun") == ["begun a", "begun b"], "the second item to begin")
    engine.kill()
    engine.wait()
    world.write(looped(*filter(None, [now]), step("last")))
    running = world.resume("--adopt")
    assert running.code == 2 and "`pay[b]` has begun, and its end is not known yet" in running.err, running
    processes = world.step_processes()
    kill(world.supervisor())
    kill(*processes)
    world.write(looped(loop(step("pay", hangs)), step("last")))
    assert world.resume().code == 4
    world.write(looped(*filter(None, [now]), step("last")))
    doubtful = world.resume("--adopt")
    assert doubtful.code == 2 and "`pay[b]` is in doubt" in doubtful.err and "runbook resolve" in doubtful.err, doubtful
    assert world.lines("begun") == ["begun a", "begun b"] and world.lines() == []


def test_an_undo_names_what_stays_as_its_step_is_gone(world):
    undo = ', undo: {shell: "echo back ${x-} >> \\"$W/effects\\""}'
    world.write(looped(loop(pay(keys=undo)), step("once", keys=undo), step("kept", keys=undo), step("last", FAILS)))
    assert world.run().code == 1
    world.write(looped(step("kept", keys=undo), step("last", FAILS)))
    assert world.resume("--adopt").code == 1
    plan = world("undo", "last", "--plan").out
    assert "  stays          once  Do once\n                 it is no longer in the runbook\n" in plan, plan
    assert "  stays          pay[b]  Do pay\n                 it is no longer in the runbook\n" in plan
    gone = [each for each in json.loads(world("undo", "last", "--plan", "--json").out)["steps"] if each["why_not"]]
    assert {each["step"] for each in gone if "no longer" in each["why_not"]} == {"once", "pay[a]", "pay[b]"}
    result = world("undo", "last")
    assert result.code == 0, result
    assert "is undone: all but `once`, `pay[b]`, `pay[a]`, which are no longer in the runbook" in result.err
    assert world.lines()[-1] == "back" and world("verify", "last").code == 0
