"""`leaves`: what a step leaves behind on purpose lives beside the steps that follow, and ends with the run."""

import json
import signal

from world import is_alive, kill, until, world  # noqa: F401  (the fixture)

# A server that answers through a file, standing in for a tunnel: it lives until it is ended.
TUNNEL = """runbook: tunnelled
steps:
  - id: tunnel
    title: Open the tunnel
    shell: |
      setsid bash -c 'echo $$ > "$W/pid"; while :; do if [ -e "$W/ask" ]; then mv "$W/ask" "$W/answer"; fi; sleep 0.02; done' &
      until [ -s "$W/pid" ]; do sleep 0.02; done
{leaves}
  - id: use
    title: Ask through the tunnel
    shell: |
      touch "$W/ask"
      until [ -e "$W/answer" ]; do kill -0 "$(cat "$W/pid")"; sleep 0.02; done
      rm "$W/answer"
      echo used >> "$W/effects"
  - id: gate
    title: Fail until the gate is open
    effect: read
    shell: test -e "$W/gate"
  - id: use_again
    title: Ask again
    shell: |
      touch "$W/ask"
      until [ -e "$W/answer" ]; do kill -0 "$(cat "$W/pid")"; sleep 0.02; done
      echo used again >> "$W/effects"
"""
LEAVES = "    leaves: [the tunnel to the database]"


def tunnelled(leaves=LEAVES):
    return TUNNEL.format(leaves=leaves)


def pid_of(world):
    return int(world.lines("pid")[0])


def events_of(world, step):
    return json.loads(world("why", "last", step, "--json").out)["events"]


def test_it_is_used_by_later_steps_and_ends_with_the_run(world):
    world.write(tunnelled())
    world.open_gate()
    result = world.run()
    assert result.code == 0, result
    assert world.lines() == ["used", "used again"]
    assert not is_alive(pid_of(world)) and world.supervisors() == []
    assert f"    still running, ends with the run: pid {pid_of(world)} bash" in result.err
    assert f"ended with the run: pid {pid_of(world)} bash" in result.err
    assert any(f"pid {pid_of(world)} " in left for event in events_of(world, "tunnel") for left in event["body"].get("left", []))
    assert "still running, ends with the run: pid" in world("why", "last", "tunnel").out


def test_without_leaves_it_is_ended_with_its_step_and_told(world):
    world.write(tunnelled(leaves=""))
    result = world.run()
    assert result.code == 1 and world.state_of("use") == "failed"
    assert not is_alive(pid_of(world))
    assert f"    left behind and ended: pid {pid_of(world)} bash" in result.err


def test_it_lives_while_the_run_is_paused_and_is_taken_up(world):
    world.write(tunnelled())
    assert world.run().code == 1 and world.state_of("gate") == "failed"
    assert is_alive(pid_of(world)) and is_alive(world.supervisor())
    assert f"left behind by `tunnel`, ends with the run: pid {pid_of(world)} bash" in world("show", "last").out
    supervisor = world.supervisor()
    assert world.resume().code == 1
    assert world.supervisor() == supervisor and is_alive(pid_of(world))
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines() == ["used", "used again"]
    assert not is_alive(pid_of(world))
    until(lambda: world.supervisors() == [], "the end of the supervisor")
    assert "left behind" not in world("show", "last").out


def test_cancel_ends_it(world):
    world.write(tunnelled())
    assert world.run().code == 1 and is_alive(pid_of(world))
    assert world("cancel", "last", "--because", "enough").code == 0
    assert not is_alive(pid_of(world))
    until(lambda: world.supervisors() == [], "the end of the supervisor")


def test_on_failure_cancel_ends_it(world):
    world.write(tunnelled())
    assert world.run("--on-failure", "cancel").code == 1
    assert not is_alive(pid_of(world)) and world.supervisors() == []


def test_it_outlives_the_engine(world):
    world.write(tunnelled().replace('shell: test -e "$W/gate"', 'shell: until test -e "$W/gate"; do sleep 0.02; done'))
    engine = world.start()
    world.until_state("gate", "running")
    engine.kill()
    engine.wait()
    assert is_alive(pid_of(world))
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines() == ["used", "used again"] and not is_alive(pid_of(world))


def test_it_outlives_the_supervisor_and_ends_with_the_run_all_the_same(world):
    world.write(tunnelled())
    assert world.run().code == 1
    kill(world.supervisor())
    assert is_alive(pid_of(world))
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines() == ["used", "used again"] and not is_alive(pid_of(world))
    assert f"ended with the run: pid {pid_of(world)} bash" in result.err


def test_it_outlives_a_supervisor_that_dies_while_its_step_runs(world):
    world.write(tunnelled().replace("      until [ -s", "      until [ -e \"$W/go\" ]; do sleep 0.02; done\n      until [ -s"))
    engine = world.start()
    # Until the supervisor has written down whom it started, the step would be in doubt.
    world.until_begun("pid")
    kill(world.supervisor())
    world.open_gate("go")
    world.open_gate()
    engine.wait(60)
    assert is_alive(pid_of(world))
    result = world.resume()
    assert result.code == 0, result
    assert world.lines() == ["used", "used again"] and not is_alive(pid_of(world))


def test_a_run_that_was_killed_as_it_ended_it_is_left_by_the_next_engine(world):
    world.write(tunnelled())
    world.open_gate()
    # What is to end with the run ends the engine instead, and lives on: so the engine dies between the last step and the end of the run.
    deaf = "trap \"read engine < \\\"\\$W/engine\\\"; kill -KILL \\$engine\" TERM; "
    book = world.book
    book.write_text(book.read_text().replace("bash -c 'echo", f"bash -c '{deaf}echo")
                    .replace("      until [ -s", "      until [ -s \"$W/engine\" ]; do sleep 0.02; done\n      until [ -s"))
    engine = world.start()
    (world.folder / "engine").write_text(f"{engine.pid}\n")
    assert engine.wait(timeout=300) == -signal.SIGKILL
    assert world.state_of("use_again") == "succeeded" and world.show()["state"] != "succeeded"
    result = world.resume()
    assert result.code == 0, result
    assert not is_alive(pid_of(world))
    until(lambda: world.supervisors() == [], "the end of the supervisor")
    assert world.lines() == ["used", "used again"]


def test_plan_says_what_is_left(world):
    world.write(tunnelled())
    assert "leaves until the end of the run: the tunnel to the database" in world("plan", world.book).out
    steps = json.loads(world("plan", world.book, "--json").out)["steps"]
    assert steps[0]["leaves"] == ["the tunnel to the database"] and "leaves" not in steps[1]
