"""What must hold of a run, whatever happened to it: read from the journal by SQLite alone, and from the effects in the world."""

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field

NEVER_TWICE = ("once", "irreversible")


@dataclass
class Attempt:
    n: int
    instance: str
    effect: str
    group: int
    seq: int
    outcomes: int = 0
    why: str = ""                # of its outcome
    is_retried: bool = False     # it failed, and its retry policy lets another one follow
    is_followed: bool = False    # by that one, in its group


@dataclass
class Record:
    """A run as its events tell it; `wrong` holds what should not be."""
    run: str = ""
    attempts: dict = field(default_factory=dict)     # by number
    last: dict = field(default_factory=dict)         # of an instance
    open: dict = field(default_factory=dict)         # instance: number
    groups: Counter = field(default_factory=Counter)
    overdue: set = field(default_factory=set)        # instances
    failed: dict = field(default_factory=dict)       # instance: why
    wrong: list = field(default_factory=list)


def rows(journal):
    """Read only: the -wal stays as it is."""
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=60)
    try:
        runs = database.execute("SELECT n, run, state, ended_at_ms FROM runs ORDER BY n").fetchall()
        events = defaultdict(list)
        for id, epoch, text in database.execute("SELECT id, epoch, text FROM events ORDER BY id"):
            events[id >> 32].append((id & 0xFFFFFFFF, epoch, json.loads(text)))
        return runs, events
    finally:
        database.close()


def runs_of(journal):
    """(run, state, is it left), the newest last. A journal that is not there yet, or has no tables yet, has none."""
    try:
        return [(run, state, ended != 0) for _, run, state, ended in rows(journal)[0]] if journal.exists() else []
    except sqlite3.OperationalError:
        return []


def read(journal):
    runs, events = rows(journal)
    return [read_run(run, events[n]) for n, run, _, _ in runs]


def read_run(run, events):
    record = Record(run)
    last_seq = last_epoch = 0
    for seq, epoch, event in events:
        if seq != last_seq + 1:
            record.wrong.append(f"event {seq} follows event {last_seq}")
        if epoch < last_epoch:
            record.wrong.append(f"event {seq} has epoch {epoch} after {last_epoch}")
        if epoch > last_epoch and event["kind"] not in ("run_began", "driven"):
            record.wrong.append(f"event {seq} ({event['kind']}) begins epoch {epoch}")
        last_seq, last_epoch = seq, epoch
        take(record, seq, event)
    return record


def take(record, seq, event):
    kind, instance, n = event["kind"], event.get("instance", ""), event.get("attempt", 0)
    if kind in ("renewed", "undone"):
        for each in {instance, event["body"].get("by", instance)}:     # the undo of a step can be called again
            record.groups[each] += 1
            record.failed.pop(each, None)
    elif kind == "intent":
        begin(record, seq, event, instance, n)
    elif kind in ("ended", "exited", "doubted", "overdue", "verifying") and n:
        attempt = record.attempts.get(n)
        if attempt is None or attempt.instance != instance:
            record.wrong.append(f"event {seq} ({kind}) is of attempt {n} of {instance}, which never began")
        elif kind == "ended":
            end(record, seq, attempt, event["body"])
            if event["body"]["result"] == "failed" and "again" not in event["body"]:
                record.failed[instance] = event["body"].get("why", "")
        elif kind == "overdue":
            record.overdue.add(instance)
    elif kind == "skipped":
        record.open.pop(instance, None)
        record.failed.pop(instance, None)


def begin(record, seq, event, instance, n):
    if instance in record.open:
        record.wrong.append(f"event {seq}: attempt {n} of {instance} begins while {record.open[instance]} is open")
    if n in record.attempts:
        record.wrong.append(f"event {seq}: attempt {n} begins twice")
    before = record.attempts.get(record.last.get(instance))
    if before and before.group == record.groups[instance]:
        before.is_followed = True
    record.attempts[n] = Attempt(n, instance, event["body"]["effect"], record.groups[instance], seq)
    record.last[instance] = n
    record.open[instance] = n
    record.failed.pop(instance, None)       # what comes of this attempt counts


def end(record, seq, attempt, body):
    attempt.outcomes += 1
    attempt.is_retried = body["result"] == "failed" and "retry_at_ms" in body
    attempt.why = body.get("why", "")
    if attempt.outcomes > 1:
        record.wrong.append(f"event {seq}: attempt {attempt.n} of {attempt.instance} has a second outcome")
    record.open.pop(attempt.instance, None)


def effects(lines):
    """Lines "step RUN/attempt" as (step, run, attempt)."""
    found = []
    for line in lines:
        step, _, mark = line.partition(" ")
        run, _, n = mark.partition("/")
        found.append((step, run, int(n or 0)))
    return found


def spared_effects(journal, lines, killed, tries):
    """Effects of attempts that somebody outside killed behind them, and that the engine began anew because the runbook says so: one of each.
    `killed`: (run, attempt); `tries`: how often the runbook lets a step be begun."""
    counts, found = Counter(effects(lines)), set()
    for record in read(journal):
        retries = Counter()
        for attempt in record.attempts.values():
            if not attempt.is_retried or not attempt.is_followed:
                continue
            retries[attempt.instance, attempt.group] += 1
            is_allowed = retries[attempt.instance, attempt.group] < tries.get(attempt.instance, 1)
            its_effect = attempt.instance, record.run, attempt.n
            if is_allowed and "signal 9" in attempt.why and its_effect[1:] in killed and counts[its_effect] == 1:
                found.add(its_effect)
    return found


def judge(journal, lines, spared=frozenset()):
    """Sentences about what is wrong; none if all is well. Effects that are `spared` count for nothing in their group."""
    records = {record.run: record for record in read(journal)}
    wrong = [sentence for record in records.values() for sentence in record.wrong]
    counts = Counter()
    for step, run, n in effects(lines):
        attempt = records[run].attempts.get(n) if run in records else None
        if attempt is None or attempt.instance != step:
            wrong.append(f"an effect of {step}, attempt {n} of run {run}, of which the journal holds no intent")
            continue
        counts[run, step, attempt.group, attempt.effect] += (step, run, n) not in spared
    for (run, step, group, effect), count in counts.items():
        if count > 1 and effect in NEVER_TWICE:
            wrong.append(f"{count} effects of {step} ({effect}) in its group {group + 1} of run {run}")
    return wrong
