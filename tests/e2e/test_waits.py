"""What a step that waits sees is told to the person."""

import re

from world import until, world  # noqa: F401  (the fixture)

WAITING = """
runbook: waiting
steps:
  - id: ready
    title: Wait until it is ready
    wait_until: {{shell: 'touch "$W/looked"; exit $(cat "$W/state")', every: 10ms, timeout: {timeout}}}
"""


def write_state(world, state):
    (world.folder / "next").write_text(state)
    (world.folder / "next").rename(world.folder / "state")


def sights(log):
    return [re.sub(r"^\S+ \S+ ", "", line) for line in log.read_text().splitlines() if " sees " in line]


def test_what_a_wait_sees_is_said_once_until_it_sees_something_else(world):
    world.write(WAITING.format(timeout="1h"))
    write_state(world, "1")
    engine = world.start()
    for _ in range(3):      # looks, all with the same answer
        (world.folder / "looked").unlink(missing_ok=True)
        until((world.folder / "looked").exists, "a look")
    until(lambda: sights(engine.log), "what it sees")
    write_state(world, "4")
    until(lambda: len(sights(engine.log)) == 2, "something else")
    write_state(world, "0")
    assert engine.wait(60) == 0
    said = [line.split("sees", 1)[1].split(None, 1)[1] for line in sights(engine.log)]
    assert said == ["it exited with 1", "can't tell: it exited with 4"]
    assert "saw" not in world("why", "last", "ready").out     # no look is an event


def test_a_wait_that_is_over_says_what_it_saw_last(world):
    world.write(WAITING.format(timeout="100ms"))
    write_state(world, "1")
    ended = world.run()
    assert ended.code == 1 and "it did not come to be within 100ms: it exited with 1" in ended.err
    assert "it did not come to be within 100ms: it exited with 1" in world("show", "last").out
