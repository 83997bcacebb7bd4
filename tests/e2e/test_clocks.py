"""Somebody sets the clock, or the machine sleeps, while a run waits: nothing runs twice, no wait becomes endless, and what is said of it
makes sense. CLOCK_REALTIME, CLOCK_BOOTTIME and CLOCK_MONOTONIC are moved apart from each other, by a preloaded library."""

import json
import re
import struct
import subprocess
from pathlib import Path

import pytest

from world import is_alive, until, world  # noqa: F401  (the fixture)

MINUTE, HOUR = 60_000, 3_600_000
YEAR = 365 * 24 * HOUR


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.cpp")
    subprocess.run(["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


class Clock:
    def __init__(self, path):
        self.path = path
        self.offsets = [0, 0, 0]
        path.write_bytes(bytes(24))

    def pass_by(self, wall=0, boot=0, monotonic=0):
        self.offsets = [old + new for old, new in zip(self.offsets, (wall, boot, monotonic))]
        with open(self.path, "r+b") as file:
            file.write(struct.pack("3q", *self.offsets))

    def set(self, by):
        """The wall clock alone; a minute later, at which the engine has noticed at the latest."""
        self.pass_by(wall=by)
        self.pass_by(MINUTE + 1_000, MINUTE + 1_000, MINUTE + 1_000)

    def sleep(self, by):
        """The machine: CLOCK_MONOTONIC stands still. A minute later it has been noticed."""
        self.pass_by(wall=by, boot=by)
        self.pass_by(MINUTE + 1_000, MINUTE + 1_000, MINUTE + 1_000)


@pytest.fixture
def clock(world, library):
    made = Clock(world.folder / "clock")
    world.env |= {"RUNBOOK_TEST_CLOCK": str(made.path), "LD_PRELOAD": str(library)}
    return made


def looks(world, count):
    seen = len(world.lines("looks"))
    until(lambda: len(world.lines("looks")) >= seen + count, "some looks")


def kinds(world, step):
    why = world("why", "last", step, "--json")
    return [event["kind"] for event in json.loads(why.out)["events"]] if why.code == 0 else []


def assert_sane(world):
    """Nothing took less than no time, wherever it is told."""
    told = [log.read_text() for log in world.folder.glob("engine*.log")]
    for words in (("show", "last"), ("why", "last", "a"), ("show", "last", "--json")):
        said = world(*words)
        assert said.code == 0, said
        told.append(said.out)
    for text in told:
        assert not re.search(r"(?<![\w-])-[0-9]+(\.[0-9]+)? ?(ms|s|m|h|d)\b", text), text


# A look may be under way when the clock leaps; it is not what is to be ended.
WAIT = """runbook: waits
steps:
  - id: a
    title: Wait for the file
    wait_until: {shell: 'echo look >> "$W/looks"; test -e "$W/gate"', every: 20ms, timeout: TIMEOUT, look_timeout: 1d}
  - {id: after, title: Come after it, shell: echo after >> "$W/effects"}
"""


def test_an_hour_back_a_short_wait_is_looked_at_as_before_and_lasts_its_own_time_from_then_at_most(world, clock):
    world.write(WAIT.replace("TIMEOUT", "10m"))
    engine = world.start()
    looks(world, 2)
    clock.set(-HOUR)
    looks(world, 3)
    until(lambda: "rescheduled" in kinds(world, "a"), "the word about it")
    until(lambda: "the clock was set back; its time counts anew, until " in engine.log.read_text(), "the word to who watches")
    clock.set(10 * MINUTE)
    assert engine.wait(timeout=300) == 1
    assert "did not come to be within 10m" in engine.log.read_text()
    assert "the clock was set back" in world("why", "last", "a").out
    assert_sane(world)


def test_an_hour_back_a_long_wait_is_looked_at_as_before_and_keeps_its_deadline(world, clock):
    world.write(WAIT.replace("TIMEOUT", "3d"))
    engine = world.start()
    looks(world, 2)
    clock.set(5 * HOUR)
    looks(world, 2)
    clock.set(-HOUR)
    looks(world, 3)
    assert "rescheduled" not in kinds(world, "a")
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert world.lines() == ["after"]
    assert_sane(world)


@pytest.mark.parametrize("how", ["a year forward", "a night of sleep"])
def test_a_wait_whose_deadline_was_leapt_over_is_over_with_one_last_look(world, clock, how):
    world.write(WAIT.replace("20ms", "1h").replace("TIMEOUT", "2h"))
    engine = world.start()
    until(lambda: world.lines("looks"), "the first look")
    until(lambda: kinds(world, "a") == ["waiting"], "the wait")
    clock.set(YEAR) if how == "a year forward" else clock.sleep(9 * HOUR)
    assert engine.wait(timeout=300) == 1
    assert world.lines("looks") == ["look", "look"]
    assert "did not come to be within 2h" in engine.log.read_text()
    assert_sane(world)


GATED = """runbook: gated
steps:
  - id: a
    title: Wait at the gate
    timeout: 10m
    shell: |
      echo it begins
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.02; done
      echo effect >> "$W/effects"
"""


def begun(world, *words):
    engine = world.start(*words)
    until(lambda: world.lines("begun"), "the step to begin")
    until(lambda: world.state_of("a") == "running", "its intent")
    # The supervisor reads what a step writes when it has reckoned until when it may run.
    until(lambda: "it begins" in world("logs", "last", "a").out, "the supervisor to watch over it")
    return engine


def test_an_hour_back_a_running_step_has_its_whole_timeout_and_is_not_touched(world, clock):
    world.write(GATED)
    engine = begun(world)
    clock.set(-HOUR)
    until(lambda: "rescheduled" in kinds(world, "a"), "the word about it")
    assert_sane(world)
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]
    assert_sane(world)


@pytest.mark.parametrize("how", ["a year forward", "a night of sleep"])
def test_a_step_whose_timeout_was_leapt_over_is_asked_about_and_runs_on(world, clock, how):
    world.write(GATED)
    engine = begun(world)
    clock.set(YEAR) if how == "a year forward" else clock.sleep(9 * HOUR)
    assert engine.wait(timeout=300) == 3
    assert "runs longer than its timeout" in engine.log.read_text()
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]
    assert_sane(world)


@pytest.mark.parametrize("by", [-HOUR, YEAR])
def test_a_timeout_that_kills_counts_the_time_since_boot_and_nobody_can_set_it(world, clock, by):
    world.write(GATED.replace("timeout: 10m", "timeout: 10m\n    on_timeout: kill\n    effect: idempotent"))
    engine = begun(world)
    clock.set(by)
    world.state_of("a")     # a command of its own, behind the supervisor's next look at its clock
    assert world.step_processes() and world.state_of("a") == "running"
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]


def test_a_timeout_that_kills_goes_on_while_the_machine_sleeps(world, clock):
    world.write(GATED.replace("timeout: 10m", "timeout: 10m\n    on_timeout: kill\n    effect: idempotent"))
    engine = begun(world)
    clock.sleep(9 * HOUR)
    assert engine.wait(timeout=300) == 1
    assert world.state_of("a") == "failed" and world.lines() == []


RETRY = """runbook: again
steps:
  - id: a
    title: Try again
    retry: {attempts: 3, delay: 10m}
    shell: echo try >> "$W/tries"; test -e "$W/gate"
"""


def tried(world):
    world.write(RETRY)
    engine = world.start()
    until(lambda: world.state_of("a") == "waiting", "the retry's delay")
    world.open_gate()
    return engine


def test_an_hour_back_a_retry_comes_after_its_delay_from_then_at_most(world, clock):
    engine = tried(world)
    clock.set(-HOUR)
    until(lambda: "rescheduled" in kinds(world, "a"), "the word about it")
    assert world.lines("tries") == ["try"]
    clock.set(10 * MINUTE)
    assert engine.wait(timeout=300) == 0
    assert world.lines("tries") == ["try", "try"]
    assert_sane(world)


@pytest.mark.parametrize("how", ["a year forward", "a night of sleep"])
def test_a_retry_whose_time_was_leapt_over_comes_at_once_and_once(world, clock, how):
    engine = tried(world)
    clock.set(YEAR) if how == "a year forward" else clock.sleep(9 * HOUR)
    assert engine.wait(timeout=300) == 0
    assert world.lines("tries") == ["try", "try"]
    assert_sane(world)


LOOKED_AT = """runbook: looked_at
steps:
  - id: a
    title: Take effect some time later
    shell: echo effect >> "$W/effects"
    done_when: {shell: 'echo look >> "$W/looks"; test -e "$W/gate"', every: 20ms, timeout: 10m, look_timeout: 1d}
"""


@pytest.mark.parametrize("by", [-HOUR, YEAR])
def test_looks_behind_an_effect_never_repeat_it_whatever_the_clock_does(world, clock, by):
    world.write(LOOKED_AT)
    engine = world.start()
    until(lambda: "exited" in kinds(world, "a"), "its end")
    looks(world, 2)
    clock.set(by)
    if by < 0:
        looks(world, 3)
        world.open_gate()
    assert engine.wait(timeout=300) == (0 if by < 0 else 1)
    assert world.lines() == ["effect"]
    assert world.state_of("a") == ("succeeded" if by < 0 else "failed")
    assert_sane(world)


@pytest.mark.parametrize("by", [-HOUR, YEAR])
def test_a_step_by_hand_waits_for_its_person_whatever_the_clock_does(world, clock, by):
    world.write("runbook: by_hand\nsteps:\n  - {id: a, title: Press the button, manual: Press it.}\n")
    assert world.run().code == 3
    clock.set(by)
    assert_sane(world)
    assert world.resume().code == 3
    assert world("confirm", "last", "a").code == 0
    assert world.resume().code == 0
    assert_sane(world)
