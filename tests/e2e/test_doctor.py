"""What `doctor` says of a journal, of runs and of this machine."""

import json
import sqlite3

from world import gated, until, world  # noqa: F401  (the fixture)


def findings(world, code):
    result = world("doctor", "--json")
    assert result.code == code, result
    return json.loads(result.out)


def of(found, about):
    return [each for each in found if each["about"].startswith(about)]


def test_where_nothing_has_run_all_is_well(world):
    found = findings(world, 0)
    assert "there is none yet" in of(found, "journal")[0]["text"] and not world.journal.exists()
    assert {each["kind"] for each in found} <= {"ok", "note"}


def test_an_unfinished_run_is_told_with_the_commands_that_go_on(world):
    world.write("runbook: x\nsteps:\n  - {id: a, shell: exit 1}\n")
    assert world.run().code == 1
    run = world.show()["run"]
    remark, = of(findings(world, 0), "run ")
    assert remark["kind"] == "note" and "nobody drives it" in remark["text"]
    assert f"runbook run --resume {run}" in remark["hint"] and f"runbook cancel {run}" in remark["hint"]
    assert world("cancel", "last").code == 0
    assert of(findings(world, 0), "run ") == []


def test_what_still_runs_is_told(world):
    world.write(gated())
    engine = world.start()
    world.until_begun()
    assert any(f"driven by pid {engine.pid}" in each["text"] for each in findings(world, 0))
    engine.kill()
    engine.wait()
    step = (world.run_folder() / "log").read_text().split("\nP ")[1].split()[1]
    texts = [each["text"] for each in findings(world, 0)]
    assert f"step `gated` runs (pid {step})" in texts
    world.open_gate()
    assert world.resume().code == 0


def test_a_journal_that_begins_in_an_empty_file_is_private_and_one_that_is_not_is_told(world):
    world.journal.touch(0o644)
    world.journal.chmod(0o644)
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    files = [path for path in world.folder.glob("journal.db*") if path.is_file()]
    assert len(files) == 3 and {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not any("others may read" in each["text"] for each in findings(world, 0))
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    world.journal.chmod(0o640)
    told, = [each for each in findings(world, 0) if "others may read" in each["text"]]
    assert told["kind"] == "note" and told["hint"] == f"chmod 600 {world.journal}", told
    assert world.run().code == 0 and world.journal.stat().st_mode & 0o777 == 0o640, "it is as somebody chose"


def test_a_record_that_was_changed_is_a_problem(world):
    world.write("runbook: x\nsteps:\n  - {id: a, shell: 'true'}\n")
    assert world.run().code == 0
    with sqlite3.connect(world.journal) as journal:
        journal.execute("UPDATE runs SET title = 'other'")
    problem, = [each for each in findings(world, 6) if each["kind"] == "problem"]
    assert "its record is broken" in problem["text"] and "runbook verify" in problem["hint"]


def test_a_journal_that_is_none_or_newer_is_a_problem_and_stays_as_it_is(world):
    world.journal.write_text("no journal")
    assert "is not" in [each for each in findings(world, 6) if each["kind"] == "problem"][0]["text"]
    assert world.journal.read_text() == "no journal"
    world.journal.unlink()
    world.write("runbook: x\nsteps:\n  - {id: a, shell: 'true'}\n")
    assert world.run().code == 0
    with sqlite3.connect(world.journal) as journal:
        journal.execute("PRAGMA user_version = 99")
    assert any("newer engine" in each["text"] for each in findings(world, 6))


def test_a_journal_that_is_gone_is_a_problem(world):
    world.write("runbook: x\nsteps:\n  - {id: a, shell: exit 1}\n")
    assert world.run().code == 1
    world.journal.unlink()
    for suffix in ("-wal", "-shm"):
        (world.folder / f"journal.db{suffix}").unlink(missing_ok=True)
    problem, = [each for each in findings(world, 6) if each["kind"] == "problem"]
    assert "lost" in problem["text"]


def test_people_read_it_too(world):
    result = world("doctor")
    assert result.code == 0 and "logout:" in result.out and "MB are free" in result.out
