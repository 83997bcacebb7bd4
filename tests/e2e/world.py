"""A small world for one test: a folder, a journal, runbooks, and the real binary. Nothing waits by sleeping and hoping:
`until` polls a condition, and steps wait at gates (files) that the test opens."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("RUNBOOK_BINARY", ROOT / "build" / "release" / "runbook"))


def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.01)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    return found


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def kill(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for pid in pids:
        until(lambda pid=pid: not is_alive(pid), f"the end of {pid}")


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class World:
    def __init__(self, folder):
        self.folder = folder
        self.journal = folder / "journal.db"
        self.book = folder / "book.yaml"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
        self.env |= {"RUNBOOK_JOURNAL": str(self.journal), "W": str(folder), "NO_COLOR": "1"}
        self.started = []

    # Runbooks

    def write(self, text, name="book.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def open_gate(self, name="gate"):
        (self.folder / name).touch()

    def lines(self, name="effects"):
        path = self.folder / name
        return path.read_text().split("\n")[:-1] if path.exists() else []

    # Commands

    def __call__(self, *words, stdin=subprocess.DEVNULL, timeout=120, **env):
        done = subprocess.run([BINARY, *map(str, words)], env={**self.env, **env}, stdin=stdin, capture_output=True, text=True,
                              errors="replace", timeout=timeout, cwd=self.folder)
        return Result(done.returncode, done.stdout, done.stderr)

    def run(self, *words, **env):
        return self("run", self.book, "--non-interactive", *words, **env)

    def resume(self, *words, **env):
        return self.run("--resume", *words, **env)

    def start(self, *words, **kwargs):
        """In the background; its messages go to a file, so that no pipe ends with it."""
        log = open(self.folder / f"engine{len(self.started)}.log", "w")
        process = subprocess.Popen([BINARY, "run", self.book, "--non-interactive", *map(str, words)], env={**self.env, **kwargs}, stdout=log,
                                   stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        process.log = Path(log.name)
        self.started.append(process)
        return process

    def show(self, run="last"):
        shown = self("show", run, "--json")
        return json.loads(shown.out) if shown.code == 0 else None

    def step(self, step):
        shown = self.show()
        return next((each for each in shown["steps"] if each["id"] == step), None) if shown else None

    def state_of(self, step):
        found = self.step(step)
        return found and found["state"]

    def until_state(self, step, state):
        until(lambda: self.state_of(step) == state, f"step {step} to be {state}")

    # Processes

    def run_folder(self):
        return next(Path(f"{self.journal}.d").iterdir())

    def supervisors(self):
        name = self.run_folder().name
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if command_line(path.name) == f"runbook: supervisor of {name}"]

    def supervisor(self):
        found = until(self.supervisors, "the supervisor")
        assert len(found) == 1
        return found[0]

    def step_processes(self):
        """All that carry the mark of an attempt of this run."""
        mark = f"RUNBOOK_ATTEMPT={self.run_folder().name}/".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes() and is_alive(path.parent.name):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def sweep(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for folder in Path(f"{self.journal}.d").glob("*"):
            for path in Path("/proc").glob("[0-9]*"):
                if command_line(path.name) == f"runbook: supervisor of {folder.name}":
                    kill(int(path.name))
        if Path(f"{self.journal}.d").exists():
            kill(*[pid for _ in Path(f"{self.journal}.d").iterdir() for pid in self.step_processes()])


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.sweep()


GATED = """
runbook: gated
steps:
  - id: gated
    title: Wait at the gate, then have an effect
    shell: |
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.02; done
      echo effect >> "$W/effects"
{keys}
  - id: after
    title: Come after it
    shell: echo after >> "$W/effects"
"""


def gated(**keys):
    """A step that begins, waits for the file `gate`, then has its effect; another comes after it."""
    return GATED.format(keys="".join(f"    {key}: {value}\n" for key, value in keys.items()))
