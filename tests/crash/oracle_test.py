#!/usr/bin/python3
"""What the oracle says of a step that must not run twice, and that was killed behind its effect and begun anew, as its `retry` says: of what
really happened, and of journals and effects that were made wrong by hand."""

import dataclasses
import json
import sqlite3
import sys

import pytest

import fault
import oracle
from books import EFFECTS, effect
from drivers import Race

TRIES = EFFECTS.tries
TEXT = f"""
runbook: killed
steps:
  - id: first_fails
    title: Be killed behind its effect
    shell: |
      {effect("first_fails")}
      until [ -e "$W/gate" ]; do sleep 0.01; done
    retry: {{attempts: {TRIES["first_fails"]}, delay: 10ms}}
"""


def killed_run(folder, kills):
    """It has ended well, after so many kills."""
    race = Race(EFFECTS, folder, TEXT)
    engine = race.begin(["run", "book.yaml", "--non-interactive"])
    for count in range(1, kills + 1):
        race.until(lambda count=count: len(race.world.lines()) == count, f"effect {count}")
        for pid in race.living():
            if any(word.startswith("RUNBOOK_ATTEMPT=") for word in fault.environment_of(pid)):
                race.kill_child(pid)
    (folder / "gate").touch()
    assert race.ended(engine) == 0
    race.judge()
    return race


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    return killed_run(tmp_path_factory.mktemp("once"), 1)


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    return killed_run(tmp_path_factory.mktemp("twice"), 2)


def judged(race, journal=None, lines=None, killed=None, tries=TRIES):
    journal, lines = journal or race.world.journal, lines or race.world.lines()
    spared = oracle.spared_effects(journal, lines, race.killed_attempts() if killed is None else killed, tries)
    return oracle.judge(journal, lines, spared)


def journal_of(race, folder, change):
    """Another journal, as far as the oracle reads one, with what change(events) returns."""
    runs, rows = oracle.rows(race.world.journal)
    database = sqlite3.connect(folder / "journal.db")
    database.execute("CREATE TABLE runs (n, run, state, ended_at_ms)")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, epoch, text)")
    database.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", runs)
    for n, known in rows.items():
        events = enumerate(change([event for _, _, event in known]), 1)
        database.executemany("INSERT INTO events VALUES (?, 1, ?)", ((n << 32 | seq, json.dumps(event)) for seq, event in events))
    database.commit()
    database.close()
    return folder / "journal.db"


def end_of_first(events):
    """Where the end of the attempt that was killed stands."""
    return next(place for place, event in enumerate(events) if event["kind"] == "ended")


def test_what_was_killed_behind_its_effect_and_begun_anew_is_well(once, twice):
    for race, kills in ((once, 1), (twice, 2)):
        assert len(race.world.lines()) == kills + 1
        assert race.told.wrong == judged(race) == []
        assert race.told.end.effects == {"first_fails": 1}


def test_what_nobody_killed_is_wrong(once):
    run, = (record.run for record in oracle.read(once.world.journal))
    assert once.killed_attempts() == {(run, 1)}
    for killed in (set(), {(run, 2)}, {("another", 1)}):
        assert judged(once, killed=killed) == [f"2 effects of first_fails (once) in its group 1 of run {run}"]


def test_one_kill_spares_one_effect(once, twice):
    first, second = once.world.lines()
    for lines in ([first, first, second], [first, second, second], [first, first]):
        assert "effects of first_fails (once)" in " ".join(judged(once, lines=lines)), lines
    run, = (record.run for record in oracle.read(twice.world.journal))
    assert "2 effects" in " ".join(judged(twice, killed={(run, 1)}))
    assert "2 effects" in " ".join(judged(twice, killed={(run, 2)}))


def test_an_effect_without_an_attempt_is_wrong(once):
    first, second = once.world.lines()
    assert "holds no intent" in " ".join(judged(once, lines=[first, second, second.replace("/2", "/3")]))


def test_more_retries_than_the_runbook_lets_are_wrong(once, twice):
    assert "2 effects" in " ".join(judged(once, tries={}))
    assert "2 effects" in " ".join(judged(once, tries={"first_fails": 1}))
    assert judged(once, tries={"first_fails": 2}) == []
    assert "2 effects" in " ".join(judged(twice, tries={"first_fails": 2}))


@pytest.mark.parametrize("edit", [lambda body: body.update(why="it exited with 1"), lambda body: body.pop("retry_at_ms"),
                                  lambda body: body.update(result="succeeded"), lambda body: body.update(result="in_doubt")],
                         ids=["another end", "no retry", "success", "doubt"])
def test_another_end_than_the_kill_is_wrong(once, tmp_path, edit):
    def edited(events):
        edit(events[end_of_first(events)]["body"])
        return events
    assert "2 effects" in " ".join(judged(once, journal_of(once, tmp_path, edited)))


def test_what_a_person_begins_anew_or_nobody_spares_nothing(once, tmp_path):
    def renewed(events):
        after = end_of_first(events) + 1
        return [*events[:after], {"kind": "renewed", "instance": "first_fails", "body": {}}, *events[after:]]
    changes = {"as it was": (lambda events: events, 1), "a person": (renewed, 0), "nobody": (lambda events: events[:end_of_first(events) + 1], 0)}
    for name, (change, count) in changes.items():
        (tmp_path / name).mkdir()
        journal = journal_of(once, tmp_path / name, change)
        assert len(oracle.spared_effects(journal, once.world.lines(), once.killed_attempts(), TRIES)) == count, name


@pytest.mark.parametrize("count", [0, 2])
def test_another_count_than_that_of_an_unbroken_run_is_wrong(once, count):
    told = fault.Told(once.case, end=dataclasses.replace(once.told.end, effects={"first_fails": count}))
    fault.compare(told, ({"first_fails": "once"}, once.told.end))
    assert told.wrong == [f"{count} effects of first_fails (once), unbroken 1"]


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", __file__]))
