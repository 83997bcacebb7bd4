"""The journal's files after a crash: the -wal removed, cut at each frame and within it, a byte flipped in each frame; the file put back to
an older copy. Right, or exit 6 with a message that names what is lost and the way on; never a second effect."""

import random
import shutil

import pytest

from seeds import EXHAUST
from test_storage import SEED, done_with, fast_folder
from world import World, gated, kill, until

HEADER, FRAME = 32, 24 + 4096
BOOK = gated().replace("steps:", 'steps:\n  - id: one\n    title: Have an effect\n    shell: echo one >> "$W/effects"')


@pytest.fixture(scope="module")
def crashed():
    """Step `one` is done, `gated` was running when everything died: in doubt if the journal is whole."""
    made = World(fast_folder())
    made.write(BOOK)
    engine = made.start()
    until(lambda: made.lines("begun") and "\nP 2 " in (made.run_folder() / "log").read_text(), "the step to begin")
    kill(engine.pid, made.supervisor())
    engine.wait()
    kill(*made.step_processes())
    yield made
    done_with(made)


def copy_of(made):
    folder = fast_folder()
    shutil.copytree(made.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.out", "*.err", "sock"))
    return World(folder)


def wal_of(made):
    return made.folder / "journal.db-wal"


def frames_of(made):
    whole = wal_of(made).read_bytes()
    used = len(whole.rstrip(b"\0"))
    return range(HEADER, used, FRAME)


def require_refused(result):
    assert result.code == 6, result
    assert "lost" in result.err or "lacks run" in result.err, result
    assert "hint: " in result.err and "newest copy" in result.err, result


def require_right_or_told(made, note):
    """Gives "right" or "told"."""
    name = made.run_folder().name
    resumed = made.resume(name)
    assert resumed.code in (4, 6), (note, resumed)
    assert made.lines() == ["one"] and made.lines("begun") == ["begun"], (note, made.lines())
    verified, shown = made("verify", name), made("show", name)
    assert (verified.code == 0) == (resumed.code == 4), (note, resumed, verified)
    assert (shown.code == 0) == (resumed.code == 4), (note, shown)
    if resumed.code == 4:
        return "right"
    require_refused(resumed)
    require_refused(shown)
    settled = made("skip", name, "after", "--because", "x")
    assert settled.code == 6, (note, settled)
    if made("runs").out == "":
        require_refused(made.run())
    assert made.lines() == ["one"] and made.lines("begun") == ["begun"], (note, made.lines())
    return "told"


def damages_of(made):
    whole = wal_of(made).read_bytes()
    for number, start in enumerate(frames_of(made), 1):
        yield f"cut before frame {number}", whole[:start]
        yield f"cut within frame {number}", whole[:start + FRAME // 2]
        for part, at in (("header", start + 5), ("page", start + 24 + 2000), ("checksum", start + 17)):
            yield f"a byte flipped in the {part} of frame {number}", whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:]


@pytest.mark.parametrize("forgets", ["nothing", "head"])
def test_a_wal_that_is_cut_or_flipped_is_noticed_by_the_head_or_by_the_log(crashed, forgets):
    damages = list(damages_of(crashed))
    assert len(damages) > 80
    drawn = damages if EXHAUST else random.Random(SEED).sample(damages, 8)
    table = {"right": 0, "told": 0}
    for note, content in drawn:
        made = copy_of(crashed)
        wal_of(made).write_bytes(content)
        if forgets == "head":
            (made.run_folder() / "head").unlink()
        table[require_right_or_told(made, note)] += 1
        done_with(made)
    print(f"RUNBOOK_TEST_SEED={SEED} without {forgets}: {len(drawn)} damages, {table}")


@pytest.mark.parametrize("forgets", ["nothing", "head", "log"])
def test_a_wal_that_is_gone_is_noticed(crashed, forgets):
    made = copy_of(crashed)
    wal_of(made).unlink()
    if forgets != "nothing":
        (made.run_folder() / forgets).unlink()
    assert require_right_or_told(made, "the -wal is gone") == "told"
    require_refused(made.run())
    done_with(made)


def test_an_untouched_copy_is_right(crashed):
    made = copy_of(crashed)
    assert require_right_or_told(made, "untouched") == "right"
    done_with(made)


# What was done since the copy: `more` was left out by a person, and `after` ran.
YESTERDAY = """
runbook: yesterday
steps:
  - id: one
    title: Have an effect
    shell: echo one >> "$W/effects"
  - id: two
    title: Wait for the file
    shell: test -e "$W/go" && echo two >> "$W/effects"
  - id: three
    title: Stop at the second file
    shell: test -e "$W/further" && echo three >> "$W/effects"
"""


def put_back_yesterdays(made, *, with_wal):
    """Its newest event is the pause at `two`; since then `two` had its effect."""
    made.write(YESTERDAY)
    assert made.run().code == 1
    copies = {path: path.read_bytes() for path in made.folder.glob("journal.db*") if path.is_file() and (with_wal or path.name == "journal.db")}
    made.open_gate("go")
    assert made.resume().code == 1
    assert made.lines() == ["one", "two"]
    for path in made.folder.glob("journal.db-*"):
        path.unlink()
    for path, content in copies.items():
        path.write_bytes(content)


@pytest.mark.parametrize("with_wal", [True, False])
@pytest.mark.parametrize("forgets", ["nothing", "head", "log"])
def test_yesterdays_copy_is_refused_and_settled_as_the_hint_says(with_wal, forgets):
    made = World(fast_folder())
    put_back_yesterdays(made, with_wal=with_wal)
    if forgets != "nothing":
        (made.run_folder() / forgets).unlink()
    for command in (("show", "last"), ("why", "last", "two"), ("logs", "last"), ("run", made.book, "--resume", "--non-interactive"), ("skip", "last", "two", "--because", "x"),
                    ("redo", "last", "two", "--because", "x"), ("cancel", "last")):
        refused = made(*command)
        require_refused(refused)
        assert command[0] != "show" or "two" in refused.out, "what there is is shown all the same"
    assert made("verify", "last").code == 6
    assert made.lines() == ["one", "two"]
    # The hint: settle by hand what ran since, then move head and log out of the folder.
    assert f"move head and log out of {made.run_folder()}" in refused.err, refused
    for name in ("head", "log"):
        if (made.run_folder() / name).exists():
            (made.run_folder() / name).rename(made.folder / f"old-{name}")
    assert made("skip", "last", "two", "--because", "it ran, the old log tells").code == 0
    made.open_gate("further")
    result = made.resume()
    assert result.code == 0, result
    assert made.lines() == ["one", "two", "three"]
    assert made("verify", "last").code == 0
    done_with(made)
