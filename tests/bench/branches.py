"""Costs of steps that run side by side, as ratios within one run. Usage: branches.py RUNBOOK BASELINE

Prints a table of what was measured beside its bound; exits with 1 when a bound is missed."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNBOOK, BASELINE = sys.argv[1:3]
NAP = ["sleep", "0.01"]
missed = []


def report(what, value, bound, unit=""):
    if value > bound:
        missed.append(what)
    print(f"{what:<62} {value:>9.3f}{unit}  at most {bound}{unit}  {'MISSED' if value > bound else 'ok'}", flush=True)


def write_book(folder, items, concurrency, argv):
    path = Path(folder) / f"loop{items}.yaml"
    names = ", ".join(f"i{i}" for i in range(items))
    path.write_text(f"runbook: loop\nsteps:\n  - section: Items\n    for_each: [{names}]\n    as: item\n    concurrency: {concurrency}\n"
                    f"    steps: [{{id: nap, exec: [{', '.join(argv)}]}}]\n")
    return path


def seconds(words, env=None):
    begin = time.monotonic()
    subprocess.run(words, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def environment(folder):
    return {**os.environ, "RUNBOOK_JOURNAL": f"{tempfile.mkdtemp(dir=folder)}/j.db"}


def side_by_side(folder):
    book = write_book(folder, 1000, 16, NAP)
    bare = [BASELINE, "-", "1000", "16", *NAP]
    rounds = []
    for _ in range(5):
        with_commits = [BASELINE, f"{tempfile.mkdtemp(dir=folder)}/b.db", "1000", "16", *NAP]
        rounds.append((seconds([RUNBOOK, "run", str(book)], environment(folder)), seconds(with_commits), seconds(bare)))
        print("    1,000 naps, 16 at a time: {:.3f} s, with one commit each {:.3f} s, bare spawns {:.3f} s".format(*rounds[-1]))
    report("1,000 naps of 0.01 s, in units of one commit each", statistics.median(a / b for a, b, _ in rounds), 1.0)
    report("the same, in units of bare spawns (an aim)", statistics.median(a / c for a, _, c in rounds), 1.2)


def long_loop(folder):
    """The engine's peak, and how long until its first step runs."""
    book = write_book(folder, 10000, 4, ["true"])
    begin = time.monotonic()
    engine = subprocess.Popen([RUNBOOK, "run", str(book)], env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    first = next(time.monotonic() - begin for line in engine.stderr if " running " in line)
    for _ in engine.stderr:
        pass
    assert engine.wait() == 0
    report("10,000 items: until the first step runs", first, 1, " s")
    report("10,000 items: the peak of memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 100, " MB")


with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_TMP")) as folder:
    long_loop(folder)
    side_by_side(folder)
sys.exit(1 if missed else 0)
