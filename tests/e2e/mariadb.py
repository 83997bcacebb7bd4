"""A real MariaDB on a socket in a folder of its own: no port, nothing shared, gone with the session.

    def test_something(mariadb):
        mariadb.sql("CREATE DATABASE a")
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

SCHEMA = Path(__file__).resolve().parents[2] / "runbooks" / "demo" / "jobmon-schema.sql"
PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump")
SEARCHED = os.environ.get("PATH", os.defpath) + ":/usr/sbin"   # where Debian keeps the server

# The critical settings are right for a server that may use 80 MiB.
MEMORY_BYTES = 80 << 20
SETTINGS = ("--wait-timeout=600", "--innodb-buffer-pool-size=64M")


class MariaDB:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="runbook-mariadb-"))   # short: a socket's path has 107 bytes at most
        self.socket = self.folder / "socket"
        self.process = None

    def start(self):
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [_program("mariadb-install-db"), "--no-defaults", *user, "--auth-root-authentication-method=normal", "--skip-test-db",
             f"--datadir={self.folder}/data"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.folder / "log", "wb") as log:
            # Ends with us, however we end.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", _program("mariadbd"), "--no-defaults", *user, f"--datadir={self.folder}/data",
                 f"--socket={self.socket}", f"--pid-file={self.folder}/pid", "--skip-networking", *SETTINGS],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 300
        while subprocess.run(self.client("--execute", "SELECT 1"), capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("mariadbd does not answer:\n" + (self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, *arguments):
        return [_program("mariadb"), "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names", *arguments]

    def sql(self, statements, database=None):
        """The rows as lists of texts; an error is an exception with the server's words."""
        done = subprocess.run(self.client(*([database] if database else [])), input=statements, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, expression):
        return self.sql(f"SELECT {expression}")[0][0]

    def has_database(self, name):
        return self.value(f"COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'") == "1"

    def fill(self, name, tasks):
        """Makes the invented jobmon database anew."""
        self.sql(f"DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}`")
        self.sql(f"SET @tasks = {tasks};\n" + SCHEMA.read_text(), name)

    def contents(self, name):
        """Tables with rows and checksums."""
        tables = [row[0] for row in self.sql(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}' AND table_type = 'BASE TABLE' ORDER BY 1")]
        return {table: (self.value(f"COUNT(*) FROM `{name}`.`{table}`"), self.sql(f"CHECKSUM TABLE `{name}`.`{table}`")[0][1])
                for table in tables}


def _program(name):
    return shutil.which(name, path=SEARCHED) or name


@pytest.fixture(scope="session")
def mariadb():
    missing = [name for name in PROGRAMS if not shutil.which(name, path=SEARCHED)]
    if missing:
        why = f"not installed: {', '.join(missing)} (Debian: mariadb-server-core, mariadb-client)"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    server = MariaDB()
    try:
        server.start()
        yield server
    finally:
        server.stop()
