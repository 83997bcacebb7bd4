#!/usr/bin/python3
"""One driver: two engines that take up a run at the same moment, politely and by force; an engine that is stopped, taken over and woken, with
an effect of its own process under its hands.

drivers.py --rounds 200 [--seed N]
drivers.py --in-process --rounds 30   the stories for which RUNBOOK_BINARY has the step type `counting`"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import fault
import oracle
from books import COUNTING, THREE, effect
from fault import Case, Trial, Wrong, stat_of
from seeds import seed

GATED = f"""
runbook: gated
steps:
  - id: gated
    title: Wait at the gate
    shell: |
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.01; done
      {effect("gated")}
  - {{id: after, title: After it, shell: '{effect("after")}'}}
"""


class Race(Trial):
    """Two engines; whatever happens, one of them brings the run to its end."""

    def __init__(self, book, folder, text=None):
        super().__init__(Case(book.name), folder)
        if text:
            (folder / "book.yaml").write_text(text)

    def until(self, condition, what):
        deadline = time.monotonic() + fault.PATIENCE
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise Wrong(f"waited in vain for {what}")
            time.sleep(0.001)
        return found

    def begun(self):
        return self.world.lines("begun")

    def resume(self, *words):
        return self.begin(["run", "book.yaml", "--resume", "--non-interactive", *words])

    def committed(self):
        """A step in the engine's own process has said that its effect follows."""
        return list(self.folder.rglob("sent"))

    def leave_it_running(self, *, supervisor_too=False, where=None):
        """An engine begins the gated step, and is killed."""
        engine = self.begin(["run", "book.yaml", "--non-interactive"])
        self.until(where or self.begun, "the step to begin")
        pids = [pid for pid in self.living() if pid != engine.pid] if supervisor_too else []
        for pid in [engine.pid, *pids]:
            self.signal(pid, signal.SIGKILL)
        self.ended(engine)
        self.until(lambda: all((stat_of(pid) or "Z")[0] in "ZX" for pid in pids), "their end")

    def drivers(self):
        """Epochs after the first, and how each began."""
        (_, events), = oracle.rows(self.world.journal)[1].items()
        return [event["body"]["how"] for _, _, event in events if event["kind"] == "driven"]

    def expect(self, condition, what):
        if not condition:
            raise Wrong(f"{what}\n{(self.folder / 'engines.log').read_text()}")

    def expect_end(self, effects):
        self.told.wrong += oracle.judge(self.world.journal, self.world.lines())
        steps = [line.split(" ")[0] for line in self.world.lines()]
        self.expect(set(steps) == set(effects), f"effects {self.world.lines()}")     # how often is the oracle's
        self.expect(self.runs()[-1][1:] == ("succeeded", True), f"the run is {self.runs()}")
        self.expect(self.world("verify", "last").code == 0, "verify")
        self.until(lambda: not self.living(), "everybody's end")


def two_politely(race, rng):
    """The first of them drives, the other is told who does, and changes nothing."""
    race.leave_it_running()
    pair = [race.resume(), race.resume()]
    refused = race.until(lambda: [each for each in pair if each.poll() is not None], "one to be refused")[0]
    (race.folder / "gate").touch()
    codes = sorted(race.ended(each) for each in pair)
    race.expect(refused.returncode == 5 and codes == [0, 5], f"exit codes {codes}")
    race.expect(race.drivers() == ["resume"], f"driven by {race.drivers()}")
    race.expect_end(["gated", "after"])


def two_by_force(race, rng):
    """One ends the other, or finds it ended; nobody else's write or effect follows."""
    race.leave_it_running()
    pair = [race.resume("--take-over"), race.resume("--take-over")]
    race.until(lambda: [each for each in pair if each.poll() is not None], "one to be ended")
    (race.folder / "gate").touch()
    codes = sorted(race.ended(each) for each in pair)
    race.expect(codes in ([-signal.SIGKILL, 0], [0, 5]), f"exit codes {codes}")
    race.expect(1 <= len(race.drivers()) <= 2, f"driven by {race.drivers()}")
    race.expect_end(["gated", "after"])


def two_when_nothing_runs(race, rng):
    """The supervisor died too: nothing holds them apart but the lock. The gate is open, so each may find the other one done."""
    race.leave_it_running(supervisor_too=True)
    (race.folder / "gate").touch()
    pair = [race.resume("--on-doubt", "gated=retry"), race.resume("--on-doubt", "gated=retry")]
    codes = sorted(race.ended(each) for each in pair)
    race.expect(codes in ([0, 5], [0, 0]), f"exit codes {codes}")
    race.expect(len(race.drivers()) == 1, f"driven by {race.drivers()}")
    race.expect_end(["gated", "after"])


def stopped_and_woken(race, rng):
    """An effect in the engine's own process: who takes over ends the engine first, so that waking it has no effect any more."""
    (race.folder / "gate").unlink()
    first = race.begin(["run", "book.yaml", "--non-interactive"])
    race.until(race.begun, "the step to begin")
    os.kill(first.pid, signal.SIGSTOP)
    race.until(lambda: race.is_stopped(first.pid), "it to be stopped")
    (race.folder / "gate").touch()
    second = race.resume("--take-over")
    if rng.random() < 0.5:
        race.until(lambda: race.drivers() or first.poll() is not None, "the second to drive")
    race.signal(first.pid, signal.SIGCONT)      # at once, or later
    code = race.ended(second)
    race.expect(race.ended(first) in (-signal.SIGKILL, 0), f"the first exited with {first.returncode}")
    if code == 4:
        settle_counted(race)
    race.expect_end(["counted", "again", "after"])


def settle_counted(race):
    """In doubt, and the effects tell what is true."""
    record, = oracle.read(race.world.journal)
    done = race.happened("counted", record)
    race.call("resolve", "last", "counted", "done" if done else "retry", "--because", "looked")
    race.expect(race.ended(race.resume()) == 0, "it goes on")


def killed_in_its_own_process(race, rng):
    """No process, no line in the supervisor's log; all the same its effect may have come: only its own type can say what became of it."""
    (race.folder / "answer").unlink()
    race.leave_it_running(supervisor_too=rng.random() < 0.5, where=race.committed)
    code = race.ended(race.resume())
    race.expect(code == 4 and race.in_doubt() == ["counted"], f"exit {code}, in doubt {race.in_doubt()}")
    (race.folder / "answer").touch()
    settle_counted(race)
    race.expect(len(race.begun()) == 3, f"begun: {race.begun()}")
    race.expect_end(["counted", "again", "after"])


def killed_before_its_effect(race, rng):
    """It has begun, and never said that its effect follows: nothing is in doubt, and it begins anew."""
    (race.folder / "gate").unlink()
    race.leave_it_running(supervisor_too=rng.random() < 0.5)
    second = race.resume()
    race.until(lambda: len(race.begun()) == 2, "it to begin anew")
    (race.folder / "gate").touch()
    race.expect(race.ended(second) == 0, "it goes on")
    race.expect(len(race.begun()) == 3, f"begun: {race.begun()}")
    race.expect_end(["counted", "again", "after"])


STORIES = {two_politely: (THREE, GATED, 4), two_by_force: (THREE, GATED, 4), two_when_nothing_runs: (THREE, GATED, 2),
           stopped_and_woken: (COUNTING, None, 2), killed_in_its_own_process: (COUNTING, None, 1),
           killed_before_its_effect: (COUNTING, None, 1)}


def run_one(job):
    story, seed = job
    book, text, _ = STORIES[story]
    folder = Path(tempfile.mkdtemp(prefix="drivers-", dir=os.environ.get("CRASH_TMP")))
    race = Race(book, folder, text)
    try:
        story(race, random.Random(seed))
    except (Wrong, AssertionError) as problem:
        race.told.wrong.append(str(problem))
    race.sweep()
    if not race.told.wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return story.__name__, [f"{sentence} (kept in {folder})" for sentence in race.told.wrong]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=200)
    words.add_argument("--in-process", action="store_true")
    words.add_argument("--seed", type=int, default=seed())
    words = words.parse_args()
    print(f"seed {words.seed} (again: RUNBOOK_TEST_SEED={words.seed})", flush=True)
    rng, began, rounds, wrong = random.Random(words.seed), time.monotonic(), Counter(), []
    in_turn = [story for story, (book, _, share) in STORIES.items() if book.in_process == words.in_process for _ in range(share)]
    count = words.rounds * (10 if os.environ.get("RUNBOOK_EXHAUST") else 1)
    jobs = [(in_turn[i % len(in_turn)], rng.random()) for i in range(count)]
    with ProcessPoolExecutor(2, initializer=fault.adopt_orphans) as pool:
        for name, sentences in pool.map(run_one, jobs):
            rounds[name] += 1
            wrong += [f"{name}: {sentence}" for sentence in sentences]
    print(*(f"{count:5} {name}" for name, count in rounds.items()), sep="\n")
    print(f"{count} rounds, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
