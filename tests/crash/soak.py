#!/usr/bin/python3
"""Random kills at random moments: of the engine, the supervisor, both, with what runs. Each run is brought to its end and judged.

soak.py --kills 500 [--seed N]"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import fault
from fault import Case, Trial
from seeds import seed

BOOKS = ("three", "effects", "outputs", "leaves", "refused")
MOST_KILLS = 10          # in one run
TARGETS = ("e", "e", "s", "es", "es", "esc", "ec", "c")


class Soak(Trial):
    """Its engines are killed from outside, whenever."""

    def __init__(self, book, folder, rng, kills):
        super().__init__(Case(book), folder)
        self.rng, self.left, self.killed, self.count = rng, kills, set(), 0

    def kills(self, who):
        return who in self.killed

    def run_engine(self):
        engine = self.begin(self.command())
        if self.left == 0:
            return self.ended(engine)
        self.left -= 1
        try:
            return engine.wait(timeout=self.rng.choice((0.02, 0.06, 0.15)) * self.rng.random())
        except subprocess.TimeoutExpired:
            self.kill_some(engine, self.rng.choice(TARGETS))
        return self.ended(engine)

    def kill_some(self, engine, who):
        """The one that is named first dies first."""
        parts = {"e": [], "s": [], "c": []}
        for pid in self.living():       # who started others comes before them
            parts[self.part(engine, pid, parts["s"])].append(pid)
        for letter in self.rng.sample(who, len(who)):
            for pid in parts[letter]:
                self.killed.add(letter)
                if letter == "c":
                    self.kill_child(pid)
                else:
                    self.signal(pid, signal.SIGKILL)
        self.count += 1

    def part(self, engine, pid, supervisors):
        if pid == engine.pid:
            return "e"
        if int((fault.stat_of(pid) or (0, 0))[1]) in supervisors:      # a step before its exec is one too
            return "c"
        try:
            is_ours = Path(f"/proc/{pid}/exe").samefile(fault.BINARY)
        except OSError:
            is_ours = False
        return "s" if is_ours else "c"


def run_one(job):
    seed, book, kills, unbroken = job
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=os.environ.get("CRASH_TMP")))
    soak = Soak(book, folder, random.Random(seed), kills)
    told = soak.run()
    fault.compare(told, unbroken)
    if not told.wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return soak.count, told, [f"{sentence} (kept in {folder})" for sentence in told.wrong], book


def runs(seed, kills, unbroken):
    """So many that the kills are done."""
    rng = random.Random(seed)
    while True:
        book = rng.choice(BOOKS)
        yield (rng.random(), book, rng.randint(1, MOST_KILLS), unbroken[book])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--kills", type=int, default=20_000 if os.environ.get("RUNBOOK_EXHAUST") else 500)
    words.add_argument("--seed", type=int, default=seed())
    words = words.parse_args()
    print(f"seed {words.seed} (again: RUNBOOK_TEST_SEED={words.seed})", flush=True)
    began, kills, doubts, spared, wrong, told = time.monotonic(), 0, 0, 0, [], Counter()
    with ProcessPoolExecutor(2, initializer=fault.adopt_orphans) as pool:
        unbroken = dict(zip(BOOKS, pool.map(fault.unbroken, BOOKS)))
        plans = runs(words.seed, words.kills, unbroken)
        while kills < words.kills:
            for count, end, sentences, book in pool.map(run_one, [next(plans) for _ in range(20)]):
                kills += count
                told[book] += 1
                doubts += len(end.doubts)
                spared += len(end.spared)
                wrong += [f"{book}: {sentence}" for sentence in sentences]
    print(f"{kills} kills in {sum(told.values())} runs ({', '.join(f'{n} {book}' for book, n in sorted(told.items()))}), {doubts} steps in doubt, "
          f"{spared} effects of attempts that were killed behind them and begun anew, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
