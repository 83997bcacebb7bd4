"""runbooks/jobmon-database.yaml, run for real: the engine's own binary, a real MariaDB, real kills."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mariadb import MEMORY_BYTES, mariadb  # noqa: F401  (the fixture)

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("RUNBOOK_BINARY", ROOT / "build" / "release" / "runbook")).resolve()
BOOK = ROOT / "runbooks" / "jobmon-database.yaml"
DATABASE = "jobmon_081"
PHRASE = "remove_database=Remove the deprecated database"

# Stands before the real mariadb-dump in the PATH: counts how often a dump is begun, and does what the test asks of it.
DUMP = """#!/bin/bash
set -eo pipefail
echo begun >> "{folder}/dumps"
PATH={rest} mariadb-dump "$@" | {filter}
"""
WHOLE = "cat"
CUT = "(head --bytes=300000; cat > /dev/null)"             # and exits with 0, as a careless pipe would have it
HALF_WAY = """(head --bytes=300000; : > "{folder}/half"; until [ -e "{folder}/go" ]; do sleep 0.02; done; cat)"""


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.02)


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *children(child)]
    return found


def send(kind, pids):
    for pid in pids:
        try:
            os.kill(pid, kind)
        except ProcessLookupError:
            pass


def kill_with_all_below(process):
    family = []
    while (found := [process.pid, *children(process.pid)]) != family:   # stopped first, so that nobody sees another die
        family = found
        send(signal.SIGSTOP, family)
    send(signal.SIGKILL, family)
    process.wait()
    wait_for(lambda: not any(map(is_alive, family)), "the end of all")


def users_of(folder):
    """The processes that have a file open in it: whatever a test that failed half way has left."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link).startswith(f"{folder}/"):
                found.add(int(link.parts[2]))
        except OSError:
            pass
    return found - {os.getpid()}


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class World:
    """A journal, a folder for the copy, and a database of 2,000 tasks."""

    def __init__(self, folder, server):
        self.folder = folder
        self.server = server
        self.journal = folder / "journal.db"
        self.copies = folder / "copies"
        self.log = folder / "slow.log"
        self.env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}:/usr/sbin", "HOME": str(folder)}
        self.env.pop("MYSQL_PWD", None)
        (folder / "bin").mkdir()
        self.dumps_become(WHOLE)
        self.inputs = {"socket": server.socket, "database": DATABASE, "copy_dir": self.copies, "memory_bytes": MEMORY_BYTES,
                       "slow_query_log_file": self.log}

    def dumps_become(self, filter):
        wrapper = self.folder / "bin" / "mariadb-dump"
        rest = f"{os.environ['PATH']}:/usr/sbin"
        wrapper.write_text(DUMP.format(folder=self.folder, rest=rest, filter=filter.format(folder=self.folder)))
        wrapper.chmod(0o755)

    def dumps(self):
        counted = self.folder / "dumps"
        return len(counted.read_text().splitlines()) if counted.exists() else 0

    def command(self, *arguments):
        return [str(BINARY), "--journal", str(self.journal), *arguments]

    def begin_command(self, **inputs):
        given = [word for name, value in {**self.inputs, **inputs}.items() for word in ("-i", f"{name}={value}")]
        return self.command("run", str(BOOK), "--non-interactive", *given)

    def finish(self, command):
        done = subprocess.run(command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        self.said = done.stdout + done.stderr
        return done.returncode

    def run(self, **inputs):
        return self.finish(self.begin_command(**inputs))

    def resume(self, *arguments):
        return self.finish(self.command("run", str(BOOK), "--non-interactive", "--resume", *arguments))

    def start_until_half_a_dump(self, **inputs):
        """A running engine, and a dump that waits half way until there is a file `go`."""
        self.dumps_become(HALF_WAY)
        with open(self.folder / "engine.log", "wb") as log:
            engine = subprocess.Popen(self.begin_command(**inputs), env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: (self.folder / "half").exists() or engine.poll() is not None, "half a dump")
        assert engine.poll() is None, (self.folder / "engine.log").read_text()
        return engine

    def show(self):
        return json.loads(subprocess.run(self.command("show", "last", "--json"), env=self.env, check=True, capture_output=True).stdout)

    def step(self, id):
        return next(step for step in self.show()["steps"] if step["id"] == id)

    def states(self):
        return {step["id"]: step["state"] for step in self.show()["steps"]}

    def copy(self):
        """The one file that counts as a copy; there must not be a second."""
        found = list(self.copies.glob("*.sql"))
        assert len(found) <= 1, found
        return found[0] if found else None

    def restored(self):
        """What the copy gives when it is restored by hand."""
        self.server.sql("CREATE DATABASE by_hand")
        try:
            self.server.sql(self.copy().read_text(), "by_hand")
            return self.server.contents("by_hand")
        finally:
            self.server.sql("DROP DATABASE by_hand")


@pytest.fixture
def world(tmp_path, mariadb):  # noqa: F811
    if not os.access(BINARY, os.X_OK):
        why = f"no engine at {BINARY}: build it, or set RUNBOOK_BINARY"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    mariadb.fill(DATABASE, 2000)
    mariadb.sql("""CREATE OR REPLACE TRIGGER no_empty_name BEFORE INSERT ON task FOR EACH ROW
                   SET NEW.name = IF(NEW.name = '', 'unnamed', NEW.name);
                   CREATE OR REPLACE FUNCTION answer() RETURNS INT DETERMINISTIC RETURN 42;
                   INSERT INTO task_instance_error (task_instance_id, error_time, traceback, core)
                     VALUES (1, NOW(), 'carriage return\\r\\nzero \\0 and \\'quote\\'', x'000d0a1aff')""", DATABASE)
    mariadb.sql("SET GLOBAL wait_timeout = 600")
    yield World(tmp_path, mariadb)
    send(signal.SIGKILL, users_of(tmp_path))


def databases(server):
    return {row[0] for row in server.sql("SHOW DATABASES")}


def test_the_straight_way_gives_a_proven_copy_and_leaves_the_server_as_it_was(world):
    before = world.server.contents(DATABASE)
    schemas = databases(world.server)
    settings = "CONCAT_WS(' ', @@slow_query_log, @@long_query_time, @@slow_query_log_file)"
    was = world.server.value(settings)

    assert world.run(log_slow_queries="true", log_seconds=1) == 0, world.said

    assert world.show()["state"] == "succeeded"
    assert world.states()["logged_long_enough"] == "succeeded"
    assert world.states()["remove_database"] == "skipped"
    assert world.step("buffer_pool")["outputs"]["pool"] == 64 << 20
    assert world.step("thread_pool")["outputs"]["thread_pool_size"] >= 1
    copy = world.copy()
    assert world.step("make_copy")["outputs"]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert copy.stat().st_mode & 0o077 == 0
    contents = Path(f"{copy}.contents").read_text().splitlines()
    assert {"view failed_workflow", "trigger no_empty_name", "function answer"} < set(contents)
    assert sum(line.startswith("table ") for line in contents) == len(before)
    assert world.restored() == before == world.server.contents(DATABASE)
    assert databases(world.server) == schemas
    assert world.server.value(settings) == was
    assert world.log.read_text().count("SELECT SLEEP(2.2), 'slow query of run") == 1


def test_a_wrong_wait_timeout_stops_the_run_with_its_reason_and_the_run_goes_on_when_it_is_right(world):
    world.server.sql("SET GLOBAL wait_timeout = 28800")

    assert world.run() == 1

    failed = world.step("wait_timeout_is_right")
    assert failed["state"] == "failed"
    assert "wait_timeout must be 600" in failed["why"]
    assert "wait_timeout must be 600" in world.said
    assert world.dumps() == 0 and not world.copies.exists()

    world.server.sql("SET GLOBAL wait_timeout = 600")
    assert world.resume() == 0, world.said
    assert world.dumps() == 1


@pytest.mark.parametrize("memory, is_right", [
    (80 << 20, True),                    # 80 % are 64 MiB, which is what the server has
    ((65 << 20) * 5 // 4 - 1, True),     # a byte less than 65 MiB: the server takes whole MiB
    ((65 << 20) * 5 // 4, False),
    ((80 << 20) - 1, False),
])
def test_the_buffer_pool_may_differ_from_80_percent_by_the_servers_rounding_only(world, memory, is_right):
    world.run(memory_bytes=memory)
    assert world.states()["buffer_pool_is_right"] == ("succeeded" if is_right else "failed")


def test_killed_in_the_middle_of_the_dump_and_resumed_the_dump_is_made_exactly_once(world):
    before = world.server.contents(DATABASE)
    engine = world.start_until_half_a_dump()
    engine.kill()
    engine.wait()
    assert world.step("make_copy")["state"] == "running"
    assert world.copy() is None

    again = subprocess.Popen(world.command("run", str(BOOK), "--non-interactive", "--resume"), env=world.env, cwd=world.folder,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    (world.folder / "go").touch()
    said, _ = again.communicate(timeout=600)

    assert again.returncode == 0, said
    assert world.dumps() == 1
    assert world.step("make_copy")["attempts"] == 1
    assert world.restored() == before


def test_a_dump_that_ends_while_no_engine_lives_counts_and_is_not_repeated(world):
    engine = world.start_until_half_a_dump()
    engine.kill()
    engine.wait()
    (world.folder / "go").touch()
    wait_for(world.copy, "the copy under its own name")

    assert world.resume() == 0, world.said
    assert world.dumps() == 1


def test_when_all_is_killed_in_the_middle_of_the_dump_half_a_dump_does_not_count(world):
    before = world.server.contents(DATABASE)
    engine = world.start_until_half_a_dump()
    kill_with_all_below(engine)
    assert world.copy() is None

    world.dumps_become(WHOLE)
    assert world.resume() == 0, world.said
    assert world.dumps() == 2
    assert world.restored() == before


def test_a_truncated_dump_is_never_a_copy(world):
    before = world.server.contents(DATABASE)
    world.dumps_become(CUT)

    assert world.run(remove="true") == 1

    assert world.step("make_copy")["state"] == "failed"
    assert world.copy() is None
    assert world.states()["remove_database"] == "pending"

    assert world.resume("--approve", PHRASE) == 1   # the phrase alone does not help
    assert world.server.contents(DATABASE) == before

    world.dumps_become(WHOLE)
    assert world.resume() == 3, world.said
    assert world.restored() == before


def test_a_copy_that_lacks_its_end_is_not_complete_although_its_digest_fits(world):
    """As if the dump had been cut between the statements and the digest taken of what was there."""
    engine = world.start_until_half_a_dump()
    kill_with_all_below(engine)
    unfinished = next(world.copies.glob("*.unfinished"))
    copy = unfinished.with_name(unfinished.name.removesuffix(".unfinished"))
    shutil.copy(unfinished, copy)
    copy.with_name(copy.name + ".sha256").write_text(f"{hashlib.sha256(copy.read_bytes()).hexdigest()}  {copy.name}\n")

    world.dumps_become(WHOLE)
    assert world.resume() == 0, world.said
    assert world.dumps() == 2
    assert copy.read_text(errors="replace").rstrip().splitlines()[-1].startswith("-- Dump completed")


def test_the_removal_waits_for_its_phrase_and_then_the_database_is_gone_and_the_copy_is_there(world):
    before = world.server.contents(DATABASE)

    assert world.run(remove="true") == 3
    assert world.states()["copy_is_up_to_date"] == "succeeded"
    assert world.server.has_database(DATABASE)
    assert world.resume() == 3
    assert world.resume("--approve", "remove_database=Remove it") == 3
    assert world.server.has_database(DATABASE)

    assert world.resume("--approve", PHRASE) == 0, world.said
    assert not world.server.has_database(DATABASE)
    assert world.dumps() == 1
    assert world.step("copy_is_kept")["outputs"]["sha256"] == world.step("make_copy")["outputs"]["sha256"]
    assert world.restored() == before


def test_nothing_is_removed_if_something_was_written_while_the_question_was_open(world):
    assert world.run(remove="true") == 3
    world.server.sql("INSERT INTO workflow (name, args_hash, status, created) VALUES ('late', MD5('late'), 'done', NOW())", DATABASE)

    assert world.resume("--approve", PHRASE) == 1
    assert world.step("remove_database")["state"] == "failed"
    assert "not in the copy: table workflow" in world.said + _logs(world, "remove_database")
    assert world.server.has_database(DATABASE)


def test_nothing_is_removed_if_the_copy_was_damaged_while_the_question_was_open(world):
    assert world.run(remove="true") == 3
    with open(world.copy(), "r+b") as copy:
        copy.seek(-2000, os.SEEK_END)
        copy.write(b"x")

    assert world.resume("--approve", PHRASE) == 1
    assert world.server.has_database(DATABASE)


def test_a_removal_that_broke_off_goes_on_because_what_is_left_is_in_the_copy(world):
    assert world.run(remove="true") == 3
    world.server.sql("DROP TABLE task_instance_error", DATABASE)

    assert world.resume("--approve", PHRASE) == 0, world.said
    assert not world.server.has_database(DATABASE)


def test_a_database_that_changes_while_it_is_copied_is_not_proven(world):
    engine = world.start_until_half_a_dump(remove="true")
    world.server.sql("INSERT INTO workflow (name, args_hash, status, created) VALUES ('late', MD5('late'), 'done', NOW())", DATABASE)
    (world.folder / "go").touch()

    assert engine.wait(timeout=600) == 1
    assert world.step("copy_is_proven")["state"] == "failed"
    assert world.server.has_database(DATABASE)


def test_the_services_are_locked_out_and_their_sessions_ended_before_the_removal(world):
    server = world.server
    server.sql(f"CREATE OR REPLACE USER crew@localhost; GRANT ALL ON {DATABASE}.* TO crew@localhost")
    session = subprocess.Popen([*server.client(), "--user=crew", "--unbuffered", DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        session.stdin.write("SELECT 'here';\n")
        session.stdin.flush()
        assert session.stdout.readline() == "here\n"

        assert world.run(remove="true", service_account="crew@localhost") == 3, world.said

        assert server.value("COUNT(*) FROM information_schema.processlist WHERE user = 'crew'") == "0"
        refused = subprocess.run([*server.client(), "--user=crew", "--execute", "SELECT 1"], capture_output=True, text=True)
        assert "locked" in refused.stderr
    finally:
        session.kill()
        session.wait()
        server.sql("DROP USER crew@localhost")


@pytest.mark.parametrize("statement", [
    "CREATE TABLE old_kind (id INT) ENGINE=MyISAM",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM workflow",
])
def test_a_database_that_a_dump_does_not_hold_wholly_is_not_copied(world, statement):
    world.server.sql(statement, DATABASE)
    assert world.run() == 1
    assert world.step("database_can_be_copied")["state"] == "failed"
    assert world.dumps() == 0


def test_the_servers_own_databases_are_refused(world):
    assert world.run(database="mysql", remove="true") == 1
    assert world.states()["database_can_be_copied"] == "failed"


def test_a_password_in_the_environment_works_and_is_written_nowhere(world):
    password = "Quiet-Otter-4711"
    world.server.sql(f"CREATE OR REPLACE USER keeper@localhost IDENTIFIED BY '{password}'; GRANT ALL ON *.* TO keeper@localhost WITH GRANT OPTION")
    try:
        world.env["MYSQL_PWD"] = password
        assert world.run(user="keeper") == 0, world.said
    finally:
        world.server.sql("DROP USER keeper@localhost")
    written = [path for path in world.folder.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert written == []
    assert password not in world.said


def _logs(world, step):
    done = subprocess.run(world.command("logs", "last", step), env=world.env, capture_output=True, text=True)
    return done.stdout + done.stderr
