"""Every call to a file of the run fails once, and from then on: no room, a broken disk, no descriptor. The engine and its supervisor
say which file and what to do; going on without the fault finishes; nothing runs twice and nothing is forgotten.

`RUNBOOK_EXHAUST=1` takes every point there is; otherwise a few of each class are drawn (RUNBOOK_TEST_SEED)."""

import errno
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from faults import Fault
from seeds import EXHAUST, seed
from world import World, gated, kill, until

SEED = seed()
CLASSES = {
    "journal": "*/journal.db",
    "wal": "*/journal.db-wal",
    "shm": "*/journal.db-shm",
    "spool": "*.spool",
    "log": "*/log",
    "head": "*/head",
    "lock": "*/lock",
    "sup.lock": "*/sup.lock",
    "output": "*.output",
    "fifo": "*.out:*.err",
    "secret": "*/kept/*",
    "folder": "*/journal.db.d:*/journal.db.d/*-????",
}
FAULTS = [(errno.ENOSPC, "once"), (errno.ENOSPC, "always"), (errno.EIO, "once"), (errno.EIO, "always"), (errno.EMFILE, "once"),
          (errno.EMFILE, "always")]
BOOK = r"""
runbook: storage
steps:
  - id: one
    title: Have an effect and give an output
    shell: |
      echo one >> "$W/effects"
      echo "port=8080" >> "$RUNBOOK_OUTPUT"
      echo said
    outputs: {port: {type: int}}
  - id: login
    title: Give a secret
    shell: |
      echo login >> "$W/effects"
      echo "token: tk-0123456789"
    outputs:
      token: {regex: "token: (.*)", secret: true, keep: {file: kept/token}}
  - id: big
    title: Write much, and be looked at
    shell: |
      echo big >> "$W/effects"
      for i in $(seq 4000); do echo "a line of what is written here, number $i"; done
    done_when: {shell: 'grep -q big "$W/effects"'}
  - id: read
    title: Only look
    effect: read
    env: {PORT: "${{ $steps.one.port }}"}
    shell: echo "port $PORT"
  - id: last
    title: Use the secret
    env: {TOKEN: "${{ $steps.login.token }}"}
    shell: echo "last ${#TOKEN} $TOKEN" | cut -c1-7 >> "$W/effects"
"""
RIGHT = ["one", "login", "big", "last 13"]


def fast_folder():
    """The syncs of thousands of journals prove nothing here."""
    return Path(tempfile.mkdtemp(prefix="runbook-storage-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


def fresh_world():
    made = World(fast_folder())
    (made.folder / "kept").mkdir()
    return made


def done_with(made):
    """Not after a failure: then the folder is kept."""
    made.sweep()
    shutil.rmtree(made.folder)


def calls_for(number):
    return "open" if number == errno.EMFILE else "write sync open truncate allocate rename fifo folder"


def drawn(values, most):
    values = list(values)
    return values if EXHAUST else random.Random(SEED).sample(values, min(most, len(values)))


def count_points(files, calls, prepare, meet):
    made = fresh_world()
    prepare(made)
    fault = Fault(made.folder, files, calls)
    result = meet(made, fault)
    assert result.code == 0, result
    count = fault.met
    done_with(made)
    return count


def require_told(made, fault, result, number):
    """What is wrong and what to do, of the one command that met the fault."""
    if result.code == 0:
        return
    if result.code == 6:
        assert "journal.db" in result.err and "hint: " in result.err, result
        return
    failed = [step for step in made.show()["steps"] if step["state"] == "failed"]
    assert result.code == 1 and len(failed) == 1, (fault.last, result)
    assert os.strerror(number) in result.err or "can't be read" in result.err, (fault.last, result)
    assert "try it again" in result.err, result


def ran_in_vain(result):
    """The step of which was said that it ran, but can't count as done: a person who lets it run again knows."""
    return [line.split("`")[1] for line in result.err.splitlines() if line.startswith("step `") and "it ran and exited with 0" in line]


def resume_until_it_counts(made, doubt_is_allowed):
    for _ in range(6):
        result = made.resume() if made.show() else made.run()
        if result.code != 4:
            return result
        assert doubt_is_allowed, result
        for step in [step["id"] for step in made.show()["steps"] if step["state"] == "in_doubt"]:
            has_happened = any(line.startswith({"gated": "effect"}.get(step, step)) for line in made.lines())
            made("resolve", "last", step, "done" if has_happened else "retry", "--because", "looked")
    return result


def go_on_to_the_end(made, fault, doubt_is_allowed):
    """How it ended, and the steps that ran in vain on the way: a new engine may come to a supervisor that the fault still meets."""
    in_vain = []
    for _ in range(100):
        hits = fault.hits
        result = resume_until_it_counts(made, doubt_is_allowed)
        if result.code == 0 or fault.hits == hits:
            break
        in_vain += ran_in_vain(result)
    return result, in_vain


def require_right(made, right, told_twice, note):
    lines = made.lines()
    for step in told_twice:
        lines.remove(next(line for line in lines if line.startswith(step)))
    assert lines == right, (note, made.folder)
    verified = made("verify", "last")
    assert verified.code == 0, (note, verified)


def fail_at(n, files, number, lasting, prepare, meet, right, doubt_is_allowed=False):
    """False: this time there were fewer points."""
    made = fresh_world()
    prepare(made)
    fault = Fault(made.folder, files, calls_for(number), at=n, error=number, lasting=lasting)
    result = meet(made, fault)
    note = f"{files} {errno.errorcode[number]} {lasting} at {n}: {fault.last}"
    is_hit = fault.hits > 0
    if is_hit:
        require_told(made, fault, result, number)
        end, more = (result, []) if result.code == 0 else go_on_to_the_end(made, fault, doubt_is_allowed)
        told_twice = ran_in_vain(result) + more
        assert end.code == 0, (note, result, end)
        require_right(made, right, told_twice, note)
    done_with(made)
    return is_hit


def fail_everywhere(name, prepare, meet, right, most):
    files, tried, hits = CLASSES[name], 0, 0
    counts = {calls: count_points(files, calls, prepare, meet) for calls in map(calls_for, (errno.ENOSPC, errno.EMFILE))}
    for number, lasting in drawn(FAULTS, most) + [(errno.ENOSPC, "torn")] * (name == "log"):
        for n in drawn(range(1, counts[calls_for(number)] + 1), 1):
            tried += 1
            points = (n, 1)     # the first one is always there
            hits += any(fail_at(point, files, number, lasting, prepare, meet, right) for point in points)
    print(f"RUNBOOK_TEST_SEED={SEED} {name}: {hits} of {tried} points were hit")
    assert hits or not tried


@pytest.mark.parametrize("name", CLASSES)
def test_a_run_whose_files_fail_says_so_and_is_finished_later(name):
    fail_everywhere(name, lambda made: made.write(BOOK), lambda made, fault: made.run(**fault.env), RIGHT, most=4)


def leave_half_way(made, *, kills_supervisor):
    """A step that ended while no engine was there."""
    made.write(gated())
    engine = made.start()
    until(lambda: made.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    made.open_gate()
    until(lambda: "\nE 1 " in (made.run_folder() / "log").read_text(), "the record of its end")
    if kills_supervisor:
        kill(made.supervisor())


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "secret"])
@pytest.mark.parametrize("supervisor", ["alive", "dead"])
def test_a_resumed_run_whose_files_fail_takes_up_what_ran_meanwhile_all_the_same(name, supervisor):
    fail_everywhere(name, lambda made: leave_half_way(made, kills_supervisor=supervisor == "dead"),
                    lambda made, fault: made.resume(**fault.env), ["effect", "after"], most=3)


def test_a_status_that_could_not_be_logged_is_in_doubt_once_all_is_dead_and_never_run_again():
    """The only doubt there may be: nobody lives who saw the end, and the log has no room for it."""
    doubts = 0
    for n in range(1, 12):
        made = fresh_world()
        made.write(gated())
        fault = Fault(made.folder, CLASSES["log"], at=n, error=errno.ENOSPC, lasting="always", who="supervisor")
        engine = made.start(**fault.env)
        until(lambda: made.lines("begun") or engine.poll() is not None, "the step to begin, or not")
        if engine.poll() is None:
            supervisor = made.supervisor()
            engine.kill()
            engine.wait()
            made.open_gate()
            until(lambda: not made.step_processes(), "the end of the step")
            kill(supervisor)
        made.open_gate()
        if made.show() and made.resume().code == 4:
            doubts += 1
        result = resume_until_it_counts(made, doubt_is_allowed=True)
        assert result.code == 0, (n, result)
        require_right(made, ["effect", "after"], [], f"the log at {n}")
        done_with(made)
    assert doubts
