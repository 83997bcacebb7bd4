"""What a report costs. Usage: report.py RUNBOOK

A run of ten thousand steps with 200 MB of output, and all of IMRT on AWS, walked in rehearsal. Prints a table of what was measured beside its bound; exits
with 1 when a bound is missed."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK, = sys.argv[1:]
os.environ["RUNBOOK_BINARY"] = RUNBOOK
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from test_walk_imrt import IMRT, Walker  # noqa: E402

FORMATS = ("md", "html", "json", "junit")
BOOK = """
runbook: big
title: Ten thousand steps
inputs: {items: {type: list}}
steps:
  - section: All
    for_each: $inputs.items
    as: item
    concurrency: 4
    steps:
      - {id: work, title: Work, effect: idempotent, exec: [head, -c, "20000", data]}
"""
missed = []


def report(what, value, bound, unit):
    if value > bound:
        missed.append(what)
    print(f"{what:<58} {value:>9.2f} {unit:<3} at most {bound} {unit}  {'ok' if value <= bound else 'MISSED'}", flush=True)


def made(journal, word):
    """Seconds, MB of memory, MB of the report."""
    out = journal.parent / f"report.{word}"
    begin = time.monotonic()
    process = subprocess.Popen([RUNBOOK, "report", "last", "--journal", str(journal), "--format", word, "--out", str(out)], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.monotonic() - begin, usage.ru_maxrss / 1024, out.stat().st_size / 1e6


def ten_thousand(folder):
    (folder / "data").write_bytes(os.urandom(7500).hex().encode() + b"\n" * 5000)
    (folder / "book.yaml").write_text(BOOK)
    (folder / "inputs.yaml").write_text(f"items: [{', '.join(f'i{n}' for n in range(10_000))}]\n")
    journal = folder / "big.db"
    subprocess.run([RUNBOOK, "run", "book.yaml", "--inputs", "inputs.yaml", "--journal", str(journal)], cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for word in FORMATS:
        took = [made(journal, word) for _ in range(3)]
        report(f"10,000 steps, 200 MB, {word}", statistics.median(each[0] for each in took), 2, "s")
        report(f"10,000 steps, 200 MB, {word}, memory", max(each[1] for each in took), 100, "MB")
        if word == "html":
            report("10,000 steps, 200 MB, size of the page", took[0][2], 25, "MB")


def imrt(folder):
    journal = folder / "imrt.db"
    child = pexpect.spawn(RUNBOOK, ["walk", str(IMRT), "--rehearse=resumed", "--journal", str(journal)], encoding="utf-8", timeout=120, dimensions=(50, 100),
                          env={**os.environ, "LANG": "C.UTF-8"})
    Walker(child, lambda walker: walker.child.sendline("retry")).until()
    child.expect(pexpect.EOF)
    for word in FORMATS:
        took = [made(journal, word)[0] for _ in range(11)]
        report(f"IMRT on AWS, {word}", 1000 * statistics.median(took), 50, "ms")


def main():
    with tempfile.TemporaryDirectory() as folder:
        imrt(Path(folder))
        ten_thousand(Path(folder))
    print(f"{len(missed)} bounds missed" if missed else "every bound is kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
