"""What a live view costs, as ratios within one run. Usage: terminal.py RUNBOOK

The same step that writes 1 GB is run into a pipe and at a pseudo-terminal; the same thousand steps too. Exits with 1 when a bound is missed."""

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RUNBOOK, = sys.argv[1:]
missed = []


def report(what, value, bound):
    if value > bound:
        missed.append(what)
    print(f"{what:<62} {value:>8.3f}  at most {bound}  {'ok' if value <= bound else 'MISSED'}", flush=True)


def drained(fd):
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass


def seconds(book, folder, at_terminal):
    env = {**os.environ, "RUNBOOK_JOURNAL": f"{tempfile.mkdtemp(dir=folder)}/j.db", "TERM": "xterm", "LANG": "C.UTF-8"}
    read, write = pty.openpty() if at_terminal else os.pipe()
    reader = threading.Thread(target=drained, args=(read,))
    reader.start()
    begin = time.monotonic()
    subprocess.run([RUNBOOK, "run", str(book), "--non-interactive"], env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=write)
    took = time.monotonic() - begin
    os.close(write)
    reader.join()
    return took


def ratio(book, folder, times):
    pairs = [(seconds(book, folder, True), seconds(book, folder, False)) for _ in range(times)]
    for live, plain in pairs:
        print(f"    at a terminal {live:.3f} s, into a pipe {plain:.3f} s, ratio {live / plain:.3f}", flush=True)
    return statistics.median(live / plain for live, plain in pairs)


def book(folder, name, steps):
    path = Path(folder) / f"{name}.yaml"
    path.write_text(f"runbook: {name}\nsteps:\n" + "".join(steps))
    return path


with tempfile.TemporaryDirectory() as world:
    flood = book(world, "flood", ['  - {id: flood, title: Write 1 GB, shell: "yes 0123456789012345678901234567890123456789 | head -c 1000000000 || true"}\n'])
    report("1 GB of output with the live view, in units of a pipe", ratio(flood, world, 3), 1.15)
    many = book(world, "many", [f'  - {{id: s{i}, title: Step {i}, exec: [sh, -c, "true"]}}\n' for i in range(1000)])
    report("1,000 steps with the live view, in units of a pipe", ratio(many, world, 3), 1.15)
print(f"{len(missed)} bounds missed" if missed else "every bound is kept")
sys.exit(1 if missed else 0)
