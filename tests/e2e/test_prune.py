"""Runs that were left long ago leave the journal, archived; an archive is looked at by every command and driven by none."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from test_clocks import clock, library  # noqa: F401 (fixtures)
from test_journal_errors import give_to_nobody
from test_storage import done_with, fast_folder
from test_verify import forge
from world import BINARY, World, gated, until, world  # noqa: F401 (a fixture)

DAY = 24 * 3_600_000
BOOK = """
runbook: keeps
steps:
  - id: one
    title: Have an effect
    shell: echo one; echo one >> "$W/effects"
  - id: stop
    title: Stop once
    shell: test -e "$W/gate"
"""


def runs(world, *words):
    return json.loads(world("runs", "--json", *words).out)


def ids(world):
    return [row["run"] for row in runs(world)]


@pytest.fixture
def left(world):
    world.write(BOOK)
    world.open_gate()
    assert world.run().code == 0
    return world


def archive_of(world, run):
    return world.folder / "journal.db.archive" / f"{run}.db"


# Export

LOOKS = [["runs"], ["show", "last"], ["show", "last", "--json"], ["why", "last", "one"], ["logs", "last"], ["verify", "last"],
         ["show", "last", "--definition"]]


def test_an_archive_says_what_the_journal_said(left):
    done = left("export", "last", "--out", "one.db")
    assert done.code == 0 and "verified, head " in done.out, done
    for words in LOOKS:
        here, there = left(*words), left(*words, "--journal", "one.db")
        assert (here.code, here.out) == (there.code, there.out), words
    head = json.loads(left("verify", "last", "--json").out)["head"]
    assert head in done.out
    assert left("verify", "last", "--head", head, "--journal", "one.db").code == 0
    assert oct((left.folder / "one.db").stat().st_mode)[-3:] == "600"
    assert sorted(path.name for path in left.folder.glob("one.db*")) == ["one.db"]


def test_an_archive_is_looked_at_in_a_folder_without_write_access(left):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("setpriv by root is needed to become another user")
    copy = World(fast_folder())
    assert left("export", "last", "--out", copy.folder / "one.db").code == 0
    binary = copy.folder / "runbook"
    shutil.copy(BINARY, binary)
    give_to_nobody(copy)
    os.chown(copy.folder, 0, 0)
    copy.folder.chmod(0o555)
    for words in LOOKS:
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, *words, "--journal", copy.folder / "one.db"],
                              env=left.env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, (words, done)
    assert sorted(path.name for path in copy.folder.iterdir()) == ["one.db", "runbook"]
    done_with(copy)


@pytest.mark.parametrize("words", [
    ["run", "BOOK", "--resume", "--non-interactive"], ["run", "BOOK", "--non-interactive"], ["cancel", "last"], ["skip", "last", "stop", "--because", "x"],
    ["redo", "last", "one", "--because", "x"], ["undo", "last"], ["handoff", "last", "--note", "x"], ["prune", "--keep", "0s"],
])
def test_no_engine_drives_an_archived_run(world, words):
    world.write(BOOK)
    assert world.run().code == 1
    assert world("export", "last", "--out", "one.db").code == 0
    before, bytes_before = world.lines(), (world.folder / "one.db").read_bytes()
    world.open_gate()
    refused = world(*[world.book if word == "BOOK" else word for word in words], "--journal", "one.db")
    assert refused.code == 6 and "is an archive: nothing runs in it" in refused.err and str(world.journal) in refused.err, refused
    assert world.lines() == before and (world.folder / "one.db").read_bytes() == bytes_before
    assert world.resume().code == 0     # the journal it came from


@pytest.mark.parametrize("words, code, said", [
    ([], 2, "--out FILE"),
    (["--out", "taken"], 2, "is there already"),
    (["--out", "none/one.db"], 2, "there is no folder"),
    (["--out", "."], 2, "is there already"),
])
def test_an_export_that_is_asked_wrongly(left, words, code, said):
    (left.folder / "taken").write_text("mine")
    refused = left("export", "last", *words)
    assert refused.code == code and said in refused.err, refused
    assert (left.folder / "taken").read_text() == "mine" and not list(left.folder.glob("*.part"))


def test_a_broken_run_is_not_exported_and_not_pruned(left):
    forge(left.journal, "UPDATE events SET text = replace(text, 'one', 'two') WHERE seq = 2")
    refused = left("export", "last", "--out", "one.db")
    assert refused.code == 6 and "is broken at 2" in refused.err, refused
    assert not (left.folder / "one.db").exists()
    pruned = left("prune", "--keep", "0s")
    assert pruned.code == 1 and "not pruned" in pruned.out and "is broken at 2" in pruned.out, pruned
    assert len(ids(left)) == 1


# Prune

def test_old_runs_go_young_and_unfinished_ones_stay(world, clock):
    world.write(BOOK)
    assert world.run().code == 1
    unfinished = ids(world)[0]
    world.open_gate()
    assert world.run().code == 0
    old = ids(world)[0]
    clock.pass_by(wall=100 * DAY)
    assert world.run().code == 0
    young = ids(world)[0]
    told = world("prune", "--keep", "90d", "--dry-run")
    assert told.code == 0 and f"{old}  keeps: would be pruned" in told.out and len(ids(world)) == 3, told
    done = world("prune", "--keep", "90d")
    assert done.code == 0 and f"{old}  keeps: pruned, succeeded at" in done.out, done
    assert f"{unfinished}  keeps: unfinished (failed), and never pruned" in done.out and young not in done.out
    assert ids(world) == [young, unfinished]
    assert not (world.folder / "journal.db.d" / old).exists()
    gone = world("show", old)
    assert gone.code == 2 and f"run {old} was pruned at" in gone.err and f"--journal {archive_of(world, old)}" in gone.err, gone
    assert world("show", old, "--journal", archive_of(world, old)).code == 0
    for run in (young, unfinished):
        assert world("verify", run).code == 0
    assert world("doctor").code == 0 and "lost" not in world("doctor").out
    assert world("prune", "--keep", "90d", "--json").out.count('"unfinished"') == 1
    assert world.run().code == 0 and world.resume(unfinished).code == 0


def test_pruned_room_is_given_back_and_nothing_of_it_stays_in_the_file(world):
    world.write(BOOK.replace("echo one;", "for i in $(seq 4000); do echo a-line-of-the-pruned-run; done;"))
    world.open_gate()
    assert world.run().code == 0
    size = world.journal.stat().st_size
    assert world("prune", "--keep", "0s").code == 0
    assert world.journal.stat().st_size < size
    for path in world.folder.glob("journal.db*"):
        assert path.is_dir() or b"a-line-of-the-pruned-run" not in path.read_bytes(), path


def test_a_run_that_is_driven_again_is_passed_over(world):
    world.write("""
runbook: undone
steps:
  - id: one
    title: One
    shell: echo one
    undo: {shell: 'touch "$W/begun"; until [ -e "$W/gate" ]; do sleep 0.02; done'}
""")
    assert world.run().code == 0
    undo = world.start_command("undo", "last", "--non-interactive")
    until(lambda: (world.folder / "begun").exists(), "the undo")
    told = world("prune", "--keep", "0s")
    assert told.code == 0 and len(ids(world)) == 1 and ("unfinished" in told.out or "passed over" in told.out), told
    world.open_gate()
    assert undo.wait(timeout=300) == 0
    assert "pruned, undone" in world("prune", "--keep", "0s").out


def test_an_archive_of_another_run_is_not_taken_for_its_own(left):
    run = ids(left)[0]
    assert left.run().code == 0
    archive_of(left, run).parent.mkdir()
    assert left("export", "last", "--out", archive_of(left, run)).code == 0
    done = left("prune", "--keep", "0s")
    assert done.code == 1 and f"is no archive of run {run}" in done.out and run in ids(left), done
    archive_of(left, run).unlink()
    assert left("export", run, "--out", archive_of(left, run)).code == 0      # as a prune that was broken off leaves it
    assert left("prune", "--keep", "0s").code == 0 and ids(left) == []


@pytest.mark.parametrize("wait", [0, 2, 4, 8, 12, 16, 24, 32, 48])
def test_a_prune_that_is_killed_is_finished_by_the_next(left, wait):
    run = ids(left)[0]
    at_work = left.start_command("prune", "--keep", "0s")
    time.sleep(wait / 1000)
    at_work.send_signal(signal.SIGKILL)
    at_work.wait()
    assert run in ids(left) or archive_of(left, run).exists()
    assert left("prune", "--keep", "0s").code == 0
    assert ids(left) == [] and left("verify", "last", "--journal", archive_of(left, run)).code == 0
    assert not (left.folder / "journal.db.d" / run).exists()


def test_without_an_archive_it_wants_a_reason_which_is_kept(left):
    run = ids(left)[0]
    refused = left("prune", "--keep", "0s", "--no-archive")
    assert refused.code == 2 and "--because" in refused.err and ids(left) == [run], refused
    assert left("prune", "--keep", "0s", "--no-archive", "--because", "it held a secret").code == 0
    assert "no archive of it was kept" in left("show", run).err and not archive_of(left, run).exists()
    with sqlite3.connect(left.journal) as database:
        assert database.execute("SELECT because FROM pruned").fetchall() == [("it held a secret",)]
    database.close()


def test_one_run_alone_and_another_folder(left):
    first = ids(left)[0]
    assert left.run().code == 0
    done = left("prune", "--keep", "0s", "--run", first, "--archive", "elsewhere/deep")
    assert done.code == 0 and first not in ids(left) and len(ids(left)) == 1, done
    assert (left.folder / "elsewhere" / "deep" / f"{first}.db").exists()
    kept = left("prune", "--keep", "90d", "--run", "last")
    assert kept.code == 0 and "kept, for it was left at" in kept.out and len(ids(left)) == 1, kept


@pytest.mark.parametrize("words, said", [
    ([], "--keep 90d"), (["--keep", "soon"], "is no duration"), (["--keep", "1d", "--archive", "x", "--no-archive"], "exclude each other"),
    (["--keep", "1d", "--run", "20200101"], "there is no run"),
])
def test_a_prune_that_is_asked_wrongly(left, words, said):
    refused = left("prune", *words)
    assert refused.code == 2 and said in refused.err and len(ids(left)) == 1, refused


def test_it_is_pruned_while_another_run_goes_on(left):
    old = ids(left)[0]
    left.write(gated())
    (left.folder / "gate").unlink()
    engine = left.start()
    until(lambda: left.lines("begun"), "the step")
    assert left("prune", "--keep", "0s").code == 0 and old not in ids(left)
    left.open_gate()
    assert engine.wait(timeout=300) == 0
    assert left("verify", "last").code == 0
