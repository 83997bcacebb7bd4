"""The power goes at every call that changes a file of the run, and what was not synced is lost, in every combination: the journal newer
than the supervisor's log, the log newer than the journal, its last record torn, the head torn. Then the machine starts anew (another
boot id). Right, in doubt for a step that may not run twice, or exit 6 that names the loss and the way on; never a second effect."""

import random
import shutil
import uuid
from pathlib import Path

import pytest

from faults import Fault
from seeds import EXHAUST
from test_storage import BOOK, RIGHT, SEED, done_with, fresh_world
from world import is_alive, kill, until

TRACKED, CHANGES = "*/journal.db*", "write sync truncate allocate rename"


def all_dead(made):
    """The power takes the steps too, and what they forked since somebody looked: it would have its effect afterwards."""
    while alive := [pid for pid in made.left() if is_alive(pid)]:
        kill(*alive)


def image_of(images, path):
    return images / str(path).replace("/", "%")


def lose(images, path):
    """Back to its last sync; a file that never saw one may be gone with its name."""
    image = image_of(images, path)
    if image.exists():
        shutil.copy(image, path)
    elif path.name == "journal.db":
        path.write_bytes(b"")
    else:
        path.unlink(missing_ok=True)


def tear(path, count, zeros=False):
    if path.exists() and path.stat().st_size > count:
        whole = path.read_bytes()
        path.write_bytes(whole[:-count] + bytes(count if zeros else 0))


def tear_head(path, line):
    if path.exists():
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) // 2 + 40] if line else bytes(40) + whole[40:])


def of_database(made):
    return [made.folder / f"journal.db{suffix}" for suffix in ("", "-wal")]


def of_run(made, *names):
    return [path for folder in Path(f"{made.journal}.d").glob("*") for path in folder.iterdir() if path.name in names]


# What a disk may make of what was not synced.
LOSSES = {
    "nothing is lost": lambda made, images: None,
    "all that was not synced is lost": lambda made, images: [lose(images, path) for path in of_database(made) + of_run(made, "head", "log")],
    "the journal is newer": lambda made, images: [lose(images, path) for path in of_run(made, "head", "log")],
    "the journal is older": lambda made, images: [lose(images, path) for path in of_database(made)],
    "the log's last record is torn": lambda made, images: [tear(path, 5) for path in of_run(made, "log")],
    "the log ends in zeros": lambda made, images: [tear(path, 30, zeros=True) for path in of_run(made, "log")],
    "the head is torn in its first line": lambda made, images: [tear_head(path, 0) for path in of_run(made, "head")],
    "the head is torn in its second line": lambda made, images: [tear_head(path, 1) for path in of_run(made, "head")],
}


def cut_at(n, loses):
    """None: the run ended before. Else how it came out: same, in doubt, told (exit 6)."""
    made = fresh_world()
    made.write(BOOK)
    images = made.folder / "images"
    images.mkdir()
    fault = Fault(made.folder, TRACKED, CHANGES, at=n, lasting="cut", images=images)
    made.start(**fault.env).wait(timeout=300)
    if not fault.hits:
        done_with(made)
        return None
    all_dead(made)
    loses(made, images)
    note = f"RUNBOOK_TEST_SEED={SEED} {n}: {fault.last}"
    boot = made.folder / "boot_id"
    boot.write_text(f"{uuid.UUID(int=n)}\n")
    outcome = go_on_elsewhere(made, Fault(made.folder, boot_id=boot).env, note)
    done_with(made)
    return outcome


def go_on_elsewhere(made, env, note):
    doubts = 0
    for _ in range(6):
        result = made.resume(**env) if made.show() else made.run(**env)
        if result.code == 6:
            assert "hint: " in result.err and ("lost" in result.err or "lacks" in result.err), (note, result)
            assert len(set(made.lines())) == len(made.lines()), (note, made.lines())
            return "told"
        if result.code != 4:
            break
        doubts += 1
        for step in [step["id"] for step in made.show()["steps"] if step["state"] == "in_doubt"]:
            has_happened = any(line.startswith(step) for line in made.lines())
            given = ["--set", "port=8080"] if step == "one" and has_happened else []
            settled = made("resolve", "last", step, "done" if has_happened else "retry", "--because", "looked", *given)
            assert settled.code == 0, (note, settled)
    return require_once(made, result, doubts, note)


def require_once(made, result, doubts, note):
    """Of a step that ended well, but whose secret was in the memory of its supervisor, it is said that it ran; then a person decides."""
    lines = made.lines()
    assert len(set(lines)) == len(lines), (note, lines, made.folder)
    has_lost_its_secret = result.code == 1 and "`login`" in result.err and ("it ran and exited with 0, but" in result.err or doubts)
    assert result.code == 0 and lines == RIGHT or has_lost_its_secret, (note, result, lines, made.folder)
    verified = made("verify", "last")
    assert verified.code == 0, (note, verified)
    return "in doubt" if doubts else "same" if result.code == 0 else "without its secret"


def test_the_power_goes_at_every_call_and_nothing_runs_twice():
    made = fresh_world()
    made.write(BOOK)
    fault = Fault(made.folder, TRACKED, CHANGES)
    assert made.run(**fault.env).code == 0
    count = fault.met
    done_with(made)
    drawn = range(1, count + 1) if EXHAUST else sorted(random.Random(SEED).sample(range(1, count + 1), 6))
    for name, loses in LOSSES.items():
        outcomes = [cut_at(n, loses) or cut_at(1 + n // 2, loses) for n in drawn]     # a run may end before a point at its end
        table = {outcome: outcomes.count(outcome) for outcome in ("same", "in doubt", "without its secret", "told")}
        print(f"RUNBOOK_TEST_SEED={SEED} {name}: {len(drawn)} points, {table}")
        assert sum(table.values()) == len(drawn)
        assert table["told"] == 0 or name == "the journal is older", table


PAY = """
runbook: pay
steps:
  - {id: pay, title: Pay, shell: 'echo paid >> "$W/effects"; until [ -e "$W/gate" ]; do sleep 0.02; done'}
"""


@pytest.mark.parametrize("is_log_left", [True, False])
def test_who_goes_on_after_that_may_die_too_and_the_step_is_still_in_doubt(is_log_left):
    """The log of that one tells nothing of what was lost: the step had begun, and its record never reached the disk."""
    deaths = 0
    for at in range(1, 41) if EXHAUST else range(16, 26):
        made = fresh_world()
        made.write(PAY)
        engine = made.start()
        until(made.lines, "the step to have had its effect")
        log, = of_run(made, "log")
        head = log.read_text().splitlines(keepends=True)[0]
        kill(engine.pid)
        engine.wait()
        all_dead(made)
        log.write_text(head) if is_log_left else log.unlink()
        boot = made.folder / "boot_id"
        boot.write_text(f"{uuid.UUID(int=at)}\n")
        again = Fault(made.folder, TRACKED, CHANGES, at=at, lasting="cut", images=made.folder, boot_id=boot)
        made.start("--resume", **again.env).wait(timeout=300)
        all_dead(made)
        deaths += again.hits
        note = f"{at}: {again.last}"
        last = made.resume(**Fault(made.folder, boot_id=boot).env)
        assert last.code == 4 and made.lines() == ["paid"], (note, last, made.lines())
        done_with(made)
    assert deaths > 3
