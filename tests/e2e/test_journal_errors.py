"""A journal that can't be used, by every command that opens one: exit 6, a sentence that names it, a hint that mends it; the file stays as
it was, and nothing runs."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from faults import Fault
from test_storage import done_with, fast_folder
from world import BINARY, World, gated, kill, until, world  # noqa: F401 (a fixture)

BOOK = """
runbook: waits
steps:
  - id: one
    title: Have an effect
    shell: echo one >> "$W/effects"
  - id: sign
    title: Sign it
    manual: Sign the paper
  - id: two
    title: Have another
    shell: echo two >> "$W/effects"
"""
COMMANDS = {
    "run": ["run", "BOOK", "--non-interactive"],
    "resume": ["run", "BOOK", "--resume", "--non-interactive"],
    "runs": ["runs"],
    "show": ["show", "last"],
    "why": ["why", "last", "one"],
    "logs": ["logs", "last"],
    "verify": ["verify", "last"],
    "confirm": ["confirm", "last", "sign"],
    "resolve": ["resolve", "last", "one", "done", "--because", "x"],
    "cancel": ["cancel", "last"],
}
WRITERS = {"run", "resume", "confirm", "resolve", "cancel"}


@pytest.fixture(scope="module")
def paused():
    made = World(fast_folder())
    made.write(BOOK)
    assert made.run().code == 3
    yield made
    done_with(made)


@pytest.fixture
def copy(paused):
    made = World(fast_folder())
    shutil.copytree(paused.folder, made.folder, dirs_exist_ok=True)
    yield made
    done_with(made)


def say(made, name, **env):
    return made(*[str(made.book) if word == "BOOK" else word for word in COMMANDS[name]], **env)


def set_schema(path, version):
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()


def overwrite(path, at, content):
    whole = bytearray(path.read_bytes())
    whole[at:at + len(content)] = content
    path.write_bytes(whole)


def of_another_program(path):
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t(a)")
    database.close()


def in_place(path, make):
    path.unlink()
    make(path)


# What is done to the file; what must be said of it; what the hint must hold.
DAMAGES = {
    "newer schema": (lambda path: set_schema(path, 99), "was written by a newer engine: its schema is 99", "use the newer engine"),
    "older schema": (lambda path: set_schema(path, 1), "its schema is 1", "name another journal"),
    "garbage at the start": (lambda path: overwrite(path, 0, b"garbage" * 600), "is not a journal: it is no SQLite file", "put back the newest"),
    "garbage in the middle": (lambda path: overwrite(path, 4096, b"\x5a" * (path.stat().st_size - 4096)), "damaged", "newest copy"),
    "cut off": (lambda path: os.truncate(path, 4096), "damaged", "newest copy"),
    "not SQLite": (lambda path: path.write_text("this is a text, and a long one\n" * 40), "is not a journal", "name the journal"),
    "another program's": (of_another_program, "it is the SQLite file of another program", "name the journal"),
    "a folder": (lambda path: in_place(path, Path.mkdir), "is not a file", "--journal"),
    "a FIFO": (lambda path: in_place(path, os.mkfifo), "is not a file", "--journal"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_journal_that_is_none_is_refused_by_every_command_and_left_as_it_is(copy, damage, name):
    spoil, said, hinted = DAMAGES[damage]
    spoil(copy.journal)
    before = copy.journal.read_bytes() if copy.journal.is_file() else None
    result = say(copy, name)
    assert result.code == 6, result
    told = result.err if "broken" not in result.out else result.out
    assert said in told and (hinted in told or told is result.out), result
    assert str(copy.journal) in told or told is result.out, result
    assert copy.lines() == ["one"]
    assert before is None or copy.journal.read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
def test_an_empty_journal_where_a_run_is_known_is_a_lost_one(copy, name):
    copy.journal.write_bytes(b"")
    result = say(copy, name)
    assert result.code == 6, result
    assert ("it lacks run" in result.err or "is empty" in result.err) and "hint: " in result.err, result
    assert copy.lines() == ["one"]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WRITERS])
def test_a_journal_that_is_not_there_is_not_made_by_who_only_looks(copy, name):
    copy.journal.unlink()
    result = say(copy, name)
    assert result.code == 6 and "there is no journal" in result.err and "`runbook run` begins one" in result.err, result
    assert not copy.journal.exists()


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_journal_that_is_gone_is_no_new_beginning_while_its_run_is_known(copy, name):
    copy.journal.unlink()
    result = say(copy, name)
    assert result.code == 6 and "it lacks run" in result.err and "put back its newest copy" in result.err, result
    assert copy.lines() == ["one"]


def as_nobody(made, name):
    """Root reads and writes everything."""
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("setpriv by root is needed to become another user")
    # The way to the binary may be closed to others.
    binary = made.folder / "runbook"
    shutil.copy(BINARY, binary)
    words = [str(made.book) if word == "BOOK" else word for word in COMMANDS[name]]
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, *words], env=made.env, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    return done


def give_to_nobody(made):
    for path in [made.folder, *made.folder.rglob("*")]:
        os.chown(path, 65534, 65534)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_journal_can_be_looked_at_and_not_driven(copy, what, name):
    give_to_nobody(copy)
    if what == "folder":
        shutil.chown(copy.folder, 0, 0)
        copy.folder.chmod(0o755)
    else:
        copy.journal.chmod(0o400)
    before = copy.journal.read_bytes()
    done = as_nobody(copy, name)
    if name in WRITERS:
        assert done.returncode == 6, done
        assert "hint: " in done.stderr and "writable" in done.stderr and str(copy.folder) in done.stderr, done
    else:
        assert done.returncode == 0, done
    assert copy.lines() == ["one"] and copy.journal.read_bytes() == before
    for path in (copy.folder, copy.journal):
        path.chmod(0o700)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_network_file_system_is_refused_by_every_command(copy, name):
    result = say(copy, name, **Fault(copy.folder, network=copy.folder).env)
    assert result.code == 6 and "lies on a network or FUSE file system" in result.err and "on a local disk" in result.err, result
    assert copy.lines() == ["one"]


def vanish(made, what):
    target = {"the journal": made.journal, "its -wal": Path(f"{made.journal}-wal"), "its folder": made.folder / "state",
              "the run's folder": made.run_folder()}[what]
    aside = made.folder / "aside"
    target.rename(aside)
    return lambda: (shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True), aside.rename(target))


@pytest.mark.parametrize("what", ["the journal", "its -wal", "its folder", "the run's folder"])
def test_what_vanishes_while_a_run_goes_on_is_missed_and_put_back(world, what):
    (world.folder / "state").mkdir()
    world.journal = world.folder / "state" / "journal.db"
    world.env["RUNBOOK_JOURNAL"] = str(world.journal)
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    put_back = vanish(world, what)
    world.open_gate()
    code = engine.wait(timeout=300)
    said = engine.log.read_text()
    if what == "the run's folder":      # of the files in it only those that are made anew are missed
        assert code == 1 and f"making {world.journal}.d" in said and "try it again" in said, said
    else:
        assert code == 6 and "hint: " in said and str(world.journal) in said, said
    assert world.lines() == ["effect"], "nothing begins that can't be recorded"
    put_back()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]
    assert world("verify", "last").code == 0


@pytest.mark.parametrize("effect", ["once", "read"])
def test_a_step_that_lives_without_its_log_is_waited_for(world, effect):
    world.write(gated(effect=effect))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    kill(engine.pid, world.supervisor())
    engine.wait()
    (world.run_folder() / "log").unlink()
    (world.run_folder() / "head").unlink()
    second = world.start("--resume")
    until(lambda: world.show()["driver"] == second.pid, "the second engine")
    until(lambda: world.supervisors(), "its supervisor")
    assert world.lines("begun") == ["begun"] and world.state_of("gated") == "running"   # nothing is decided while it lives
    world.open_gate()
    code = second.wait(timeout=300)
    assert "effect" in world.lines()
    if effect == "once":
        assert code == 4 and "the supervisor's log is gone" in second.log.read_text()
        assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]


@pytest.mark.parametrize("name", ["lock", "head", "log", "sup.lock", "1.out", "1.spool"])
def test_a_fifo_in_the_way_in_the_folder_of_a_run_holds_nobody_up(copy, name):
    path = copy.run_folder() / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    result = copy("cancel", "last")
    assert result.code in (0, 6), result
    assert result.code == 0 or ("hint: " in result.err and str(copy.run_folder()) in result.err), result
    assert copy.lines() == ["one"]


@pytest.fixture
def small_disk(world):
    """A small file system in memory; for who may not mount, the shim's own tests stand."""
    small = world.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "none", small], capture_output=True).returncode != 0:
        pytest.skip("mounting a tmpfs needs root")
    world.journal = small / "journal.db"
    world.env["RUNBOOK_JOURNAL"] = str(world.journal)
    yield small
    world.sweep()
    subprocess.run(["umount", "--lazy", small], check=False)


def test_a_disk_that_fills_up_for_real_stops_the_run_and_loses_nothing(world, small_disk):
    world.write("runbook: fills\nsteps:\n" + "".join(
        f"  - id: s{n}\n    title: Step {n}\n    shell: echo s{n} >> \"$W/effects\"; head --bytes=100000 /dev/urandom | base64\n"
        for n in range(20)))
    result = world.run()
    assert result.code in (1, 6) and ("room" in result.err or "No space left" in result.err), result
    assert 0 < len(world.lines()) < 20
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    result = world.resume()
    assert result.code == 0, result
    assert world.lines() == [f"s{n}" for n in range(20)]
    assert world("verify", "last").code == 0


def fill(folder):
    try:
        with open(folder / "ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 4096)
    except OSError:
        pass


def test_where_nothing_of_a_run_was_recorded_for_want_of_room_it_is_not_said_to_go_on(world, small_disk):
    """Going on without saying with which run would go on with another one, and run its step again."""
    world.write('{runbook: other, steps: [{id: a, shell: "echo other >> $W/effects; false"}]}', "other.yaml")
    assert world("run", "other.yaml", "--non-interactive").code == 1
    world.write('{runbook: full, steps: [{id: a, shell: "echo full >> $W/effects"}]}')
    fill(small_disk)
    full = world.run()
    assert full.code == 6 and "room, then begin it again" in full.err and "--resume" not in full.err, full
    assert not re.search(r"^run \S+$", full.err, re.M), full
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    assert world.lines() == ["other"] and len(json.loads(world("runs", "--json").out)) == 1
    assert world.run().code == 0 and world.lines() == ["other", "full"]


def test_however_little_room_there_is_the_way_on_is_that_of_the_run_at_hand(world, small_disk):
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    world.write('{runbook: full, steps: [{id: a, shell: "true"}]}')
    assert world.run().code == 0
    said = set()
    for room in range(0, 100, 12):
        fill(small_disk)
        os.truncate(small_disk / "ballast", (small_disk / "ballast").stat().st_size - room * 1024)
        result = world.run()
        (small_disk / "ballast").unlink()
        recorded = [row["run"] for row in json.loads(world("runs", "--json").out) if row["state"] == "interrupted"]
        if result.code != 6:
            continue
        if recorded:
            assert f"then go on with `runbook run --resume {recorded[0]}`" in result.err, result
            assert world.resume(recorded[0]).code == 0
        else:
            assert "then begin it again" in result.err and not re.search(r"^run \S+$", result.err, re.M), result
        said.add("recorded" if recorded else "not recorded")
    assert said == {"recorded", "not recorded"}


def test_where_the_run_is_recorded_the_way_on_names_it(world, small_disk):
    much = "head --bytes=100000 /dev/urandom | base64"
    world.write("runbook: full\nsteps:\n" + "".join(f"  - {{id: s{n}, shell: {much}}}\n" for n in range(20)))
    full = world.run("--journal", world.journal)
    run = re.search(r"^run (\S+)$", full.err, re.M)[1]
    assert full.code == 6 and f"then go on with `runbook run --resume {run} --journal {world.journal}`" in full.err, full
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    assert world.resume(run).code == 0


def test_a_step_that_fills_the_disk_and_has_no_room_for_its_output_is_not_forgotten(world, small_disk):
    world.env["SMALL"] = str(small_disk)
    world.write("""
runbook: fills
steps:
  - id: fill
    title: Fill the disk
    shell: |
      echo fill >> "$W/effects"
      head --bytes=10000000 /dev/zero > "$SMALL/filled" || true
      echo "port=8080" >> "$RUNBOOK_OUTPUT"
    outputs: {port: {type: int}}
  - id: after
    title: Come after it
    shell: echo after >> "$W/effects"
""")
    result = world.run()
    assert result.code in (1, 6), result
    (small_disk / "filled").unlink()
    if result.code == 6:
        assert "make room" in result.err and str(world.journal) in result.err, result
        result = world.resume()
    assert result.code == 1 and "it exited with 1" in result.err, result
    assert world.lines() == ["fill"], "it is known how it ended, so nothing is done again"
    assert world("verify", "last").code == 0
