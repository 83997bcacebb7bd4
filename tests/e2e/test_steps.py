"""What steps can do and what becomes of it: outputs, looks, retries, timeouts, secrets, interrupts."""

import base64
import binascii
import json
import os
import signal
import urllib.parse
from pathlib import Path

import pytest

from world import gated, is_alive, kill, until, world  # noqa: F401  (the fixture)


def steps(text):
    return "runbook: example\nsteps:\n" + text


def test_outputs_come_from_the_file_from_a_pattern_and_from_the_result(world):
    world.write("""
runbook: outputs
inputs: {who: {default: world}}
vars: {greeting: "hello ${{ $inputs.who }}"}
steps:
  - id: make
    title: Make values
    env: {GREETING: "${{ $vars.greeting }}"}
    shell: |
      echo "text=$GREETING, $who" >> "$RUNBOOK_OUTPUT"
      echo "number=7" >> "$RUNBOOK_OUTPUT"
      echo "it has 42 lines"
    outputs:
      text: {}
      number: {type: int}
      lines: {regex: "has ([0-9]+) lines", type: int}
      code: exit_code
  - id: check
    title: Check them
    assert: {that: "$steps.make.number == 7 && $steps.make.lines == 42 && $steps.make.code == 0", because: they are wrong}
  - id: use
    title: Use one
    exec: [sh, -c, 'echo "$1" > "$W/used"', sh, "${{ $steps.make.text }}"]
outputs: {text: $steps.make.text}
""")
    result = world.run()
    assert result.code == 0, result
    assert result.out == "text=hello world, world\n"
    assert world.lines("used") == ["hello world, world"]
    assert world.step("make")["outputs"] == {"text": "hello world, world", "number": 7, "lines": 42, "code": 0}


def test_an_output_that_does_not_come_fails_the_step_and_says_which(world):
    world.write(steps("  - {id: a, title: A, shell: echo nothing, outputs: {lines: {regex: 'has ([0-9]+)'}}}\n"))
    result = world.run()
    assert result.code == 1
    assert "output `lines`: nothing in standard output matches" in result.err
    assert "what it did stands, and trying it again does it once more" in result.err


def test_nobody_is_warned_of_a_second_effect_where_there_was_no_first_one_or_it_does_no_harm(world):
    world.write(steps("  - {id: a, title: A, shell: exit 1}\n"))
    assert "once more" not in world.run().err
    world.write(steps("  - {id: a, title: A, effect: idempotent, shell: 'true', outputs: {x: {}}}\n"))
    result = world.run()
    assert result.code == 1 and "once more" not in result.err


def test_a_hint_is_given_where_the_failure_is_the_one_it_is_about(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo "An error occurred (AccessDenied)"; exit 1
    hints:
      - {match: "AccessDenied|ExpiredToken", say: log in again}
      - {match: Throttling, say: wait a while}
"""))
    result = world.run()
    assert result.code == 1
    assert "  hint: log in again\n" in result.err
    assert "wait a while" not in result.err


def test_what_holds_already_is_not_run(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo effect >> "$W/effects"
    done_when: {shell: test -e "$W/there"}
"""))
    world.open_gate("there")
    assert world.run().code == 0
    assert world.state_of("a") == "satisfied" and world.lines() == []


def test_a_look_that_cannot_tell_stops_before_the_effect(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo effect >> "$W/effects"
    done_when: {shell: exit 9}
"""))
    result = world.run()
    assert result.code == 1 and "can't tell" in result.err
    assert world.lines() == []


def test_what_ran_and_is_not_done_has_failed(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo effect >> "$W/effects"
    done_when: {shell: test -e "$W/there"}
    retry: {attempts: 5, delay: 1ms}
"""))
    result = world.run()
    assert result.code == 1 and "it ran, but is not done" in result.err
    assert world.lines() == ["effect"]      # the effect is not repeated by policy


def test_before_makes_a_restart_honest(world):
    (world.folder / "generation").write_text("1\n")
    world.write(steps("""  - id: restart
    title: Restart
    shell: echo 2 > "$W/generation"; echo effect >> "$W/effects"
    before: {shell: cat "$W/generation", outputs: {generation: {regex: "[0-9]+", type: int}}}
    done_when: {shell: cat "$W/generation", that: "json > $before.generation"}
"""))
    result = world.run()
    assert result.code == 0, result
    assert world.lines() == ["effect"] and world.state_of("restart") == "succeeded"


def test_verify_looks_only_after(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo effect >> "$W/effects"
    verify: {shell: test -s "$W/effects", outputs: {seen: exit_code}}
  - id: b
    title: B
    shell: "true"
    verify: {shell: test -e "$W/never", every: 10ms, timeout: 50ms}
"""))
    result = world.run()
    assert result.code == 1 and "it ran, but verify does not hold" in result.err
    assert world.state_of("a") == "succeeded" and world.step("a")["outputs"] == {"seen": 0}


def test_what_failed_is_tried_again_as_often_as_it_says(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo try >> "$W/tries"; test "$(wc -l < "$W/tries")" -ge 3
    retry: {attempts: 4, delay: 1ms, backoff: 2}
"""))
    assert world.run().code == 0
    assert len(world.lines("tries")) == 3 and world.step("a")["attempts"] == 3


def test_retry_when_is_asked_about_the_failed_result(world):
    world.write(steps("""  - id: a
    title: A
    shell: echo try >> "$W/tries"; exit 3
    retry: {attempts: 4, delay: 1ms, when: exit_code == 9}
"""))
    assert world.run().code == 1
    assert len(world.lines("tries")) == 1


def test_a_resume_after_a_failure_tries_the_failed_step_anew(world):
    world.write(steps("""  - {id: a, title: A, shell: echo a >> "$W/effects"}
  - {id: b, title: B, shell: test -e "$W/gate"}
  - {id: c, title: C, shell: echo c >> "$W/effects"}
"""))
    result = world.run()
    assert result.code == 1 and "skip" in result.err and "--resume" in result.err
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines() == ["a", "c"] and world.step("b")["attempts"] == 2


def test_sections_are_left_out_as_a_whole(world):
    world.write("""
runbook: example
inputs: {deep: {type: bool, default: false}}
steps:
  - section: Deep
    when: $inputs.deep
    steps:
      - {id: a, title: A, shell: echo a >> "$W/effects"}
      - section: Deeper
        steps: [{id: b, title: B, shell: echo b >> "$W/effects"}]
  - {id: c, title: C, when: "$steps.a.state == 'skipped'", shell: echo c >> "$W/effects"}
""")
    assert world.run().code == 0
    assert world.lines() == ["c"] and world.state_of("b") == "skipped"
    assert world.run("-i", "deep=true").code == 0
    assert world.lines() == ["c", "a", "b"]


def test_a_wait_ends_at_its_deadline_with_what_it_saw_last(world):
    world.write(steps("  - {id: a, title: A, wait_until: {shell: exit 1, every: 10ms, timeout: 60ms}}\n"))
    result = world.run()
    assert result.code == 1 and "did not come to be within 60ms: it exited with 1" in result.err


def test_fail_when_ends_a_wait_early(world):
    world.write(steps("""  - id: a
    title: A
    wait_until: {shell: 'echo "{\\"status\\": \\"broken\\"}"', that: "json.status == 'ready'", fail_when: "json.status == 'broken'", timeout: 10m}
"""))
    result = world.run()
    assert result.code == 1 and "fail_when holds" in result.err


def test_on_timeout_kill_ends_a_repeatable_step_as_failed_and_a_once_step_in_doubt(world):
    world.write(steps("  - {id: a, title: A, effect: idempotent, shell: sleep 600, timeout: 100ms, on_timeout: kill}\n"))
    assert world.run().code == 1
    assert world.state_of("a") == "failed"
    world.write(steps("  - {id: a, title: A, shell: sleep 600, timeout: 100ms, on_timeout: kill}\n"))
    assert world.run().code == 4
    assert world.state_of("a") == "in_doubt"


def test_a_timeout_on_an_effect_tells_and_lets_it_run_on(world):
    world.write(gated(timeout="100ms"))
    engine = world.start()
    assert engine.wait(timeout=300) == 3
    assert "runs longer than its timeout" in engine.log.read_text()
    assert world.step_processes() and world.state_of("gated") == "running"
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def test_an_irreversible_step_needs_its_phrase(world):
    world.write(steps("  - {id: drop, title: Drop the database, effect: irreversible, shell: echo effect >> \"$W/effects\"}\n"))
    result = world.run()
    assert result.code == 3 and "--approve 'drop=Drop the database'" in result.err.replace("drop='Drop the database'", "'drop=Drop the database'")
    assert world.resume("--approve", "drop=yes").code == 3
    assert world.lines() == []
    result = world.resume("--approve", "drop=Drop the database")
    assert result.code == 0, result
    assert world.lines() == ["effect"]


def test_a_program_that_is_not_there_was_not_started(world):
    world.write(steps("  - {id: a, title: A, exec: [no-such-program], retry: {attempts: 3, delay: 1ms}}\n"))
    result = world.run()
    assert result.code == 1 and "there is no program `no-such-program` in PATH" in result.err
    assert world.state_of("a") == "failed"


def test_what_a_step_leaves_behind_is_ended_with_it_and_told(world):
    world.write(steps("""  - id: a
    title: A
    shell: |
      setsid sleep 600 < /dev/null > /dev/null 2>&1 &
      echo $! > "$W/pid"
      until grep --quiet sleep "/proc/$!/comm"; do :; done
  - {id: b, title: B, shell: echo b >> "$W/effects"}
"""))
    assert world.run().code == 0
    assert not is_alive(int(world.lines("pid")[0]))
    assert world.lines() == ["b"]
    events = json.loads(world("why", "last", "a", "--json").out)["events"]
    assert any("sleep 600" in stray for event in events for stray in event["body"].get("strays", []))


def test_the_end_is_the_end_of_the_process_not_of_its_output(world):
    world.write(steps("  - {id: a, title: A, shell: sleep 600 &}\n  - {id: b, title: B, shell: echo b >> \"$W/effects\"}\n"))
    assert world.run().code == 0
    assert world.lines() == ["b"] and world.step_processes() == []


def test_output_is_kept_at_both_ends_and_what_is_left_out_is_counted(world):
    world.write(steps("""  - id: a
    title: A
    output: {head: 1KB, tail: 1KB}
    shell: echo first; head --bytes=5000000 /dev/zero | tr '\\\\0' x; echo; echo last
"""))
    assert world.run().code == 0
    text = world("logs", "last", "a").out
    assert text.startswith("first\n") and text.endswith("last\n") and "bytes left out" in text and len(text) < 4000


def test_the_first_ctrl_c_pauses_after_the_step(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.send_signal(signal.SIGINT)
    until(lambda: "pausing when this step has ended" in engine.log.read_text(), "the engine to have heard it")
    world.open_gate()
    assert engine.wait(timeout=300) == 130
    assert world.lines() == ["effect"] and world.state_of("after") == "pending"
    assert world.resume().code == 0
    assert world.lines() == ["effect", "after"]


def test_the_second_ctrl_c_ends_the_step(world):
    world.write(gated(effect="idempotent"))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.send_signal(signal.SIGINT)
    engine.send_signal(signal.SIGINT)
    until(lambda: engine.send_signal(signal.SIGINT) or engine.poll() is not None, "the engine's end")
    assert engine.wait(timeout=300) == 130 and world.step_processes() == []
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines() == ["effect", "after"]


def test_skip_leaves_out_and_redo_does_anew_with_a_reason(world):
    world.write(steps("""  - {id: a, title: A, shell: echo a >> "$W/effects"}
  - {id: b, title: B, shell: exit 1}
  - {id: c, title: C, shell: echo c >> "$W/effects"}
"""))
    assert world.run().code == 1
    assert world("skip", "last", "b").code == 2
    assert world("skip", "last", "b", "--because", "not needed").code == 0
    assert world("redo", "last", "a", "--because", "the file was wrong").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["a", "a", "c"]
    assert {each["what"] for each in world.show()["deviations"]} == {"skipped", "done anew"}


def test_cancel_leaves_the_run_and_ends_what_runs(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    result = world("cancel", "last", "--because", "wrong day")
    assert result.code == 0, result
    assert world.show()["state"] == "cancelled" and world.step_processes() == []
    result = world.resume()
    assert result.code == 1 and "nothing to go on with" in result.err


def test_on_failure_cancel_leaves_the_run_with_exit_1(world):
    world.write(steps("  - {id: a, title: A, shell: exit 1}\n"))
    assert world.run("--on-failure", "cancel").code == 1
    assert world.show()["state"] == "cancelled"


def test_a_runbook_that_changed_is_not_resumed_silently(world):
    world.write(steps("  - {id: a, title: A, shell: exit 1}\n"))
    assert world.run().code == 1
    world.write(steps("  - {id: a, title: A, shell: exit 0}\n"))
    result = world.resume()
    assert result.code == 2 and "has changed" in result.err and "changed   `a`" in result.err
    world.book.write_text(world("show", "last", "--definition").out)
    assert world.resume().code == 1


def test_resume_says_what_there_is_to_go_on_with(world):
    world.write(steps("  - {id: a, title: A, shell: \"true\"}\n"))
    assert world.resume().code == 2
    assert world.run().code == 0
    result = world.resume()
    assert result.code == 0 and "nothing to go on with" in result.err
    world.write(steps("  - {id: a, title: A, shell: exit 1}\n"))
    assert world.run().code == 1
    result = world("run", "--resume", "--non-interactive")      # the only unfinished one
    assert result.code == 1 and "going on" in result.err
    assert world.run().code == 1
    result = world.resume()
    assert result.code == 2 and "2 runs" in result.err


SECRET = "s3cr3t/Pa+ss wörd'\"$%"


def forms(secret):
    raw = secret.encode()
    yield raw
    for offset in range(3):
        padded = base64.b64encode(b"x" * offset + raw + b"y" * ((3 - offset - len(raw)) % 3))
        begin = (offset * 8 + 5) // 6
        yield padded[begin:begin + len(raw) * 8 // 6 - 1]
    yield binascii.hexlify(raw)
    yield urllib.parse.quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()


def test_a_secret_stands_nowhere_on_disk_and_in_no_argument_list(world):
    world.write("""
runbook: secrets
inputs: {password: {type: secret}}
steps:
  - id: use
    title: Use it
    env: {PASSWORD: "${{ $inputs.password }}"}
    shell: |
      echo "plain $PASSWORD"
      printf '%s' "$PASSWORD" | base64
      printf '%s' "x$PASSWORD" | base64
      printf '%s' "xy$PASSWORD" | base64 --wrap=10
      printf '%s' "$PASSWORD" | od -An -tx1 | tr -d ' \\n'; echo
      printf '%q\\n' "$PASSWORD"
      python3 -c 'import os, urllib.parse, json; p = os.environ["PASSWORD"]; print(urllib.parse.quote(p, safe="")); print(json.dumps(p))' >&2
      echo "token=$PASSWORD" >> "$RUNBOOK_OUTPUT"
      tr '\\0' ' ' < /proc/$$/cmdline > "$W/cmdline"
      until [ -e "$W/gate" ]; do sleep 0.02; done
    stdin: "${{ $inputs.password }}"
    outputs: {token: {}}
  - id: fail
    title: Fail
    shell: exit 1
""".replace("    stdin: \"${{ $inputs.password }}\"\n", ""))
    engine = world.start(RUNBOOK_INPUT_PASSWORD=SECRET)
    until(lambda: world.lines("cmdline"), "the step")    # it holds the lines of the script
    def grep():
        for path in [*Path(f"{world.journal}.d").rglob("*"), *world.folder.glob("journal.db*"), *world.folder.glob("engine*.log"), world.folder / "cmdline"]:
            if path.is_file():
                content = path.read_bytes()
                for form in forms(SECRET):
                    assert form not in content, (path, form)
    grep()
    world.open_gate()
    assert engine.wait(timeout=300) == 1
    grep()
    assert "[secret]" in world("logs", "last", "use").out
    assert world.step("use")["outputs"] == {"token": "[secret]"}
    result = world.resume()     # without it: a step that needs it is not reached, so nothing is missing
    assert result.code == 1


def test_a_secret_on_the_command_line_is_refused(world):
    world.write("runbook: a\ninputs: {password: {type: secret}}\nsteps: [{id: a, title: A, env: {P: \"${{ $inputs.password }}\"}, shell: \"true\"}]\n")
    result = world.run("-i", "password=123456789")
    assert result.code == 2 and "RUNBOOK_INPUT_PASSWORD" in result.err
    assert world.run(RUNBOOK_INPUT_PASSWORD="short").code == 2
    assert world.run(RUNBOOK_INPUT_PASSWORD="long enough").code == 0


def test_inputs_do_not_reach_processes_that_were_not_given_them(world):
    world.write("runbook: a\ninputs: {password: {type: secret}}\nsteps: [{id: a, title: A, shell: env > \"$W/env\"}]\n")
    assert world.run(RUNBOOK_INPUT_PASSWORD=SECRET).code == 0
    assert "INPUT_PASSWORD" not in (world.folder / "env").read_text() and SECRET not in (world.folder / "env").read_text()


def test_files_are_for_their_owner_alone(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    for path in [world.journal, Path(f"{world.journal}-wal"), *Path(f"{world.journal}.d").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    world.open_gate()
    assert engine.wait(timeout=300) == 0


def test_bad_yaml_names_its_place_and_nothing_is_run(world):
    world.write("runbook: a\nsteps:\n  - id: a\n    titel: A\n    shell: echo effect >> \"$W/effects\"\n")
    result = world.run()
    assert result.code == 2 and "book.yaml:4:5: error: unknown key `titel`" in result.err and "did you mean `title`?" in result.err
    assert world.lines() == [] and not world.journal.exists()
