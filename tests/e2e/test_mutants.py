"""What `check` accepts, `run` does not refuse for its form, and the reverse: over mutants of real runbooks. Nothing is run: the
journal can't be made, so that a run which would begin ends with exit code 6, and one that is refused before with 2."""

import os
import random
import re
import subprocess

import pytest

from seeds import seed
from world import BINARY, ROOT

PROGRAM = BINARY.resolve()
ORIGINALS = sorted([*ROOT.glob("runbooks/*.yaml"), *ROOT.glob("tests/book/valid/*.yaml")])
INPUTS = {"jobmon_database": {"database": "jobmon_081", "copy_dir": "/srv/copies"}, "every_key_of_a_step": {"count": "3"}}
SEED = seed()
WORD = re.compile(r"\w+")
VALUES = ["[]", "{}", "~", "[a, b]", "{a: b}", "yes", "-1", "1.5", "''", '"x"', "10m", "|", "*a"]


def mutant(text, chance):
    lines = text.splitlines()
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    words = list(WORD.finditer(text))
    word = chance.choice(words)
    kind = chance.randrange(7)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        lines[at] = chance.choice(["  ", " "]) + lines[at] if chance.random() < 0.5 else lines[at][chance.choice([1, 2]):]
    elif kind == 3:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 4:
        return text[:word.start()] + chance.choice(words)[0] + text[word.end():]
    elif kind == 5:
        lines[at] = re.sub(r": .*", lambda _: ": " + chance.choice(VALUES), lines[at])
    else:
        return text[:chance.randrange(len(text))]
    return "\n".join(lines) + "\n"


def call(folder, *words):
    env = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    done = subprocess.run([PROGRAM, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=120)
    return done.returncode, done.stdout, done.stderr


def run_without_journal(folder, name):
    inputs = [word for pair in INPUTS.get(name, {}).items() for word in ("-i", "=".join(pair))]
    return call(folder, "run", "book.yaml", *inputs, "--journal", "/proc/nowhere/journal.db")


def is_about_an_input(said):
    """A mutant may ask for inputs that the original has not, or for others: what is given is at fault then, not the form."""
    return re.search(r"^runbook: (input `|there is no input `|\d+ problems with the inputs)", said, re.M) is not None


@pytest.mark.parametrize("number", range(100))
def test_check_and_run_agree_about_a_mutant(tmp_path, number):
    chance = random.Random(SEED + number)
    original = ORIGINALS[number % len(ORIGINALS)].read_text()
    (tmp_path / "book.yaml").write_text(mutant(original, chance))
    checked, out, err = call(tmp_path, "check", "book.yaml")
    assert checked in (0, 2) and err == "", err
    assert checked == 0 or re.match(r"book\.yaml(:\d+:\d+)?: (error|warning): ", out), out

    ran, _, said = run_without_journal(tmp_path, re.search(r"^runbook: *(\w*)", original, re.M)[1])
    if checked == 2:
        assert ran == 2 and "nothing was run" in said and said.startswith(out), said
    else:
        assert ran == 6 or (ran == 2 and is_about_an_input(said)), (out, said)


def test_the_originals_begin(tmp_path):
    for path in ORIGINALS:
        (tmp_path / "book.yaml").write_text(path.read_text())
        name = re.search(r"^runbook: *(\w*)", path.read_text(), re.M)[1]
        assert call(tmp_path, "check", "book.yaml")[0] == 0
        ran, _, said = run_without_journal(tmp_path, name)
        needs_inputs = path.stem.startswith(("imrt", "jupyterhub")) or path.stem == "flow"      # of an account that is nobody's, and secrets
        assert ran == 6 or (needs_inputs and is_about_an_input(said)), said
