"""A small world for one test: a folder, a journal, runbooks, and the real binary. Nothing waits by sleeping and hoping:
`until` polls a condition, and steps wait at gates (files) that the test opens. When a story ends nothing of its runs may be left, unless
it says so."""

import ctypes
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("RUNBOOK_BINARY", ROOT / "build" / "release" / "runbook"))

PR_SET_CHILD_SUBREAPER = 36     # what outlives engine and supervisor becomes our child, where it is seen
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def until(condition, what, seconds=300):
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.01)


def stat(pid):
    """State, parent, group and session of a process; None if it is gone."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
        return state, *map(int, numbers)
    except (OSError, ValueError):
        return None


def processes():
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def is_alive(pid):
    """Also one whose first thread has ended before the others: they still hold its descriptors and locks."""
    found = stat(pid)
    return found is not None and (found[0] not in "ZX" or len(threads(pid)) > 1)


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def reads_an_output(pid):
    """Whether it has the standard output of a step open."""
    return any(target(link).endswith(".out") for link in Path(f"/proc/{pid}/fd").iterdir())


def target(link):
    """Where a link leads; nowhere when it is gone, as a descriptor that was closed since it was listed."""
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def children(pid):
    return [child for child in processes() if (stat(child) or (0, 0))[1] == pid]


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
        self.leaves = None      # why something of a run lives on when the story ends

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

    def __call__(self, *words, stdin=subprocess.DEVNULL, timeout=600, **env):
        done = subprocess.run([BINARY, *map(str, words)], env={**self.env, **env}, stdin=stdin, capture_output=True, text=True,
                              errors="replace", timeout=timeout, cwd=self.folder)
        return Result(done.returncode, done.stdout, done.stderr)

    def run(self, *words, **env):
        return self("run", self.book, "--non-interactive", *words, **env)

    def resume(self, *words, **env):
        return self.run("--resume", *words, **env)

    def start(self, *words, **kwargs):
        return self.start_command("run", self.book, "--non-interactive", *words, **kwargs)

    def start_command(self, *words, **kwargs):
        """In the background; its messages go to a file, so that no pipe ends with it."""
        log = open(self.folder / f"engine{len(self.started)}.log", "w")
        process = subprocess.Popen([BINARY, *map(str, words)], env={**self.env, **kwargs}, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   cwd=self.folder)
        process.log = Path(log.name)
        self.started.append(process)
        return process

    def show(self, run="last"):
        shown = self("show", run, "--json")
        return json.loads(shown.out) if shown.code == 0 else None

    def step(self, step):
        shown = self.show()
        return next((each for each in shown["steps"] if each["instance"] == step), None) if shown else None

    def state_of(self, step):
        found = self.step(step)
        return found and found["state"]

    def until_state(self, step, state):
        until(lambda: self.state_of(step) == state, f"step {step} to be {state}")

    # Processes

    def run_folder(self):
        return next(Path(f"{self.journal}.d").iterdir())

    def until_begun(self, told="begun"):
        """The step has written to that file, and its supervisor has written down whom it started: if that dies now, nothing is in doubt
        about the beginning."""
        until(lambda: self.lines(told) and "\nP " in (self.run_folder() / "log").read_text(), "the step to begin, and to be named")

    def supervisors(self, run=None):
        """Without what one has just forked: it has its name until it becomes the step."""
        name = run or self.run_folder().name
        found = [pid for pid in processes() if command_line(pid) == f"runbook: supervisor of {name}"]
        return [pid for pid in found if (stat(pid) or (0, 0))[1] not in found]

    def supervisor(self):
        found = until(self.supervisors, "the supervisor")
        assert len(found) == 1
        return found[0]

    def step_processes(self, run=None):
        """All that carry the mark of an attempt of this run."""
        mark = f"RUNBOOK_ATTEMPT={run or self.run_folder().name}/".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes() and is_alive(path.parent.name):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    # When the story ends

    def runs(self):
        return [path.name for path in Path(f"{self.journal}.d").glob("*") if path.is_dir()]

    def fallen_to_us(self):
        """Whose parents have ended: alive or not waited for. It is of another session than what a story started, and no leader."""
        ours = os.getsid(0)
        found = [(pid, stat(pid)) for pid in children(os.getpid())]
        return [pid for pid, what in found if what and what[3] not in (ours, pid)]

    def left(self):
        """What is left of engines, supervisors and steps."""
        engines = [process.pid for process in self.started if process.poll() is None]
        supervisors = {f"runbook: supervisor of {run}" for run in self.runs()}
        found = {pid for pid in processes() if is_alive(pid) and command_line(pid) in supervisors}
        found.update(engines, *[self.step_processes(run) for run in self.runs()], self.fallen_to_us())
        return sorted(found)

    def described(self, pids):
        return [f"pid {pid} ({(stat(pid) or ('gone',))[0]}) {command_line(pid)}" for pid in pids]

    def left_in_the_end(self, seconds=60):
        """A supervisor that lost its engine waits a second for another one."""
        deadline = time.monotonic() + seconds
        while self.left() and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.02)
        return self.described(self.left())

    def reap(self):
        """The supervisors and steps of engines that a story killed end as our children."""
        for pid in self.fallen_to_us():
            if not is_alive(pid):
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass

    def sweep(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        while alive := [pid for pid in self.left() if is_alive(pid)]:   # what has just been begun, too
            kill(*alive)
        self.reap()

    def races(self):
        """What ThreadSanitizer said, where it looks on: the exit code of an engine that was killed does not tell."""
        return [log for log in self.folder.glob("engine*.log") if "WARNING: ThreadSanitizer" in log.read_text(errors="replace")]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    left = [] if made.leaves else made.left_in_the_end()
    races = made.races()
    made.sweep()
    assert not left, "the story is over, and this is left: " + ", ".join(left)
    assert not races, f"a race: {races}"


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
