"""What `runbook verify` says of a journal that somebody changed: `broken at n`, exit 6 and a sentence, never "consistent"."""

import json
import random
import shutil
import sqlite3

import pytest

from seeds import EXHAUST
from test_storage import BOOK, SEED, done_with, fast_folder
from world import World

# Per column: how its rows are chosen; what is text.
COLUMNS = [("events", "text"), ("events", "hash"), ("events", "epoch"), ("blobs", "digest"), ("blobs", "run"), ("blobs", "salt"),
           ("blobs", "bytes"), ("runs", "runbook"), ("runs", "title"), ("runs", "file"), ("runs", "state"), ("runs", "began_at_ms"),
           ("runs", "ended_at_ms"), ("runs", "epoch"), ("runs", "seq"), ("runs", "hash"), ("register", "run"), ("register", "kind"),
           ("register", "run_seq"), ("register", "run_hash"), ("register", "at_ms"), ("register", "hash")]


@pytest.fixture(scope="module")
def finished():
    made = World(fast_folder())
    (made.folder / "kept").mkdir()
    made.write(BOOK)
    assert made.run().code == 0
    yield made
    done_with(made)


@pytest.fixture
def copy(finished):
    made = World(fast_folder())
    shutil.copytree(finished.folder, made.folder, dirs_exist_ok=True)
    yield made
    done_with(made)


def forge(path, *changes):
    """With the triggers taken out and put back exactly as they were."""
    with sqlite3.connect(path) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for change in changes:
            database.execute(*change) if isinstance(change, tuple) else database.execute(change)
        for _, sql in triggers:
            database.execute(sql)
    database.close()


def cells(path, table, column):
    with sqlite3.connect(path) as database:
        key = "digest" if table == "blobs" else "rowid"
        rows = database.execute(f"SELECT {key}, {column} FROM {table} WHERE length({column}) > 0").fetchall()
    database.close()
    return [(key, *row) for row in rows]


def changed(value, rng):
    if isinstance(value, int):
        return value + 1
    whole = bytearray(value.encode() if isinstance(value, str) else value)
    whole[rng.randrange(len(whole))] ^= 1
    return whole.decode(errors="surrogateescape") if isinstance(value, str) else bytes(whole)


def require_broken(made, note):
    result = made("verify", "last")
    assert result.code == 6, (note, result)
    assert "is broken at " in result.out or "damaged" in result.err, (note, result)
    assert "consistent" not in result.out, (note, result)
    return result


@pytest.mark.parametrize("table, column", COLUMNS)
def test_a_changed_byte_in_any_column_is_broken(copy, table, column):
    rng = random.Random(SEED)
    whole = copy.journal.read_bytes()
    found = cells(copy.journal, table, column)
    for key, row, value in found if EXHAUST else rng.sample(found, min(2, len(found))):
        forge(copy.journal, (f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (changed(value, rng), row)))
        require_broken(copy, f"RUNBOOK_TEST_SEED={SEED} {table}.{column} of {row}")
        copy.journal.write_bytes(whole)
    assert copy("verify", "last").code == 0


@pytest.mark.parametrize("said, change", [
    ("was deleted", "DELETE FROM blobs WHERE digest = (SELECT min(digest) FROM blobs)"),
    ("are missing", "DELETE FROM events WHERE seq BETWEEN 4 AND 5"),
    ("swapped", "UPDATE events SET text = (SELECT text FROM events AS other WHERE other.seq = 8 - events.seq) WHERE seq IN (3, 5)"),
    ("a run", "DELETE FROM runs"),
    ("the register", "DELETE FROM register WHERE n = 1"),
])
def test_what_is_deleted_or_swapped_is_broken(copy, said, change):
    forge(copy.journal, change)
    result = copy("verify", copy.run_folder().name)
    assert result.code == 6 and "consistent" not in result.out, (said, result)


def cut_off(made, count):
    """The last events, and with them the row and the register: as if they had never been."""
    with sqlite3.connect(made.journal) as database:
        last = database.execute("SELECT max(seq) FROM events").fetchone()[0] - count
    database.close()
    forge(made.journal, f"DELETE FROM events WHERE seq > {last}", "DELETE FROM register WHERE kind = 'left'",
          f"UPDATE runs SET seq = {last}, state = 'running', ended_at_ms = 0, hash = (SELECT lower(hex(hash)) FROM events WHERE seq = {last})")
    return last


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_end_that_was_cut_off_with_all_that_tells_of_it_is_found_by_the_head(copy, count):
    last = cut_off(copy, count)
    result = require_broken(copy, count)
    assert f"is broken at {last + 1}: the journal ends at event {last}" in result.out and "lost" in result.out, result
    answer = json.loads(copy("verify", "last", "--json").out)
    assert answer["verdict"] == "broken" and answer["broken_at"] == last + 1
    before = copy.lines()
    assert copy.resume().code == 6 and copy.lines() == before


def test_an_end_that_was_cut_off_is_found_by_the_supervisors_log_too(copy):
    (copy.run_folder() / "head").unlink()
    last = cut_off(copy, 5)
    result = require_broken(copy, "the log")
    assert f"is broken at {last + 1}: " in result.out and "the supervisor's log tells" in result.out, result
    before = copy.lines()
    refused = copy.resume()
    assert refused.code == 6 and "the supervisor's log tells" in refused.err and copy.lines() == before, refused


def test_flipped_bytes_of_the_file_are_never_called_consistent_where_they_matter(copy):
    rng = random.Random(SEED)
    whole = copy.journal.read_bytes()
    texts = [value.encode() for _, _, value in cells(copy.journal, "events", "text")]
    for text in texts if EXHAUST else rng.sample(texts, 4):
        at = whole.find(text) + rng.randrange(len(text))
        copy.journal.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
        require_broken(copy, f"RUNBOOK_TEST_SEED={SEED} byte {at}")
    for page in range(0, len(whole), 4096):
        copy.journal.write_bytes(whole[:page] + b"\x5a" * 4096 + whole[page + 4096:])
        result = copy("verify", "last")
        assert result.code == 6 and ("damaged" in result.err + result.out or "is broken" in result.out or "no SQLite file" in result.err), (page, result)


def test_a_head_that_was_kept_anchors_what_it_covers(finished):
    said = json.loads(finished("verify", "last", "--json").out)
    assert said["verdict"] == "consistent" and said["anchored_up_to"] is None
    anchored = finished("verify", "last", "--head", said["head"].upper())
    assert anchored.code == 0 and f"is anchored up to event {said['events']} by the head that was kept" in anchored.out
    assert json.loads(finished("verify", "last", "--json", "--head", said["head"]).out)["anchored_up_to"] == said["events"]
    other = finished("verify", "last", "--head", "0" * 64)
    assert other.code == 6 and "no event has the head that was kept" in other.out
    assert finished("verify", "last", "--head", "4711").code == 2
