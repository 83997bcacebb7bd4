"""Files that steps read are pinned when the run begins: one that somebody changes before its step is a question, not a surprise."""

import pytest

from test_terminal import code_of, has_terminals, terminal  # noqa: F401  (the fixture)
from world import until, world  # noqa: F401

needs_terminal = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here")

BOOK = """
runbook: files
steps:
  - id: gate
    shell: touch "$W/waits"; until [ -e "$W/gate" ]; do sleep 0.02; done
    effect: read
  - id: load
    exec: {argv: [sh, -c, 'cat >> "$W/effects"'], stdin: {file: data.txt}}
"""


def until_the_gate(world):
    until(lambda: (world.folder / "waits").exists(), "the gate")


def run_to_the_gate(world, text=BOOK, *words):
    world.write(text)
    run = world.start(*words)
    until_the_gate(world)
    return run


def go_on(world, run):
    world.open_gate()
    return run.wait(60)


def write_script(world, name, effect, code=0):
    script = world.folder / name
    script.write_text(f"#!/bin/sh\necho {effect} >> $W/effects\nexit {code}\n")
    script.chmod(0o755)


def deviations(world):
    return [(each["what"], each["because"]) for each in world.show()["deviations"]]


@pytest.fixture
def data(world):
    path = world.folder / "data.txt"
    path.write_text("as reviewed\n")
    return path


def test_a_file_that_changed_before_its_step_is_a_question_and_can_be_taken(world, data):
    run = run_to_the_gate(world)
    data.write_text("changed\n")
    assert go_on(world, run) == 3
    said = run.log.read_text()
    assert f"`load` reads what is not what it was when the run began: {data} has changed" in said
    assert "runbook confirm" in said and "runbook reject" in said and world.lines() == []
    assert world("confirm", "last", "load", "--note", "the fix of today").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["changed"]
    assert deviations(world) == [(f"took a changed file: {data} has changed", "the fix of today")]


def test_who_stops_there_is_asked_anew_and_nothing_ran(world, data):
    run = run_to_the_gate(world)
    data.write_text("changed\n")
    assert go_on(world, run) == 3
    assert world("reject", "last", "load", "--because", "not reviewed").code == 0
    assert world.state_of("load") == "failed" and world.step("load")["attempts"] == 0
    assert world.resume().code != 0 and world.lines() == []
    data.write_text("as reviewed\n")
    assert world.resume().code == 0
    assert world.lines() == ["as reviewed"]


def test_what_was_put_back_is_no_question_any_more(world, data):
    run = run_to_the_gate(world)
    data.write_text("changed\n")
    assert go_on(world, run) == 3
    data.write_text("as reviewed\n")
    assert world.resume().code == 0
    assert world.lines() == ["as reviewed"] and deviations(world) == []


def test_a_file_that_is_gone_is_a_question(world, data):
    run = run_to_the_gate(world)
    data.unlink()
    assert go_on(world, run) == 3
    assert f"{data} is gone" in run.log.read_text()
    data.write_text("as reviewed\n")
    assert world.resume().code == 0


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_file_that_was_only_touched_is_none(world, data, size):
    data.write_text("x" * size + "\n")
    run = run_to_the_gate(world)
    data.write_text("x" * size + "\n")
    assert go_on(world, run) == 0
    assert world.lines() == ["x" * size]


def test_a_change_of_the_same_size_is_seen_also_in_a_large_file(world, data):
    data.write_text("x" * 200_000 + "\n")
    run = run_to_the_gate(world)
    data.write_text("y" * 200_000 + "\n")
    assert go_on(world, run) == 3
    assert world("cancel", "last").code == 0


def test_what_an_earlier_step_writes_is_taken(world, data):
    world.write("""
runbook: files
steps:
  - {id: render, shell: 'echo rendered > data.txt'}
  - id: load
    exec: {argv: [sh, -c, 'cat >> "$W/effects"'], stdin: {file: data.txt}}
""")
    assert world.run().code == 0
    assert world.lines() == ["rendered"] and deviations(world) == []


GATE = BOOK.split("  - id: load")[0]
DEPLOY = GATE + "  - {id: deploy, shell: ./deploy.sh}\n"
WIPE = GATE + "  - {id: wipe, title: Wipe it, effect: irreversible, shell: ./wipe.sh}\n"


def test_a_script_that_changed_is_a_question(world):
    write_script(world, "deploy.sh", "old")
    run = run_to_the_gate(world, DEPLOY)
    write_script(world, "deploy.sh", "new")
    assert go_on(world, run) == 3 and world.lines() == []
    assert world("confirm", "last", "deploy").code == 0
    assert world.resume().code == 0 and world.lines() == ["new"]


@needs_terminal
def test_an_answer_is_for_the_version_that_it_was_given_for(world, terminal):
    write_script(world, "deploy.sh", "first")
    run = run_to_the_gate(world, DEPLOY)
    write_script(world, "deploy.sh", "second", code=1)
    assert go_on(world, run) == 3
    assert world("confirm", "last", "deploy", "--note", "reviewed").code == 0
    assert world.resume().code == 1
    assert world("redo", "last", "gate", "--because", "once more").code == 0
    for name in ["gate", "waits"]:
        (world.folder / name).unlink()
    child = terminal("--resume")
    until_the_gate(world)
    write_script(world, "deploy.sh", "third")
    world.open_gate()
    child.expect_exact("Ctrl-D pauses")
    child.sendeof()
    assert code_of(child) == 130 and world.lines() == ["second"]


@pytest.fixture
def approved(world):
    """By its phrase, and stopped before it began by the question about its script."""
    write_script(world, "wipe.sh", "first")
    write_script(world, "other.sh", "other")
    run = run_to_the_gate(world, WIPE, "--approve", "wipe=Wipe it")
    write_script(world, "wipe.sh", "second")
    assert go_on(world, run) == 3
    return world


def test_a_phrase_holds_for_a_file_that_was_taken(approved):
    assert approved("confirm", "last", "wipe").code == 0
    assert approved.resume().code == 0 and approved.lines() == ["second"]


def test_a_phrase_does_not_hold_for_another_deed(approved):
    approved.write(WIPE.replace("./wipe.sh", "./other.sh"))
    result = approved.resume("--adopt")
    assert result.code == 3 and approved.lines() == []
    assert "`wipe` can't be undone" in result.err and "type: Wipe it" in result.err
    assert approved.resume("--approve", "wipe=Wipe it").code == 0 and approved.lines() == ["other"]


def test_a_phrase_does_not_hold_for_a_file_that_was_adopted(approved):
    assert approved.resume("--adopt").code == 3 and approved.lines() == []
    assert approved.resume("--approve", "wipe=Wipe it").code == 0 and approved.lines() == ["second"]
