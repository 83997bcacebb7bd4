"""Costs of a step, as ratios within one run. Usage: steps.py RUNBOOK BASELINE

Prints a table of what was measured beside its bound; exits with 1 when a bound is missed."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNBOOK, BASELINE = sys.argv[1:3]
missed = []


def report(what, value, bound, unit=""):
    verdict = "ok" if value <= bound else "MISSED"
    if value > bound:
        missed.append(what)
    print(f"{what:<58} {value:>9.3f}{unit}  at most {bound}{unit}  {verdict}", flush=True)


def write_book(folder, steps):
    path = Path(folder) / f"noop{steps}.yaml"
    path.write_text("runbook: noop\nsteps:\n" + "".join(f'  - {{id: s{i}, title: Step {i}, exec: [sh, -c, "true"]}}\n' for i in range(steps)))
    return path


def seconds(words, env=None):
    begin = time.monotonic()
    subprocess.run(words, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def run_book(book, folder, prefix=()):
    journal = tempfile.mkdtemp(dir=folder)
    return seconds([*prefix, RUNBOOK, "run", str(book)], {**os.environ, "RUNBOOK_JOURNAL": f"{journal}/j.db"})


def run_baseline(folder, steps):
    return seconds([BASELINE, f"{tempfile.mkdtemp(dir=folder)}/b.db", str(steps)])


def ratio_to_baseline(folder):
    book = write_book(folder, 1000)
    run_book(book, folder), run_baseline(folder, 1000)          # warm
    pairs = [(run_book(book, folder), run_baseline(folder, 1000)) for _ in range(7)]
    for ours, bare in pairs:
        print(f"    1,000 steps {ours:.3f} s, bare {bare:.3f} s, ratio {ours / bare:.3f}")
    report("1,000 no-op steps, in units of spawn + one FULL commit", statistics.median(ours / bare for ours, bare in pairs), 1.25)


def growth(folder):
    small, large = write_book(folder, 1000), write_book(folder, 10000)
    pairs = [(run_book(large, folder) / 10, run_book(small, folder)) for _ in range(2)]
    report("a step of 10,000, in units of a step of 1,000", min(large_each / small_each for large_each, small_each in pairs), 1.1)


def syncs(folder):
    trace = Path(folder) / "trace"
    run_book(write_book(folder, 1000), folder, ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs", "-o", str(trace)])
    count = len(re.findall(r"\b(?:fsync|fdatasync|sync_file_range|syncfs)\(", trace.read_text()))
    report("syncs a step, over 1,000", count / 1000, 1.05)


def supervisor_memory(folder):
    """Private memory of the supervisor after 1,000 steps, while the last one waits for us."""
    book, gate = write_book(folder, 1000), Path(folder) / "gate"
    with open(book, "a") as text:
        text.write(f"  - {{id: last, title: Last, shell: 'until [ -e {gate} ]; do sleep 0.05; done'}}\n")
    journal = f"{tempfile.mkdtemp(dir=folder)}/j.db"
    engine = subprocess.Popen([RUNBOOK, "run", str(book)], env={**os.environ, "RUNBOOK_JOURNAL": journal}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not any(b"until [ -e" in path.read_bytes() for path in processes()):
        assert engine.poll() is None
        time.sleep(0.05)
    supervisor, = [path.parent for path in processes() if path.read_bytes().startswith(b"runbook: supervisor") and parent(path.parent) == engine.pid]
    rollup = (supervisor / "smaps_rollup").read_text()
    private = sum(int(size) for size in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", rollup, re.M)) / 1024
    gate.touch()
    engine.wait()
    report("private memory of the supervisor after 1,000 steps", private, 3.0, " MB")


def processes():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            path.read_bytes()
            yield path
        except OSError:
            continue


def parent(folder):
    return int((folder / "stat").read_text().rpartition(")")[2].split()[1])


with tempfile.TemporaryDirectory() as world:
    ratio_to_baseline(world)
    syncs(world)
    supervisor_memory(world)
    growth(world)
print(f"{len(missed)} bounds missed" if missed else "every bound is kept")
sys.exit(1 if missed else 0)
