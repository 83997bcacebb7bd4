"""Processes, descriptors and memory that run out, and steps that behave badly: what could not begin was not begun, nothing runs twice, and
nothing is left (every story's end is looked at by `world`)."""

import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from faults import Fault
from world import BINARY, World, children, gated, is_alive, kill, reads_an_output, stat, until, world  # noqa: F401  (the fixture)

EXHAUST = "RUNBOOK_EXHAUST" in os.environ
NOBODY = 64_123     # a user who has no process: limits on processes count those of a user


def steps(text):
    return "runbook: example\nsteps:\n" + text


def begun(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun") and world.state_of("gated") == "running", "the step to begin")
    return engine


def resumed(world):
    """The gate is open; engines go on until one needs nothing more."""
    for _ in range(3):
        result = world.resume()
        if result.code == 0:
            return
        assert result.code in (1, 130), result
    raise AssertionError(result)


# What runs out

def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.parametrize("more", range(30) if EXHAUST else (0, 2, 5))
@pytest.mark.parametrize("whose", ["engine", "supervisor"])
def test_without_free_descriptors_a_step_is_not_begun_or_begun_once(world, whose, more):
    engine = begun(world)
    pid = engine.pid if whose == "engine" else world.supervisor()
    limit = descriptors(pid) + more
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    world.open_gate()
    code = engine.wait(timeout=300)
    said = engine.log.read_text()
    assert code in (0, 1, 6, 130), said
    assert code == 0 or "files" in said or "descriptor" in said or "supervisor" in said, said
    if code != 0:
        resumed(world)
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


@pytest.fixture
def other():
    """A world of a user who has no other processes."""
    if os.geteuid() != 0:
        pytest.skip("only root can become a user without processes")
    folder = Path(tempfile.mkdtemp(prefix="runbook-test."))
    shutil.chown(folder, NOBODY, NOBODY)
    made = World(folder)
    binary = shutil.copy(BINARY, folder / "runbook")
    made.limited = lambda limit, *words: subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "prlimit", f"--nproc={limit}", binary, *map(str, words)],
        env=made.env | {"HOME": str(folder)}, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, cwd=folder)
    yield made
    left = made.left_in_the_end()
    made.sweep()
    shutil.rmtree(folder)
    assert not left, left


@pytest.mark.parametrize("limit", range(1, 12) if EXHAUST else (1, 2, 4, 6))
def test_without_free_processes_a_step_is_not_begun_or_begun_once(other, limit):
    other.write(steps("""  - {id: a, title: A, shell: echo a >> "$W/effects"}
  - {id: b, title: B, exec: [sh, -c, 'echo b >> "$W/effects"; exec sleep 0.01']}
"""))
    first = other.limited(limit, "run", other.book, "--non-interactive")
    assert first.returncode in (0, 1, 4, 6, 130), first
    if first.returncode != 0:
        what = "starting (the supervisor|a thread): Resource temporarily unavailable|failed: Resource temporarily unavailable|it exited with"
        assert re.search(what, first.stderr), first
    before = other.lines()
    until(lambda: not other.left(), "the end of the supervisor, which has the same limit")
    shown = other.limited(100, "show", "last", "--json")
    words = ("--resume",) if shown.returncode == 0 and '"succeeded"' not in shown.stdout.split('"steps"')[0] else ()
    if first.returncode != 0:
        second = other.limited(100, "run", other.book, "--non-interactive", *words)
        assert second.returncode == 0, (first, second)
    assert other.lines() == ["a", "b"], (first, before)


def test_an_argument_that_is_too_long_for_the_system_stops_the_step_before_it_begins(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo begun >> "$W/effects"
    env: {LONG: "${{ $inputs.long }}"}
""").replace("steps:", "inputs: {long: {}}\nsteps:"))
    (world.folder / "inputs.yaml").write_text("long: " + 200_000 * "x" + "\n")
    result = world.run("--inputs", world.folder / "inputs.yaml")
    assert result.code == 1 and "Argument list too long" in result.err, result
    assert world.lines() == [] and world.state_of("a") == "failed"


def core_limits(pid):
    """Soft and hard."""
    line = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core file size"))
    return line.split()[4:6]


@pytest.fixture
def cores():
    """Cores are allowed, as by `ulimit -c unlimited`."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("no core may be made here")
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield core_limits("self")
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_neither_engine_nor_supervisor_leaves_a_core_with_secrets_and_a_step_has_the_limit_of_who_runs_it(world, cores):
    world.write(gated().replace('echo begun', 'cat /proc/self/limits > "$W/limits"; echo begun'))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    supervisor = world.supervisor()
    assert core_limits(engine.pid) == core_limits(supervisor) == ["0", cores[1]]
    step = next(line for line in world.lines("limits") if line.startswith("Max core file size"))
    assert step.split()[4:6] == cores
    engine.send_signal(signal.SIGQUIT)
    assert engine.wait(timeout=300) == -signal.SIGQUIT
    assert not list(world.folder.glob("core*"))
    assert core_limits(supervisor) == ["0", cores[1]]
    world.open_gate()
    resumed(world)


# What behaves badly

def test_what_hides_behind_a_second_fork_a_session_of_its_own_and_no_variables_is_ended_with_its_step(world):
    world.write(steps("""  - id: a
    title: A
    shell: |
      (env -i setsid sh -c 'echo $$ > "$0/pid"; exec sleep 600' "$W" < /dev/null > /dev/null 2>&1 &)
      until [ -s "$W/pid" ]; do sleep 0.01; done
  - {id: b, title: B, shell: echo b >> "$W/effects"}
"""))
    assert world.run().code == 0
    assert not is_alive(int(world.lines("pid")[0])) and world.lines() == ["b"]


def test_orphans_by_the_dozen_become_nobodys_zombies(world):
    world.write(steps("""  - id: a
    title: A
    shell: |
      for i in 1 2 3 4 5 6 7 8 9 10 11 12; do (sh -c 'echo orphan >> "$W/orphans"' &); done
      until [ "$(wc -l < "$W/orphans")" -ge 12 ]; do sleep 0.01; done
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.02; done
  - {id: b, title: B, shell: "(sleep 0.01 &) ; (sleep 0.02 &)"}
"""))
    engine = world.start()
    until(lambda: world.lines("begun"), "the orphans")
    until(lambda: len(children(world.supervisor())) == 1, "the step alone below its supervisor")
    assert children(engine.pid) == [world.supervisor()]
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert world.fallen_to_us() == []


def test_a_step_that_stops_itself_waits_for_who_wakes_it(world):
    world.write(gated().replace('until [ -e "$W/gate" ]', 'kill -STOP $$; until [ -e "$W/gate" ]'))
    engine = world.start()
    step, = until(world_steps_stopped(world), "the step to stop")
    world.open_gate()
    assert world.state_of("gated") == "running" and engine.poll() is None
    os.kill(step, signal.SIGCONT)
    assert engine.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def world_steps_stopped(world):
    def stopped():
        if not world.lines("begun"):
            return []
        return [pid for pid in world.step_processes() if (stat(pid) or "?")[0] == "T"]
    return stopped


def test_a_step_that_stopped_itself_can_be_cancelled(world):
    world.write(gated().replace('until [ -e "$W/gate" ]', 'kill -STOP $$; until [ -e "$W/gate" ]'))
    engine = world.start()
    until(world_steps_stopped(world), "the step to stop")
    engine.kill()
    engine.wait()
    assert world("cancel", "last", "--because", "it hangs").code == 0
    assert world.step_processes() == [] and world.lines() == []


def test_a_step_that_wants_a_terminal_has_none_and_says_so_instead_of_hanging(world):
    world.write(steps("  - {id: a, title: A, shell: read answer < /dev/tty}\n"))
    result = world.run()
    assert result.code == 1 and "/dev/tty" in result.err


def test_a_step_that_closes_its_output_reopens_it_and_writes_behind_its_end_is_read_as_far_as_it_lived(world):
    world.write(steps("""  - id: a
    title: A
    shell: |
      echo first
      out=$(readlink /proc/$$/fd/1)
      (trap '' TERM; while kill -0 $$ 2> /dev/null; do sleep 0.01; done; echo behind the end > "$out") &
      exec >&- 2>&-
      echo again > "$out"
  - {id: b, title: B, shell: echo b >> "$W/effects"}
"""))
    result = world.run()
    assert result.code == 0, result
    assert world.lines() == ["b"]
    said = world("logs", "last", "a").out
    assert said.startswith("first\nagain\n"), said


def test_a_gigabyte_that_nobody_watches_blocks_nobody_and_takes_no_memory(world):
    size = 10**9 if EXHAUST else 10**8
    world.write(gated().replace('echo effect >> "$W/effects"', f'head --bytes={size} /dev/zero; echo effect >> "$W/effects"'))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    supervisor = world.supervisor()
    engine.kill()
    engine.wait()
    world.open_gate()
    until(lambda: world.lines(), "the end of what it writes", seconds=600)
    peak = next(int(line.split()[1]) for line in Path(f"/proc/{supervisor}/status").read_text().splitlines() if line.startswith("VmHWM"))
    assert peak < 60_000, f"{peak} KB"
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


# Where processes are not what their numbers say

APART = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]


def no_pid_namespace():
    return subprocess.run([*APART, "true"], capture_output=True).returncode != 0


@pytest.mark.parametrize("files, who, lasting", [("*/boot_id", "engine", "once"), ("*/boot_id", "supervisor", "once"),
                                                 ("/proc/*/stat", "engine", "always")])
def test_a_step_that_cannot_be_looked_at_is_not_taken_for_dead(world, files, who, lasting):
    world.write(gated(effect="idempotent"))
    engine = world.start()
    world.until_begun()
    kill(engine.pid, world.supervisor())
    engine.wait()       # while one of its threads lives, it drives the run
    fault = Fault(world.folder, files, "open", 1, errno.ENFILE, lasting, who)
    result = world.resume(**fault.env)
    assert fault.hits > 0 and result.code == 6 and "can't tell" in result.err, result
    ways_on = ["then try again\n", f"then go on with `runbook run --resume {world.run_folder().name}`\n"]
    assert any(way in result.err for way in ways_on), result
    assert world.lines("begun") == ["begun"] and world.state_of("gated") == "running"
    engine = world.start("--resume")
    until(lambda: reads_an_output(engine.pid), "the engine to read what the step writes")
    assert world.lines("begun") == ["begun"]
    world.open_gate()
    assert engine.wait(timeout=300) == 0


def test_a_process_whose_start_cannot_be_seen_is_named_in_the_log_when_it_can(world):
    world.write(gated())
    fault = Fault(world.folder, "/proc/*/stat", "open", 1, errno.ENFILE, "once", "supervisor")
    engine = world.start(**fault.env)
    world.until_begun()
    named = next(line.split() for line in (world.run_folder() / "log").read_text().splitlines() if line.startswith("P "))
    started = Path(f"/proc/{named[2]}/stat").read_text().rpartition(")")[2].split()[19]
    assert fault.hits == 1 and named[3] == started
    world.open_gate()
    assert engine.wait(timeout=300) == 0


def test_a_step_that_lives_on_in_another_pid_namespace_and_can_be_seen_is_waited_for(world):
    if no_pid_namespace():
        pytest.skip("no PID namespace can be made here")
    world.write(gated(effect="idempotent"))
    container = subprocess.Popen([*APART, "sh", "-c", '"$0" run "$1" --non-interactive & exec sleep 600', BINARY, world.book], env=world.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=world.folder)
    world.until_begun()
    supervisor = world.supervisor()
    first = stat(supervisor)[1]
    kill(first, supervisor)
    until(lambda: not is_alive(first), "the end of the engine's last thread")
    engine = world.start("--resume")
    until(lambda: reads_an_output(engine.pid), "the engine to read what the step writes")
    assert world.lines("begun") == ["begun"] and world.state_of("gated") == "running"
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun", "begun"]   # nobody saw how it ended, and it may run again
    container.kill()
    container.wait()


def test_what_ran_in_another_pid_namespace_is_in_doubt_and_its_numbers_mean_nothing_here(world):
    if no_pid_namespace():
        pytest.skip("no PID namespace can be made here")
    world.write(gated())
    container = subprocess.Popen([*APART, BINARY, "run", world.book, "--non-interactive"], env=world.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=world.folder)
    world.until_begun()
    engine = stat(world.supervisor())[1]
    container.kill()
    container.wait()
    until(lambda: not is_alive(engine) and not world.step_processes(), "the end of all that lived in it")
    for _ in range(2):
        result = world.resume()
        assert result.code == 4, result
    assert world.lines("begun") == ["begun"] and world.lines() == []
    assert world("resolve", "last", "gated", "done", "--because", "looked").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["after"]
