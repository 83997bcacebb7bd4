"""A run is released for somebody else, who learns what there is to know before anything goes on."""

import json
import re
import sqlite3
import subprocess

import pytest

from world import gated, until, world  # noqa: F401  (the fixture)

BOOK = """
runbook: move
title: Move the database
inputs:
  password: {type: secret, from: [{env: DB_PASSWORD}, {command: [pass, show, db]}]}
  unused: {type: secret, from: [{env: OTHER}]}
steps:
  - id: token
    title: Get a token
    shell: echo "token=s3cret-of-now" >> "$RUNBOOK_OUTPUT"
    outputs: {token: {secret: true}}
  - {id: copy, title: Copy the data, shell: test -e "$W/space}
  - section: Every zone
    for_each: [a, b]
    as: zone
    steps:
      - {id: move, title: Move the zone, shell: 'true'}
  - {id: login, title: Log in, shell: 'true', env: {P: "${{ $inputs.password }}", T: "${{ $steps.token.token }}"}}
  - {id: look, title: Look, shell: 'true'}
""".replace('"$W/space}', "$W/space}")

SECRETS = {"DB_PASSWORD": "pass-word-1", "OTHER": "pass-word-2"}


def failed(world):
    world.write(BOOK)
    assert world.run(**SECRETS).code == 1
    return world.show()["run"]


def without_times(text):
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)


def test_whoever_goes_on_sees_note_and_summary_first_and_is_recorded(world):
    run = failed(world)
    who, host = world.show()["operator"], world.show()["host"]
    before = world.show()
    given = world("handoff", "last", "--note", "the disk is full; Bob frees it")
    assert given.code == 0
    summary = without_times(given.out)
    assert re.sub(r"\(\d.*?\)", "(AGO)", summary) == f"""handed off by {who} at TIME: the disk is full; Bob frees it
run {run} of move: Move the database
  state      failed since TIME (AGO)
  began      TIME by {who} on {host}
  done       1 step, at least 4 to come
  stands at  `copy` Copy the data: failed, it exited with 1
             runbook logs {run} copy
  next       `move` Move the zone
             `login` Log in
             `look` Look
  secret     `password`: RUNBOOK_INPUT_PASSWORD, --inputs FILE, DB_PASSWORD, `pass show db`
             `token` of `token`: kept nowhere: runbook redo {run} token has it given anew
  go on      runbook run --resume {run}
"""
    shown = world.show()
    assert (shown["state"], shown["why"]) == (before["state"], before["why"]) and shown["deviations"] == []
    assert shown["handed_off"] | {"at": 0, "event": 0} == {
        "who": who, "note": "the disk is full; Bob frees it", "taken_by": None, "taken_at": None, "at": 0, "event": 0}
    (world.folder / "space").touch()
    env = {"SUDO_USER": "bob", **SECRETS}
    resumed = world.resume(**env)
    told, going = resumed.err.index("handed off by"), resumed.err.index("copy")
    assert told < going and "`password` (is there)" in resumed.err
    assert resumed.err.index("stands at") < resumed.err.index("running")
    assert shown["handed_off"]["event"] == driven(world)["handed_off_seq"] and driven(world)["from"] == who
    taken = world.show()["handed_off"]
    assert taken["taken_by"] and taken["taken_at"]
    assert f"taken up again by {who}" in world("show", "last").out or "taken over by" in world("show", "last").out
    assert "pass-word" not in resumed.err + given.out
    again = world.resume(**env)
    assert "handed off by" not in again.err.split("where it stands")[0]


def driven(world):
    """The last time that an engine took the run."""
    rows = sqlite3.connect(f"file:{world.journal}?mode=ro", uri=True).execute("SELECT text FROM events ORDER BY seq")
    return [body for kind, body in ((json.loads(row[0])["kind"], json.loads(row[0])["body"]) for row in rows) if kind == "driven"][-1]


def test_a_note_is_needed_and_can_come_by_standard_input(world):
    failed(world)
    for words in ([], ["--note", " "]):
        refused = world("handoff", "last", *words)
        assert refused.code == 2 and "--note" in refused.err
    note = world.folder / "note"
    note.write_text("first\nsecond \x1b[31mred\n")
    with open(note) as text:
        assert world("handoff", "last", "--note", "-", stdin=text).code == 0
    shown = world("show", "last").out
    assert "             first\n             second ^[[31mred\n" in shown and "\x1b" not in shown


def test_a_driven_run_is_refused_unless_its_engine_is_ended(world):
    world.write(gated())
    engine = world.start()
    world.until_state("gated", "running")
    refused = world("handoff", "last", "--note", "x")
    assert refused.code == 5 and "pause it there" in refused.err and "--take-over" in refused.err
    given = world("handoff", "last", "--note", "x", "--take-over")
    assert given.code == 0 and "stands at  `gated`" in given.out, given
    assert engine.wait() != 0
    assert [each["what"] for each in world.show()["deviations"]] == ["taken over from a running engine"]
    world.open_gate()
    resumed = world.resume()
    assert resumed.code == 0 and world.lines() == ["effect", "after"]
    assert "handed off by" in resumed.err


def test_the_run_of_a_dead_engine_can_be_handed_off(world):
    world.write(gated())
    engine = world.start()
    world.until_state("gated", "running")
    engine.kill()
    engine.wait()
    until(lambda: world("handoff", "last", "--note", "it died").code == 0, "the lock of the dead engine")
    assert world.show()["state"] == "interrupted" and world.show()["why"] == "its engine has ended"
    world.open_gate()
    assert world.resume().code == 0 and world.lines() == ["effect", "after"]


def test_open_questions_come_with_what_answers_them(world):
    world.write("""
runbook: asks
steps:
  - {id: look, title: Look at it, manual: {instructions: Look., collect: {size: {type: int}}}}
  - {id: drop, title: Drop it, effect: irreversible, shell: 'true'}
""")
    assert world.run().code == 3
    run = world.show()["run"]
    given = world("handoff", "last", "--note", "x", "--journal", world.journal)
    assert f"             runbook confirm {run} look --set size=... --journal {world.journal}\n" in given.out
    assert world("confirm", "last", "look", "--set", "size=3").code == 0
    assert world.resume().code == 3
    assert f"             runbook run --resume {run} --approve drop='Drop it'\n" in world("handoff", "last", "--note", "x").out


def test_a_run_that_was_left_is_not_handed_off(world):
    world.write("runbook: short\nsteps:\n  - {id: a, title: A, shell: 'true'}\n")
    assert world.run().code == 0
    refused = world("handoff", "last", "--note", "x")
    assert refused.code == 2 and "was left as succeeded" in refused.err


def test_verify_holds_and_several_handoffs_stand_in_order(world):
    failed(world)
    for note in ("one", "two"):
        assert world("handoff", "last", "--note", note).code == 0
    assert [each["note"] for each in world.show()["handoffs"]] == ["one", "two"]
    assert world("verify", "last").code == 0
