"""What a person does and says: manual steps, at a terminal and from elsewhere."""

import json
import os
import sqlite3
import subprocess

import pytest

from test_terminal import code_of, has_terminals, kill_engine, terminal  # noqa: F401  (the fixture)
from world import BINARY, until, world  # noqa: F401  (the fixture)

needs_terminal = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here")

BOOK = """
runbook: by_hand
inputs: {region: {default: eu-west-1}}
steps:
  - id: group
    title: Create the subnet group
    manual:
      instructions: |
        In the dashboard of ${{ $inputs.region }} choose **Subnet groups**.
        Create one.
      checklist: [Name given, Subnets added, Tags set, Checked twice, Told the others]
      collect:
        name: {description: Name of the group, pattern: "[a-z-]+", example: k-db}
        size: {type: int, default: 3, min: 1}
      evidence: optional
  - id: use
    title: Use it
    exec: [sh, -c, 'echo "$1 $2" >> "$W/effects"', sh, "${{ $steps.group.name }}", "${{ $steps.group.size }}"]
"""

PLAIN = """
runbook: plain
steps:
  - {id: look, title: Look at it, manual: Look at the dashboard.}
  - {id: after, title: Come after it, shell: echo after >> "$W/effects"}
"""


def question(world):
    return world.show()["questions"][0]


def ticked(world):
    return (world.show() or {}).get("questions") and question(world)["ticked"]


def answer(child, prompt, line):
    child.expect_exact(prompt)
    if prompt.startswith("["):
        child.expect_exact("(Ctrl-D pauses): ")  # what comes before the prompt is typed ahead
    child.sendline(line)


def tick_from(child, first):
    for item in range(first, 6):
        answer(child, f"[{item}/5]", "done")


# At a terminal


@needs_terminal
def test_a_person_ticks_chooses_gives_values_and_evidence(world, terminal):
    world.write(BOOK)
    (world.folder / "plan.txt").write_text("the plan")
    child = terminal()
    child.expect_exact("`group` is done by a person: Create the subnet group")
    child.expect_exact("In the dashboard of eu-west-1 choose **Subnet groups**.")
    answer(child, "[1/5] Name given", "")
    answer(child, "[1/5] Name given", "perhaps")
    child.expect_exact("`perhaps` is not one of: done, reject, skip")
    tick_from(child, 1)
    answer(child, "confirm | reject | skip", "yes")
    child.expect_exact("`yes` is not one of: confirm, reject, skip")
    answer(child, "confirm | reject | skip", "confirm")
    answer(child, "name (Name of the group): ", "K 8")
    child.expect_exact("`K 8` does not match the pattern `[a-z-]+`")
    answer(child, "name (Name of the group): ", "k-db")
    answer(child, "size [3]: ", "many")
    child.expect_exact("`many` is not a whole number")
    answer(child, "size [3]: ", "")
    answer(child, "evidence (a note, a file, a URL; Enter for none): ", "./nothing.txt")
    child.expect_exact("is no file that can be read")
    answer(child, "evidence (a note, a file, a URL; Enter for none): ", "plan.txt")
    child.expect("succeeded")
    assert code_of(child) == 0 and world.lines() == ["k-db 3"]
    step = world.step("group")
    assert step["outputs"] == {"name": "k-db", "size": 3}
    evidence, = step["evidence"]
    assert (evidence["file"], evidence["size"]) == ("plan.txt", 8)
    assert b"the plan" in sqlite3.connect(world.journal).execute("SELECT group_concat(bytes) FROM blobs WHERE bytes = ?", (b"the plan",)).fetchone()[0].encode()


@needs_terminal
def test_ctrl_d_and_ctrl_c_pause_and_a_resume_goes_on_at_the_next_item(world, terminal):
    world.write(BOOK)
    child = terminal()
    answer(child, "[1/5]", "done")
    child.expect_exact("[2/5]")
    child.expect_exact("(Ctrl-D pauses): ")     # what comes before the prompt was typed ahead
    child.sendeof()
    child.expect("interrupted")
    assert code_of(child) == 130
    child = terminal("--resume")
    answer(child, "[2/5]", "y")
    child.expect_exact("[3/5]")
    child.expect_exact("(Ctrl-D pauses): ")
    child.sendintr()
    assert code_of(child) == 130
    child = terminal("--resume")
    child.expect_exact("[x] Subnets added")
    tick_from(child, 3)
    answer(child, "confirm | reject | skip", "confirm")
    answer(child, "name (Name of the group): ", "k-db")
    child.expect_exact("size [3]: ")
    child.sendeof()
    assert code_of(child) == 130 and world.state_of("group") == "waiting" and world.lines() == []
    child = terminal("--resume")
    answer(child, "confirm | reject | skip", "confirm")
    answer(child, "name (Name of the group): ", "k-db")
    answer(child, "size [3]: ", "5")
    answer(child, "evidence", "")
    assert code_of(child) == 0 and world.lines() == ["k-db 5"]


@needs_terminal
def test_a_kill_after_the_third_of_five_items_goes_on_at_the_fourth(world, terminal):
    world.write(BOOK)
    child = terminal()
    for item in range(1, 4):
        answer(child, f"[{item}/5]", "done")
    until(lambda: ticked(world) == [0, 1, 2], "three ticks in the journal")
    kill_engine(child)
    assert world.state_of("group") == "waiting"
    child = terminal("--resume")
    child.expect_exact("[4/5]")
    child.expect_exact("(Ctrl-D pauses): ")
    child.sendeof()
    assert code_of(child) == 130
    assert [each["text"] for each in json.loads(world("why", "last", "group", "--json").out)["events"] if each["kind"] == "ticked"] == [
        f"ticked: item {n} of the checklist by {world.show()['operator']}" for n in (1, 2, 3)]


@needs_terminal
@pytest.mark.parametrize("choice, code, state", [("reject", 1, "failed"), ("skip", 0, "skipped")])
def test_a_person_leaves_the_checklist_with_a_reason(world, terminal, choice, code, state):
    world.write(BOOK.replace("${{ $steps.group.name }}", "x").replace("${{ $steps.group.size }}", "y"))
    child = terminal()
    answer(child, "[1/5]", choice)
    answer(child, "why?", "")
    answer(child, "why?", "no room")
    if state == "failed":
        answer(child, "what now?", "quit")
    assert code_of(child) == code
    assert world.state_of("group") == state
    assert "no room" in world("why", "last", "group").out


@needs_terminal
def test_what_was_typed_ahead_confirms_nothing(world, terminal):
    world.write(PLAIN.replace("steps:\n", "steps:\n  - {id: slow, shell: 'until [ -e \"$W/gate\" ]; do sleep 0.02; done'}\n"))
    child = terminal()
    until(lambda: world.state_of("slow") == "running", "the first step")
    child.sendline("confirm")
    world.open_gate()
    child.expect_exact("confirm | reject | skip")
    child.sendline("no")
    child.expect_exact("`no` is not one of")
    child.expect_exact("(Ctrl-D pauses): ")
    child.sendeof()
    assert code_of(child) == 130 and world.lines() == []


@needs_terminal
def test_steps_that_follow_each_other_are_each_asked(world, terminal):
    ids = [f"s{n}" for n in range(8)]
    world.write("runbook: many\nsteps:\n" + "".join(f"  - {{id: {id}, manual: Look at {id}.}}\n" for id in ids))
    child = terminal()
    for id in ids:
        child.expect_exact(f"Look at {id}.")
        answer(child, "confirm | reject | skip", "confirm")
    assert code_of(child) == 0


@needs_terminal
def test_a_confirmation_from_elsewhere_ends_the_question_here(world, terminal):
    world.write(BOOK)
    child = terminal()
    answer(child, "[1/5]", "done")
    child.expect_exact("[2/5]")
    given = world("confirm", "last", "group", "--set", "name=elsewhere")
    assert given.code == 0 and "takes it up" in given.out, given
    child.expect("succeeded")
    assert code_of(child) == 0 and world.lines() == ["elsewhere 3"]


# From elsewhere


def test_without_a_terminal_it_says_what_it_waits_for_and_what_answers(world):
    world.write(BOOK)
    result = world.run()
    assert result.code == 3
    run = world.show()["run"]
    assert "waits for a person: `group` is done by a person: Create the subnet group" in result.err
    assert "    In the dashboard of eu-west-1 choose **Subnet groups**.\n    Create one.\n" in result.err
    assert "    [ ] Told the others\n" in result.err
    assert f"runbook confirm {run} group --set name=k-db\n" in result.err
    assert world.state_of("group") == "waiting" and world.show()["state"] == "waiting"
    assert world.resume().code == 3
    pasted = next(line for line in result.err.split("\n") if "runbook confirm" in line).split("runbook ")[1].split()
    given = world(*pasted)
    assert given.code == 0 and f"go on: runbook run --resume {run}" in given.out, given
    assert world.resume().code == 0 and world.lines() == ["k-db 3"]
    assert world("verify", "last").code == 0


def test_values_that_do_not_fit_are_refused_with_the_words_of_inputs(world):
    world.write(BOOK)
    world.run()
    result = world("confirm", "last", "group", "--set", "nam=x", "--set", "size=0")
    assert result.code == 2
    for words in ["this step does not collect `nam`", "did you mean `name`?", "`name` is missing (Name of the group)", "`size`: `0` is less than 1"]:
        assert words in result.err
    assert world("confirm", "last", "group", "--set", "name=K8").err.startswith("runbook: `name`: `K8` does not match the pattern")
    assert question(world)["ticked"] == []


def test_evidence_is_kept_up_to_a_limit_and_beyond_it_named_by_its_digest(world):
    world.write(PLAIN.replace("manual: Look at the dashboard.", "manual: {instructions: Look, evidence: required}"))
    world.run()
    assert "this step wants evidence" in world("confirm", "last", "look").err
    small, large = world.folder / "small.bin", world.folder / "large.bin"
    small.write_bytes(bytes(range(256)) * 4096)
    large.write_bytes(small.read_bytes() + b"x")
    assert world("confirm", "last", "look", "--attach", world.folder / "none").code == 2
    given = world("confirm", "last", "look", "--note", "seen", "--attach", small, "--attach", large, "--attach", "https://example.org/x")
    assert given.code == 0, given
    kinds = [sorted(each)[0] for each in world.step("look")["evidence"]]
    assert kinds == ["note", "file", "file", "url"]
    sizes = [size for size, in sqlite3.connect(world.journal).execute("SELECT length(bytes) FROM blobs")]
    assert 1 << 20 in sizes and (1 << 20) + 1 not in sizes
    assert "note: seen" in world("show", "last").out and "url: https://example.org/x" in world("show", "last").out


def test_a_rejected_step_stops_the_run_and_is_asked_anew(world):
    world.write(PLAIN)
    world.run()
    assert world("reject", "last", "look").code == 2
    assert world("reject", "last", "look", "--because", "it is red").code == 0
    assert world.state_of("look") == "failed" and world.show()["state"] == "failed"
    assert "was answered" not in world("confirm", "last", "look").err
    assert "answered first: reject" in world("confirm", "last", "look").err
    assert world.resume().code == 3
    assert world("confirm", "last", "look").code == 0
    assert world.resume().code == 0 and world.lines() == ["after"]


def test_to_skip_a_manual_step_answers_its_question(world):
    world.write(PLAIN)
    engine = world.start()
    assert engine.wait(timeout=300) == 3
    assert world("skip", "last", "look", "--because", "not today").code == 0
    assert "answered first: skip" in world("confirm", "last", "look").err
    assert world.resume().code == 0 and world.lines() == ["after"]
    deviation, = world.show()["deviations"]
    assert deviation["because"] == "not today"


def test_what_can_not_be_answered_says_why(world):
    world.write(PLAIN.replace("steps:\n", "steps:\n  - {id: first, shell: exit 1}\n"))
    world.run()
    assert "`look` is pending: nobody has been asked about it" in world("confirm", "last", "look").err
    assert "`first` is no manual step and requires no approval: there is nothing to confirm" in world("confirm", "last", "first").err
    assert "did you mean `look`?" in world("confirm", "last", "lok").err
    world("cancel", "last")
    assert world("confirm", "last", "look").code == 2


def test_of_two_confirmations_at_the_same_moment_one_counts_and_the_other_is_told(world):
    ids = [f"s{n}" for n in range(20)]
    world.write("runbook: many\nsteps:\n" + "".join(f"  - {{id: {id}, manual: {{instructions: Look, collect: {{by: {{}}}}}}}}\n" for id in ids))
    for id in ids:
        assert world.resume().code == 3 if id != "s0" else world.run().code == 3
        racers = [subprocess.Popen([BINARY, "confirm", "last", id, "--set", f"by={name}"], env=world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                  for name in ("one", "two")]
        said = [racer.communicate(timeout=300) for racer in racers]
        codes = [racer.returncode for racer in racers]
        assert sorted(codes) == [0, 2], said
        assert "answered first: confirm" in said[codes.index(2)][1]
        assert world.step(id)["outputs"] == {"by": ("one", "two")[codes.index(0)]}
    assert world.resume().code == 0
    assert world("verify", "last").code == 0


@needs_terminal
def test_a_confirmation_races_with_the_terminal_and_one_counts(world, terminal):
    world.write(PLAIN.replace("manual: Look at the dashboard.", "manual: {instructions: Look, collect: {by: {}}}"))
    for _ in range(10):
        child = terminal()
        until(lambda: child.expect(["Type `new`: ", r"confirm \| reject \| skip"]) == 1 or child.sendline("new") < 0, "the question")
        child.sendline("confirm")
        child.expect_exact("by: ")
        racer = subprocess.Popen([BINARY, "confirm", "last", "look", "--set", "by=other"], env=world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        child.sendline("terminal")
        out, err = racer.communicate(timeout=300)
        assert code_of(child) == 0
        winner = world.step("look")["outputs"]["by"]
        assert (racer.returncode, winner) in [(0, "other"), (2, "terminal")], (out, err)


def test_an_answer_to_an_engine_that_was_killed_is_taken_up_at_resume(world):
    world.write(PLAIN)
    world.run()
    run = world.show()["run"]
    journal = sqlite3.connect(world.journal)
    journal.execute("INSERT INTO answers VALUES(?, ?, 'confirm', 'bob', '', 1, '{\"outputs\":{}}')", (run, question(world)["question"]))
    journal.commit()
    journal.close()
    assert "bob answered first: confirm" in world("confirm", "last", "look").err
    assert world.resume().code == 0 and world.step("look")["answered_by"] == "bob" and world.lines() == ["after"]


BESIDE = """
runbook: beside
steps:
  - section: Both
    parallel:
      - section: Asked
        steps:
          - {asks}
          - {{id: after, shell: echo after >> "$W/effects"}}
      - {{id: slow, shell: 'until test -e "$W/gate"; do sleep 0.01; done'}}
"""


@pytest.mark.parametrize("asks, state, answer", [
    ("{id: it, manual: Look at the dashboard.}", "waiting", ["confirm", "last", "it"]),
    ("{id: it, shell: sleep 600, timeout: 10ms, on_timeout: kill}", "in_doubt", ["resolve", "last", "it", "done", "--because", "seen"]),
], ids=["confirm", "resolve"])
def test_an_engine_without_a_terminal_takes_up_an_answer_while_another_branch_runs(world, asks, state, answer):
    world.write(BESIDE.format(asks=asks))
    run = world.start()
    until(lambda: world.state_of("it") == state and world.show()["questions"], "the question")
    assert world(*answer).code == 0
    until(lambda: world.lines() == ["after"], "what comes after the answer")
    assert run.poll() is None and world.state_of("slow") == "running"
    world.open_gate()
    assert run.wait() == 0


@needs_terminal
def test_an_answer_that_comes_after_the_kill_counts(world, terminal):
    world.write(PLAIN)
    child = terminal()
    child.expect_exact("confirm | reject | skip")
    kill_engine(child)
    assert world.show()["driver"] is None
    assert world("confirm", "last", "look").code == 0
    assert world.resume().code == 0 and world.lines() == ["after"]


def test_json_completion_and_help(world):
    world.write(PLAIN)
    world.run()
    assert "confirm" in world("complete", "--", "con").out
    assert "look" in world("complete", "--", "confirm", "last", "").out
    assert "--set NAME=VALUE" in world("confirm", "--help").out
    shown = json.loads(world("confirm", "last", "look", "--json").out)
    assert shown["steps"][0]["state"] == "succeeded"
    plan = json.loads(world("plan", world.book, "--json").out)
    assert plan["steps"][0]["params"]["instructions"] == "Look at the dashboard."
