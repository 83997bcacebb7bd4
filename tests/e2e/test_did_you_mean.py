"""Every name that is mistyped is answered with the one that was meant, and nothing is run."""

import pytest

from world import world  # noqa: F401  (the fixture)

BOOK = """
runbook: book
inputs: {cluster_name: {default: x1}, region: {default: eu}}
steps:
  - {id: cluster, title: C, shell: echo effect >> "$W/effects"}
  - {id: wait_here, title: W, manual: {instructions: look, collect: {size: {}}}}
"""

SLIPS = [
    ("rnu", "run"),
    ("help resolv", "resolve"),
    ("--versoin", "--version"),
    ("--jorunal=x runs", "--journal"),
    ("--jsn show last", "--json"),
    ("run --resme book.yaml", "--resume"),
    ("run book.yaml -i clutser_name=x", "cluster_name"),
    ("plan book.yaml -i rgion=x", "region"),
    ("rehearse book.yaml -i rgion=x", "region"),
    ("run bok.yaml", "book.yaml"),
    ("run book.yaml --on-doubt clstr=done", "cluster"),
    ("run book.yaml --approve clstr=x", "cluster"),
    ("why last clstr", "cluster"),
    ("logs last clstr", "cluster"),
    ("undo last --to clstr", "cluster"),
    ("confirm last wait_her", "wait_here"),
    ("confirm last wait_here --set sise=x", "size"),
    ("skip last wat_here --because x", "wait_here"),
    ("redo last clutser --because x", "cluster"),
    ("resolve last clutser done --because x", "cluster"),
    ("show lst", "last"),
    ("handoff lsat --note x", "last"),
    ("rehearse book.yaml --scenario stright", "straight"),
    ("rehearse book.yaml --stop-after clster", "cluster"),
    ("types shel", "shell"),
    ("completion bsh", "bash"),
    ("verify last --haed x", "--head"),
]


@pytest.mark.parametrize("line, meant", SLIPS, ids=[line for line, _ in SLIPS])
def test_a_slip(world, line, meant):
    world.write(BOOK)
    (world.folder / "rehearsals" / "book").mkdir(parents=True)
    world.write("scenario: all\n", "rehearsals/book/straight.yaml")
    assert world.run().code == 3
    done = world(*line.split())
    assert done.code == 2 and f"did you mean `{meant}`?" in done.err, done
    assert len(world.runs()) == 1 and world.lines() == ["effect"]


def test_the_beginning_of_a_run_that_is_not_the_only_one_lists_them(world):
    world.write(BOOK)
    assert world.run().code == 3 and world.run().code == 3
    refused = world("show", "2")
    assert refused.code == 2 and all(run in refused.err for run in world.runs())


def test_what_can_not_be_guessed_says_where_to_look(world):
    assert "`runbook help` lists" in world("frobnicate").err
    assert "-i region=..." in world("run", world.write(BOOK), "-i", "region").err
    refused = world("run", world.book, "--behind", "cluster=run")
    assert refused.code == 2 and "--resume" in refused.err and world.lines() == []
