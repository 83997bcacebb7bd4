"""One case: a runbook, faults at points of its engines, what becomes of who was stopped; run to the end, and what that came to.

The binary is RUNBOOK_BINARY, the shim CRASH_SHIM; each case has a folder in CRASH_TMP, or where temporary files lie."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import oracle
from books import BOOKS, mend, prepare
from processes import adopt_orphans, descendants, reap_orphans, stat_of
from world import BINARY, World

SHIM = Path(os.environ.get("CRASH_SHIM", Path(BINARY).parent / "tests" / "crash" / "libcrash_shim.so"))
PATIENCE = 120
LOST_OUTPUTS = "held by the supervisor, which died"
MOST_ENGINES = 25


@dataclass(frozen=True)
class Case:
    """`faults`: for each engine in turn "point#n=action;...". `then`: continue | kill | take-over, for who was stopped."""
    book: str
    faults: tuple = ()
    then: str = ""

    def __str__(self):
        return "|".join([self.book, "/".join(self.faults), self.then])

    @staticmethod
    def parse(text):
        book, faults, then = text.split("|")
        return Case(book, tuple(faults.split("/")) if faults else (), then)

    def points(self):
        return [fault.partition("#")[0] for plan in self.faults for fault in plan.split(";") if fault]

    def actions(self):
        return [fault.partition("=")[2] for plan in self.faults for fault in plan.split(";") if fault]

    def kills(self, who):
        was_stopped = self.then == "kill" and any(action.startswith("stop:") and who in action for action in self.actions())
        return was_stopped or any(action.startswith("kill:") and who in action[5:] for action in self.actions())


@dataclass
class End:
    """What a run came to, as far as it must not depend on what happened to it."""
    effects: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    outputs: object = None
    state: str = ""
    kept: dict = field(default_factory=dict)


@dataclass
class Told:
    case: Case
    hits: int = 0            # faults that were suffered
    is_hit: bool = True      # the last one was: those before it may find no occasion any more
    doubts: dict = field(default_factory=dict)
    lost: set = field(default_factory=set)       # steps whose outputs died with the supervisor
    left_out: set = field(default_factory=set)   # steps
    spared: set = field(default_factory=set)     # effects, see the oracle
    wrong: list = field(default_factory=list)
    trace: list = field(default_factory=list)    # of each engine, point: hits
    folder: str = ""
    end: End = None

    def verdict(self):
        if self.wrong or not self.is_hit:
            return "wrong" if self.wrong else "unhit"
        return "in doubt" if self.doubts else "lost" if self.lost else "same"


class Wrong(Exception):
    pass


class Trial:
    """Runs a case in a folder of its own."""

    def __init__(self, case, folder):
        self.case, self.book = case, BOOKS[case.book]
        self.world = World(folder)
        self.world.journal = folder / "state" / "journal.db"
        self.world.env |= {"RUNBOOK_JOURNAL": str(self.world.journal), "XDG_CONFIG_HOME": str(folder), **self.book.env}
        prepare(self.book, folder)
        (folder / "trace").touch()
        self.folder, self.told = folder, Told(case, folder=str(folder))
        self.engines, self.processes, self.paused_at, self.seen_to, self.cancels = 0, [], set(), set(), False

    # One engine

    def command(self):
        words = ["--non-interactive", *self.book.words]
        if not self.runs():
            return ["run", "book.yaml", *words]
        self.hurry()
        self.look_before_going_on()
        if self.cancels:
            return list(self.book.leaves_by)
        return ["run", "book.yaml", "--resume", *words, *self.book.resumed_by, *self.decided_beforehand()]

    def begin(self, words, plan=None):
        env = self.world.env
        if plan is not None:
            asan = {"ASAN_OPTIONS": ":".join(filter(None, [env.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))}
            env = {**env, **asan, "LD_PRELOAD": str(SHIM), "CRASH_DIR": str(self.folder), "CRASH_FAULTS": plan}
        with open(self.folder / "engines.log", "a") as log:
            log.write(f"--- {' '.join(words)}   {plan or ''}\n")
            log.flush()
            process = subprocess.Popen([BINARY, *words], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def run_engine(self):
        """Its exit code, once it ended; who was stopped has gone on or is dead."""
        before = len(self.suffered())
        process = self.begin(self.command(), self.next_plan())
        if "stop:" in ";".join(self.case.faults[:self.engines]):     # an earlier engine's supervisor may be the one
            process = self.after_stop(process, before)
        return self.ended(process)

    def next_plan(self):
        """The faults of the next engine; None: it is not watched."""
        plan = self.case.faults[self.engines] if self.engines < len(self.case.faults) else None
        with open(self.folder / "trace", "a") as trace:
            trace.write(f"engine {self.engines}\n")
        self.engines += 1
        return plan

    def ended(self, process):
        """One that waits for a step that is late is helped."""
        for _ in range(PATIENCE // 3):
            try:
                return process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self.hurry()
            if self.cancels:
                process.terminate()
        raise Wrong(f"an engine does not end within {PATIENCE} s")

    def after_stop(self, engine, before):
        stopped = self.wait_for(lambda: [line for line in self.suffered()[before:] if "stop:" in line], engine)
        if not stopped:
            return engine
        who, *pids = stopped[0].rpartition("stop:")[2].split(" ")
        standing = [int(pid) for letter, pid in zip("es", pids) if letter in who and int(pid)]
        for pid in standing:
            self.wait_for(lambda pid=pid: self.is_stopped(pid), engine)
        if self.case.then == "take-over" and self.runs() and self.noted("engine"):
            return self.take_over(engine, [int(pid) for pid in pids if int(pid) != engine.pid])
        for pid in standing:
            self.signal(pid, signal.SIGKILL if self.case.then == "kill" else signal.SIGCONT)
        for pid in pids:            # the other one was stopped too where a message was to stay unread
            self.signal(int(pid), signal.SIGCONT)
        return engine

    def take_over(self, engine, others):
        """The one that drives it from now on, or has."""
        for pid in others:
            self.signal(pid, signal.SIGCONT)
        self.hurry()
        plan = self.next_plan()
        second = self.begin(["run", "book.yaml", "--resume", "--take-over", "--non-interactive", *self.book.words, *self.book.resumed_by], plan)
        if plan is None:
            self.signal(engine.pid, signal.SIGCONT)         # at once: it may be ended, or go on for a while
        code = self.ended(second)
        self.signal(engine.pid, signal.SIGCONT)             # and later
        was_ended = self.ended(engine) == -signal.SIGKILL
        return second if was_ended or code not in (2, 5, -signal.SIGKILL) else engine

    # What is seen from outside

    def runs(self):
        return oracle.runs_of(self.world.journal)

    def suffered(self):
        try:
            return [line for line in (self.folder / "trace").read_text().split("\n") if " ! " in line]
        except OSError:
            return []

    def noted(self, name):
        try:
            return int((self.folder / name).read_text() or 0)
        except (OSError, ValueError):
            return 0

    def is_stopped(self, pid):
        stat = stat_of(pid)
        return stat is None or stat[0] in "TtZX"

    def is_ours(self, pid):
        return f"W={self.folder}" in environment_of(pid)

    def signal(self, pid, number):
        if pid and self.is_ours(pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill_child(self, pid):
        """Whose attempt it is, is written down as the shim does it; it stands still meanwhile, lest an exec comes between."""
        deadline = time.monotonic() + PATIENCE
        while not self.is_stopped(pid) and time.monotonic() < deadline:
            self.signal(pid, signal.SIGSTOP)
            time.sleep(0.0001)
        marks = [word.partition("=")[2] for word in environment_of(pid) if word.startswith("RUNBOOK_ATTEMPT=")]
        with open(self.folder / "killed", "a") as killed:
            killed.writelines(f"{mark}\n" for mark in marks)
        self.signal(pid, signal.SIGKILL)

    def killed_attempts(self):
        """(run, attempt)"""
        path = self.folder / "killed"
        marks = [line.partition("/") for line in path.read_text().split()] if path.exists() else []
        return {(run, int(n)) for run, _, n in marks}

    def wait_for(self, condition, engine):
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            if engine.poll() is not None:
                return condition()
            if time.monotonic() > deadline:
                raise Wrong("who should be stopped is not")
            time.sleep(0.001)
        return found

    def living(self):
        """Every process of this world: engines, supervisors, steps and what they left. Orphans among them are children of this process."""
        mine = {process.pid for process in self.processes if process.poll() is not None}
        return [pid for pid in descendants(os.getpid()) if pid not in mine and (stat_of(pid) or "Z")[0] not in "ZX"]

    def kills(self, who):
        return self.case.kills(who)

    # The person

    def call(self, *words, accept=(0,)):
        result = self.world(*words)
        if result.code not in accept:
            raise Wrong(f"`{' '.join(words)}`: {result}")
        return result

    def go_on(self, code):
        """False: it is over."""
        runs = self.runs()
        if len(runs) > 1:
            raise Wrong(f"there are {len(runs)} runs")
        if runs and runs[0][2]:
            return False
        if code == 3:
            self.answer()
        elif code == 4:
            self.settle()
        elif code == 1:
            self.look_at_failure()
        elif code == 0 or (code == 2 and runs) or code not in (0, 2, 130, -signal.SIGKILL, -signal.SIGTERM):
            raise Wrong(f"an engine exited with {code}, and the run is {runs}")
        return True

    def answer(self):
        for question in self.world.show()["questions"]:
            step = question["step"]
            if question["about"] == "overdue":
                continue        # seen to before the next engine
            if step not in self.paused_at:
                self.paused_at.add(step)
                for words in self.book.at_pause.get(step, ()):
                    self.call(*words)
            values = [word for name, value in self.book.values.get(step, {}).items() for word in ("--set", f"{name}={value}")]
            self.call("confirm", "last", step, *values)

    def hurry(self):
        """A step that runs longer than it should is seen to: an engine that goes on simply waits for it."""
        for record in oracle.read(self.world.journal) if self.runs() else ():
            for step in record.overdue & set(record.open):
                self.cancels = self.cancels or bool(self.book.leaves_by) or not mend(self.book, self.folder, step)

    def happened(self, step, record):
        return (step, record.run, record.last.get(step, 0)) in oracle.effects(self.world.lines())    # 0: only a look was killed

    def in_doubt(self):
        return [step["instance"] for step in self.world.show()["steps"] if step["state"] == "in_doubt"]

    def settle(self):
        """Truthfully: what happened is done, what did not is tried again."""
        record, = oracle.read(self.world.journal)
        for step in self.in_doubt():
            self.doubt(step, record.attempts[record.last[step]], self.logged(record.run, record.last[step]))
            if self.book.decides_beforehand:
                continue
            choice = "done" if self.happened(step, record) else "retry"
            if choice == "done":
                mend(self.book, self.folder, step)
            if choice == "done" and step in self.book.by_hand:
                name, text = self.book.by_hand[step]
                (self.folder / name).write_text(text)
            values = self.book.values.get(step, {}) if choice == "done" else {}
            self.call("resolve", "last", step, choice, "--because", "looked", *[w for k, v in values.items() for w in ("--set", f"{k}={v}")])

    def doubt(self, step, attempt, letters):
        """In order for what must not run twice, if the supervisor's log can't tell how it ended, or somebody ended it."""
        self.told.doubts[step] = attempt.effect
        if self.book.in_process and attempt.instance != "after":
            if not self.kills("e") and self.case.then != "take-over":
                self.told.wrong.append(f"{step} was in doubt, though no engine died")
            return
        if attempt.effect not in oracle.NEVER_TWICE:
            self.told.wrong.append(f"{step} ({attempt.effect}) was in doubt")
        if not letters & set("TC") and ("E" in letters or "S" not in letters):
            self.told.wrong.append(f"{step} was in doubt, though the log of the supervisor tells of it: {sorted(letters)}")
        if not letters & set("TC") and not self.kills("s"):
            self.told.wrong.append(f"{step} was in doubt, though no supervisor died")

    def logged(self, run, n):
        """Which lines the supervisors wrote of an attempt."""
        lines = [line.split(" ") for line in Path(f"{self.world.journal}.d", run, "log").read_text().split("\n")]
        return {line[0] for line in lines if len(line) > 2 and line[1] == str(n)}

    def decided_beforehand(self):
        if not self.book.decides_beforehand or not self.told.doubts:
            return []
        record, = oracle.read(self.world.journal)
        return [word for step in self.in_doubt()
                for word in ("--on-doubt", f"{step}={'done' if self.happened(step, record) else 'retry'}")]

    def look_at_failure(self):
        """What failed is mended; else somebody simply goes on."""
        shown = self.world.show() if self.runs() else None
        for step in shown["steps"] if shown else ():
            if step["state"] != "failed":
                continue
            instance = step["instance"]
            if self.was_killed(step["why"]) or self.are_outputs_lost(instance, step["why"]):
                continue        # seen to before the next engine
            if mend(self.book, self.folder, instance):
                continue
            if not self.book.leaves_by:
                raise Wrong(f"{instance} failed: {step['why']}")
            self.cancels = True

    def look_before_going_on(self):
        """An engine may have died before it could say that a step has failed."""
        for record in oracle.read(self.world.journal):
            for step, why in record.failed.items():
                attempt = step, record.last[step]
                if attempt in self.seen_to or not self.happened(step, record):
                    continue
                self.seen_to.add(attempt)
                if self.are_outputs_lost(step, why):
                    self.lose(step)
                elif self.was_killed(why) and step in {*self.book.values, *self.book.by_hand}:
                    self.take_back(step)
                elif self.was_killed(why):
                    self.leave_out(step)

    def are_outputs_lost(self, step, why):
        """With the supervisor that held them in memory; who came to write them after its death found no file."""
        found_no_file = "exited with 1" in why and step in self.book.values and self.book.env and self.kills("s")
        return LOST_OUTPUTS in why or bool(found_no_file)

    def was_killed(self, why):
        return "signal 9" in why and (self.kills("c") or self.kills("g"))

    def leave_out(self, step):
        """It was killed behind its effect."""
        self.told.left_out.add(step)
        mend(self.book, self.folder, step)
        self.call("skip", "last", step, "--because", "it was killed after its effect")

    def lose(self, step):
        """It ran, and what it gave is gone with the supervisor's memory."""
        self.told.lost.add(step)
        if not self.kills("s") or not self.book.env:
            self.told.wrong.append(f"the outputs of {step} are lost, though no supervisor died or none had to be held in memory")
        self.take_back(step)

    def take_back(self, step):
        """The person takes its effect back by hand, to have it done anew with what it gives."""
        kept = [line for line in self.world.lines() if line.split(" ")[0] != step]
        (self.folder / "effects").write_text("".join(f"{line}\n" for line in kept))

    # The whole

    def run(self):
        try:
            for _ in range(MOST_ENGINES):
                if not self.go_on(self.run_engine()):
                    break
            else:
                raise Wrong(f"it does not come to an end in {MOST_ENGINES} engines")
            self.judge()
        except Wrong as problem:
            self.told.wrong.append(str(problem))
        except Exception as problem:      # whose fault it is has to be found out with this case
            self.told.wrong.append(repr(problem))
        self.told.hits = len(self.suffered())
        if self.case.actions():
            point, n = re.findall(r"([^;/]*)#(\d+)=", "/".join(self.case.faults))[-1]
            self.told.is_hit = any(f" ! {point} {n} " in line for line in self.suffered())
        self.told.trace = self.read_trace()
        self.sweep()
        return self.told

    def judge(self):
        lines = self.world.lines()
        self.told.spared = oracle.spared_effects(self.world.journal, lines, self.killed_attempts(), self.book.tries)
        self.told.wrong += oracle.judge(self.world.journal, lines, self.told.spared)
        verified = self.world("verify", "last")
        if verified.code != 0 or "consistent" not in verified.out:
            self.told.wrong.append(f"verify: {verified}")
        self.told.end = self.end()
        deadline = time.monotonic() + PATIENCE
        while (left := self.living()) and time.monotonic() < deadline:
            time.sleep(0.01)
        if left:
            self.told.wrong.append(f"still alive: {[command_of(pid) for pid in left]}")

    def end(self):
        shown = self.world.show()
        other = {"cancelled": "not done"}.get(self.book.end)     # how far it had come depends on the moment

        def is_done(step):
            return step["state"] in ("succeeded", "satisfied") or step["state"] == "skipped" and step["instance"] in self.told.left_out
        steps = {step["instance"]: ("done" if is_done(step) else other or step["state"], without_secrets(step["outputs"])) for step in shown["steps"]}
        counts = {}
        for one in oracle.effects(self.world.lines()):
            counts[one[0]] = counts.get(one[0], 0) + (one not in self.told.spared)
        kept = {name: (self.folder / name).read_text() for name in self.book.kept if (self.folder / name).exists()}
        return End(counts, steps, shown["outputs"], shown["state"], kept)

    def read_trace(self):
        """For each engine, with the supervisor that it forked: how often each point was hit."""
        lines = (self.folder / "trace").read_text().split("\n")
        engines, owner = [], {}
        for line in lines:
            words = line.split(" ")
            if words[0] == "engine":
                engines.append({})
            elif len(words) == 3 and engines:
                hits = engines[owner.setdefault(words[0], len(engines) - 1)]
                hits[words[1]] = max(hits.get(words[1], 0), int(words[2]))
        return engines

    def sweep(self):
        for pid in self.living():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:      # who started it has reaped it since
                pass
        for process in self.processes:
            process.wait(timeout=PATIENCE)
        reap_orphans({process.pid for process in self.processes})


def environment_of(pid):
    return words_of(pid, "environ")


def command_of(pid):
    return " ".join(words_of(pid, "cmdline"))


def words_of(pid, name):
    """None of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def without_secrets(outputs):
    """Who says that a step is done does not give its secrets: they are found where it keeps them."""
    return {name: value for name, value in outputs.items() if value != "[secret]"}


def compare(told, unbroken):
    """Adds to `wrong` what differs from the unbroken run."""
    record_effects, end = unbroken
    if told.end is None:
        return
    for name in ("steps", "outputs", "state", "kept"):
        ours, theirs = getattr(told.end, name), getattr(end, name)
        if ours != theirs:
            told.wrong.append(f"{name}: {ours}, unbroken {theirs}")
    for step in {*told.end.effects, *end.effects}:
        ours, theirs = told.end.effects.get(step, 0), end.effects.get(step, 0)
        is_never_twice = record_effects.get(step) in oracle.NEVER_TWICE
        if ours != theirs if is_never_twice else (ours > 0) != (theirs > 0):
            told.wrong.append(f"{ours} effects of {step} ({record_effects.get(step)}), unbroken {theirs}")


def run(case, unbroken=None, keep=False):
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=os.environ.get("CRASH_TMP")))
    told = Trial(case, folder).run()
    if unbroken:
        compare(told, unbroken)
    if told.wrong or keep:
        print(f"{case}: kept in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return told


def unbroken(book):
    """(the effect that each step declares, its end) of a run without faults."""
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=os.environ.get("CRASH_TMP")))
    trial = Trial(Case(book), folder)
    told = trial.run()
    if told.wrong:
        raise SystemExit(f"{book} goes wrong without any fault: {told.wrong}; kept in {folder}")
    record, = oracle.read(trial.world.journal)
    declared = {attempt.instance: attempt.effect for attempt in record.attempts.values()}
    shutil.rmtree(folder)
    return declared, told.end
