"""rehearse: a runbook tried in a scripted world. Nothing outside is touched, nothing is waited for."""

import json
import subprocess

import pytest

from world import BINARY, ROOT, world  # noqa: F401  (the fixture)

BOOK = """
runbook: move
title: Move the database
inputs:
  name: {example: db1}
  password: {type: secret, from: [{command: [sh, -c, 'touch "$W/asked"; echo hunter22']}]}
steps:
  - {id: dump, title: Dump it, shell: 'touch "$W/ran"', env: {P: "${{ $inputs.password }}"}, outputs: {size: {value: stdout}}, example: {size: 12MB}}
  - {id: ready, title: Wait for it, wait_until: {shell: 'touch "$W/ran"', every: 1h, timeout: 3d}}
  - {id: drop, title: Drop the old one, shell: 'touch "$W/ran"', effect: irreversible}
outputs: {size: $steps.dump.size}
"""
SLOW = """
scenario: It takes a day, and somebody comes after two
steps:
  ready: {sees: [no, cannot_tell, no]}
  drop: {answers: [{choice: approve, by: ada, after: 2d}]}
expect:
  state: succeeded
  outputs: {size: 12MB}
  lasts: {at_least: 2d3h}
"""
NOBODY = """
scenario: Nobody comes
steps: {drop: {answers: []}}
expect:
  state: waiting
  steps: {drop: succeeded}
"""


def files(world):
    return sorted(path.name for path in world.folder.iterdir())


def write(world):
    world.write(BOOK)
    (world.folder / "rehearsals" / "book").mkdir(parents=True)
    world.write(SLOW, "rehearsals/book/slow.yaml")


def test_it_touches_nothing(world):
    write(world)
    before = files(world)
    result = world("rehearse", world.book)
    assert result.code == 0, result
    assert result.out == "slow: as expected: succeeded, 3 of 3 steps done, 2d 03h of simulated time\n"
    assert files(world) == before     # no journal, no step, no source of a secret


@pytest.mark.parametrize("words", [["rehearse"], ["plan", "-i", "name=db1"]], ids=["rehearse", "plan"])
def test_it_starts_no_process_opens_no_socket_and_does_not_sleep(world, words):
    write(world)
    trace = world.folder / "trace"
    kinds = "trace=fork,vfork,clone,clone3,execve,socket,connect,nanosleep,clock_nanosleep"
    done = subprocess.run(["strace", "-f", "-qq", "-e", kinds, "-o", trace, BINARY, *words, world.book], cwd=world.folder,
                          env={**world.env, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = [line.split(None, 1)[1] for line in trace.read_text().splitlines() if "exited" not in line]
    if words[0] == "plan":      # the C library asks who the operator is
        calls = [call for call in calls if "AF_UNIX" not in call]
    assert len(calls) == 1 and calls[0].startswith("execve("), calls      # strace's own start of it


def test_a_single_scenario_is_told_step_by_step(world):
    write(world)
    result = world("rehearse", world.book, "--scenario", "slow")
    assert "answered by ada: approve" in result.err, result
    assert "ready" in result.err and "3h 00m" in result.err, result


def test_what_does_not_come_is_named_with_its_place(world):
    write(world)
    world.write(NOBODY, "rehearsals/book/nobody.yaml")
    result = world("rehearse", world.book)
    assert result.code == 1
    assert "rehearsals/book/nobody.yaml:6:17: error: step `drop` should be succeeded, and is pending" in result.err, result
    assert "nobody: NOT as expected: waiting" in result.out
    rows = json.loads(world("rehearse", world.book, "--json").out)
    assert [(row["scenario"], row["state"], len(row["unmet"])) for row in rows] == [("nobody", "waiting", 1), ("slow", "succeeded", 0)]


def test_without_scenarios_everything_works(world):
    world.write(BOOK)
    result = world("rehearse", world.book)
    assert result.code == 0 and result.out.startswith("everything works: as expected: succeeded, 3 of 3 steps done"), result


def test_it_stops_behind_a_step(world):
    write(world)
    result = world("rehearse", world.book, "--stop-after", "ready")
    assert result.code == 0 and result.out == "slow: stopped: interrupted, 2 of 3 steps done, 3h 00m of simulated time\n", result
    assert "did you mean `ready`?" in world("rehearse", world.book, "--stop-after", "redy").err


def test_killed_everywhere_it_says_what_people_would_be_asked(world):
    write(world)
    result = world("rehearse", world.book, "--kill-everywhere")
    assert result.code == 0, result
    first, *rest = result.out.splitlines()
    assert first.startswith("slow: ") and first.endswith(", 4 asked, 0 wrong"), result
    assert rest == ["  asked about `drop` at 2 points: its effect is irreversible, and no `done_when` tells whether it happened",
                    "  asked about `dump` at 2 points: its effect is once, and no `done_when` tells whether it happened"]
    row, = json.loads(world("rehearse", world.book, "--kill-everywhere", "--json").out)
    assert row["same"] + row["asked"] == row["points"] and row["asked_about"] == {"drop": 2, "dump": 2}


def test_a_scenario_is_checked_like_a_runbook(world):
    write(world)
    world.write("scenario: x\nsteps: {dupm: {fails: 1}}\n", "bad.yaml")
    result = world("rehearse", world.book, "--scenario", "bad.yaml")
    assert result.code == 2
    assert "bad.yaml:2:9: error: the runbook has no step `dupm`" in result.err and "did you mean `dump`?" in result.err
    result = world("rehearse", world.book, "--scenario", "slaw")
    assert result.code == 2 and "did you mean `slow`?" in result.err


def test_the_word_stays_where_it_belongs():
    """A dry run is another implementation of the executor's seams, never a branch in a step type."""
    for path in [*ROOT.glob("engine/**/*.[ch]*"), *ROOT.glob("plugins/*.[ch]*"), *ROOT.glob("state/*.[ch]*")]:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("engine/run/scripted", "engine/book/scenario", "engine/cli/", "engine/report/")):    # a report says that it was one
            assert "rehears" not in path.read_text().lower(), name


def test_runbooks_of_this_repository_rehearse(world):
    for book in sorted((ROOT / "runbooks").glob("*.yaml")):
        assert world("rehearse", book).code == 0, world("rehearse", book)
    assert world("rehearse", "imrt-aws", RUNBOOK_PATH=str(ROOT / "runbooks")).code == 0     # as `./dev run rehearse imrt-aws`


def test_runbooks_of_this_repository_end_the_same_wherever_the_engine_dies(world):
    for book in sorted((ROOT / "runbooks").glob("*.yaml")):
        one = ["--scenario", "resumed"] if book.stem in ("imrt-aws", "jupyterhub-eks") else []      # all take minutes
        result = world("rehearse", book, "--kill-everywhere", *one, timeout=600)
        assert result.code == 0 and ", 0 wrong" in result.out, result


def test_a_secret_of_any_form_has_a_stand_in_and_each_item_of_a_loop_counts(world):
    world.write("""
runbook: book
inputs:
  token: {type: secret, pattern: "[0-9a-f]{64}", from: [ask]}
steps:
  - {id: one, title: One, shell: cat, env: {TOKEN: "${{ $inputs.token }}"}}
  - section: Each
    for_each: "['a', 'b']"
    as: letter
    steps: [{id: each, title: Each, shell: echo}]
""")
    result = world("rehearse", world.book)
    assert result.code == 0 and "as expected: succeeded, 3 of 3 steps done" in result.out, result
    refused = world("rehearse", world.book, "-i", "token=hunter22")
    assert refused.code == 2 and "can't be given on the command line" in refused.err


FOLLOWING = """
runbook: book
steps:
  - {id: started, title: Wait for it, wait_until: {shell: tail -f log, follow: true, until: "^started", fail_on: FATAL, timeout: 10m}}
  - {id: after, title: Come after it, shell: echo}
"""


def test_a_stream_that_ends_that_fails_or_in_which_nothing_matches_is_rehearsed_and_planned(world):
    world.write(FOLLOWING)
    assert "wait_until: shell: tail -f log, followed until: ^started, fail_on: FATAL" in world("plan", world.book).out
    (world.folder / "rehearsals" / "book").mkdir(parents=True)
    for name, sees, state in (("ends", "[no, no, yes]", "succeeded"), ("fails", "[no, fails]", "failed"), ("never", f"[{', '.join(['no'] * 400)}]", "failed")):
        world.write(f"scenario: {name}\nsteps: {{started: {{sees: {sees}}}}}\nexpect: {{state: {state}}}\n", f"rehearsals/book/{name}.yaml")
    done = world("rehearse", world.book)
    assert done.code == 0, done
    fails = world("rehearse", world.book, "--scenario", "fails")
    assert "failed: it says that waiting longer is no use" in fails.err
    never = world("rehearse", world.book, "--scenario", "never")
    assert "it did not come to be within 10m: it says no" in never.err
