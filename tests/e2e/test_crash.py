"""Engines, supervisors and steps that die: nothing runs twice by accident, nothing that ran is forgotten."""

import os
import random
import re
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from world import World, children, command_line, gated, is_alive, kill, reads_an_output, stat, until, world  # noqa: F401  (the fixture)


def fifty(folder, rng):
    text = "runbook: fifty\nsteps:\n"
    for i in range(50):
        text += f"  - id: s{i}\n    title: Step {i}\n    shell: |\n      sleep 0.0{rng.randint(1, 9)}\n      echo {i} >> \"$W/effects\"\n"
    return text


@pytest.mark.parametrize("seed", [random.SystemRandom().randrange(10**6)])
def test_fifty_steps_survive_twelve_kills_of_the_engine_and_nobody_is_asked(world, seed):
    rng = random.Random(seed)
    world.write(fifty(world.folder, rng))
    words = []
    for _ in range(12):
        engine = world.start(*words)
        words = ["--resume"]
        begun = len(world.lines())
        target = begun + rng.randint(0, 4)
        until(lambda: len(world.lines()) >= target or engine.poll() is not None, "some steps")
        engine.kill()
        engine.wait()
        if not (world.folder / "journal.db").exists() or world.show() is None:
            words = []      # killed before there was a run
    result = world.run(*words)
    assert result.code == 0, result
    assert world.lines() == [str(i) for i in range(50)]
    assert world.show()["questions"] == [] and world.show()["deviations"] == []
    assert world("verify", "last").code == 0


@pytest.mark.parametrize("seed", [random.SystemRandom().randrange(10**6)])
def test_with_the_supervisor_killed_too_at_most_the_running_step_is_in_doubt(world, seed):
    rng = random.Random(seed)
    world.write(fifty(world.folder, rng))
    words, kills, doubts = [], 0, 0
    while True:
        engine = world.start(*words)
        words = ["--resume"]
        if kills < 12:
            target = len(world.lines()) + rng.randint(0, 4)
            until(lambda: len(world.lines()) >= target or engine.poll() is not None, "some steps")
            engine.kill()
            engine.wait()
            shown = world.show()
            if shown is None:
                words = []
                continue
            kill(*world.supervisors(shown["run"]))      # an engine may have left the folder of a run that never began
            kills += 1
            continue
        code = engine.wait(timeout=600)     # most of the steps are still to come
        if code == 0:
            break
        assert code == 4, engine.log.read_text()
        doubts += 1
        in_doubt = [step["id"] for step in world.show()["steps"] if step["state"] == "in_doubt"]
        assert len(in_doubt) == 1
        happened = in_doubt[0][1:] in world.lines()
        resolved = world("resolve", "last", in_doubt[0], "done" if happened else "retry", "--because", "looked into the file")
        assert resolved.code == 0, resolved
    assert world.lines() == [str(i) for i in range(50)]
    assert len(world.show()["deviations"]) == doubts
    assert world("verify", "last").code == 0


def test_a_step_outlives_two_engines_and_is_taken_up_each_time(world):
    world.write(gated())
    first = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    first.kill()
    first.wait()
    second = world.start("--resume")
    until(lambda: world.show()["driver"] == second.pid, "the second engine")
    second.kill()
    second.wait()
    third = world.start("--resume")
    until(lambda: world.show()["driver"] == third.pid, "the third engine")
    world.open_gate()
    assert third.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def test_a_step_that_ends_while_nobody_watches_is_not_forgotten(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    world.open_gate()
    until(lambda: not world.step_processes(), "the step's end")
    assert world.lines() == ["effect"]
    result = world.resume()
    assert result.code == 0, result
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def test_an_exit_code_is_known_though_the_engine_was_dead_when_it_came(world):
    world.write(gated().replace('echo effect >> "$W/effects"', "exit 7"))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    world.open_gate()
    until(lambda: not world.step_processes(), "the step's end")
    engine = world.start("--resume")
    assert engine.wait(timeout=300) == 1
    assert "it exited with 7" in engine.log.read_text()
    assert world.state_of("gated") == "failed"


def test_a_terminal_that_goes_away_takes_nothing_with_it(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.send_signal(signal.SIGHUP)
    assert engine.wait(timeout=300) == 130
    assert world.show()["state"] == "interrupted" and world.state_of("gated") == "running"
    assert world.step_processes()
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def test_the_engine_collects_the_status_when_the_supervisor_alone_dies(world):
    world.write(gated())
    engine = world.start()
    # Until the supervisor has written down whom it started, the step would be in doubt.
    world.until_begun()
    kill(world.supervisor())
    world.open_gate()
    assert engine.wait(timeout=300) == 130
    assert world.state_of("gated") == "succeeded" and world.state_of("after") == "pending"
    assert "supervisor" in engine.log.read_text()
    assert world.resume().code == 0
    assert world.lines() == ["effect", "after"]


def begin_and_kill_all(world, *, step_too):
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    kill(world.supervisor())
    if step_too:
        kill(*world.step_processes())


def test_a_once_step_without_a_known_end_is_in_doubt_and_never_run_again_by_itself(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    for _ in range(2):
        result = world.resume()
        assert result.code == 4, result
        assert "step `gated` is in doubt" in result.err
        assert "resolve" in result.err and "done" in result.err and "not-done" in result.err and "retry" in result.err
    assert world.lines("begun") == ["begun"] and world.lines() == []


def test_resolve_done_goes_on_without_running_it(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    assert world.resume().code == 4
    assert world("resolve", "last", "gated", "done").code == 2                      # no reason given
    assert world("resolve", "last", "gated", "done", "--because", "seen").code == 0
    assert world("resolve", "last", "gated", "retry", "--because", "late").code == 2    # settled already
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["after"]
    deviation, = world.show()["deviations"]
    assert deviation["step"] == "gated" and deviation["because"] == "seen"


def test_resolve_not_done_stops_there_and_a_resume_tries_anew(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    assert world.resume().code == 4
    assert world("resolve", "last", "gated", "not-done", "--because", "seen").code == 0
    assert world.show()["state"] == "failed"
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun", "begun"] and world.lines() == ["effect", "after"]


def test_an_answer_that_died_with_its_engine_is_still_the_first(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    assert world.resume().code == 4
    question, = world.show()["questions"]
    with sqlite3.connect(world.journal) as journal:     # as a `resolve` does whose engine dies before it reads it
        columns = [row[1] for row in journal.execute("PRAGMA table_info(answers)")]
        values = {"run": world.show()["run"], "question": question["question"], "choice": "done", "who": "ada", "because": "seen",
                  "at_ms": 1, "fields": "null"}
        names = [column for column in columns if column in values]
        journal.execute(f"INSERT INTO answers({', '.join(names)}) VALUES({', '.join('?' * len(names))})", [values[name] for name in names])
    journal.close()
    result = world("resolve", "last", "gated", "retry", "--because", "late")
    assert result.code == 2 and "ada answered first: done" in result.err
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["after"]


def test_on_doubt_answers_beforehand(world):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    world.open_gate()
    result = world.resume("--on-doubt", "gated=retry")
    assert result.code == 0, result
    assert world.lines("begun") == ["begun", "begun"] and world.lines() == ["effect", "after"]


def test_an_irreversible_step_is_never_decided_beforehand(world):
    world.write(gated(effect="irreversible"))
    world.start("--approve", "gated=Wait at the gate, then have an effect")
    engine = world.started[0]
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    kill(world.supervisor(), *world.step_processes())
    assert world.resume("--on-doubt", "gated=retry").code == 2
    assert world.resume().code == 4


@pytest.mark.parametrize("effect", ["read", "idempotent"])
def test_what_may_run_again_does_without_a_question(world, effect):
    world.write(gated(effect=effect))
    begin_and_kill_all(world, step_too=True)
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines("begun") == ["begun", "begun"] and world.lines() == ["effect", "after"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_logs_follow_a_step_whose_engine_has_gone(world, number):
    world.write(gated().replace('echo begun >> "$W/begun"', 'echo begun >> "$W/begun"; echo "line one"').replace("echo effect", "echo line two; echo effect"))
    engine = world.start()
    # `logs` knows that the step lives when the supervisor has written down whom it started.
    world.until_begun()
    engine.send_signal(number)
    engine.wait()
    logs = world.start_command("logs", "last", "gated", "-f")
    until(lambda: "line one" in logs.log.read_text(), "what it wrote")
    world.open_gate()
    assert logs.wait(timeout=300) == 0
    run = world.show()["run"]
    assert logs.log.read_text() == f"line one\nline two\nrun {run}: nobody drives it; to go on: runbook run --resume {run}\n"
    assert world.resume().code == 0


def looks(pid):
    """How often it has slept between two looks."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def test_logs_follow_until_the_last_word_of_a_step_has_been_read(world):
    """The step has ended; its supervisor, held up, has neither read all that it wrote nor said so."""
    world.write(gated().replace("echo effect", "echo line two; echo effect"))
    engine = world.start()
    world.until_begun()
    kill(engine.pid)
    engine.wait()
    [step], supervisor = [pid for pid in world.step_processes() if command_line(pid).startswith("bash")], world.supervisor()
    os.kill(supervisor, signal.SIGSTOP)
    until(lambda: stat(supervisor)[0] == "T", "the supervisor to stop")
    world.open_gate()
    until(lambda: not is_alive(step), "the end of the step")
    logs = world.start_command("logs", "last", "gated", "-f")
    until(lambda: looks(logs.pid) > 5 or logs.poll() is not None, "some looks")
    assert logs.poll() is None
    os.kill(supervisor, signal.SIGCONT)
    assert logs.wait(timeout=300) == 0
    assert logs.log.read_text().startswith("line two\nrun ")
    assert world.resume().code == 0


KEYS = """
runbook: keys
inputs: {pw: {type: secret, from: [{env: PW}]}}
steps:
  - id: one
    env: {KEY: "${{ $inputs.pw }}"}
    shell: |
      echo "begun with $KEY"
      echo begun >> "$W/begun"
      until [ -e "$W/gate" ]; do sleep 0.02; done
      echo "the password is $KEY, the answer 42"
      echo "seen=$KEY" >> "$RUNBOOK_OUTPUT"
    outputs: {seen: {}, answer: {regex: "answer ([0-9]+)"}, password: {regex: "is (.*),"}}
  - id: two
    env: {SEEN: "${{ $steps.one.seen }}"}
    shell: echo "$SEEN"
"""
THE_SECRET = "hunter2-very-secret"


def content_of(path):
    """Nothing where it is gone since it was listed: engine and supervisor rename and remove their files as they go on."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def kept_by(world):
    return b"".join(content_of(path) for path in world.folder.rglob("*") if path.is_file() and path.name != "book.yaml")


@pytest.mark.parametrize("now", [{}, {"PW": "another-one-now"}], ids=["gone", "changed"])
def test_who_takes_up_a_step_learns_of_its_supervisor_what_is_secret(world, now):
    """The value that it was begun with is not there any more, and can't reach the record all the same."""
    world.write(KEYS)
    engine = world.start(PW=THE_SECRET)
    until(lambda: world.lines("begun"), "the step to begin")
    engine.kill()
    engine.wait()
    world.open_gate()
    assert world.resume(**now).code == 0
    outputs = world.step("one")["outputs"]
    assert outputs["answer"] == "42" and THE_SECRET not in str(outputs), outputs
    shown = world("logs", "last", "one").out + world("logs", "last", "two").out
    assert "the password is [secret], the answer 42" in shown and THE_SECRET not in shown
    assert THE_SECRET.encode() not in kept_by(world)
    assert world("verify", "last").code == 0


def test_a_look_at_what_has_ended_is_masked_by_what_it_was_begun_with(world):
    world.write("""
runbook: keys
inputs: {pw: {type: secret, from: [{env: PW}]}}
steps:
  - id: one
    env: {KEY: "${{ $inputs.pw }}"}
    shell: echo "$KEY" > "$W/book.yaml.config"
    verify: {shell: 'cat "$W/book.yaml.config"; echo look >> "$W/looks"; until [ -e "$W/gate" ]; do sleep 0.02; done'}
""")
    engine = world.start(PW=THE_SECRET)
    until(lambda: world.lines("looks"), "the look")
    engine.kill()
    engine.wait()
    second = world.start("--resume", PW="another-one-now")
    until(lambda: len(world.lines("looks")) == 2, "the second look")
    config = world.folder / "book.yaml.config"
    config.unlink()
    assert THE_SECRET.encode() not in kept_by(world)
    world.open_gate()
    assert second.wait(timeout=300) == 0
    assert THE_SECRET.encode() not in kept_by(world)


NOT_KEPT = "[its supervisor died; what it wrote since is not kept, for it may hold a secret]"


def begun_with_the_secret(world):
    """The engine; the first line of the step is in its log."""
    world.write(KEYS)
    engine = world.start(PW=THE_SECRET)
    until(lambda: world.lines("begun"), "the step to begin")
    until(lambda: "begun with" in world("logs", "last", "one").out, "its first line in the log")
    return engine


def test_what_is_not_kept_is_said_also_of_a_step_whose_end_is_known(world):
    engine = begun_with_the_secret(world)
    kill(world.supervisor())
    until(lambda: reads_an_output(engine.pid), "the engine to read what the step writes")
    world.open_gate()
    engine.wait(timeout=300)
    assert world("logs", "last", "one").out == f"begun with [secret]\n{NOT_KEPT}\n"
    assert THE_SECRET.encode() not in kept_by(world)


@pytest.mark.parametrize("now", [{}, {"PW": "another-one-now"}, {"PW": THE_SECRET}], ids=["gone", "changed", "there"])
def test_what_nobody_has_masked_is_not_kept(world, now):
    """With its supervisor died what it had read of the secret and not yet written: the rest would not be known as a part of it."""
    engine = begun_with_the_secret(world)
    kill(engine.pid, world.supervisor())
    engine.wait()
    second = world.start("--resume", **now)
    until(lambda: reads_an_output(second.pid), "the second engine to read what the step writes")
    world.open_gate()
    assert second.wait(timeout=300) == 4
    assert world("logs", "last", "one").out == f"begun with [secret]\n{NOT_KEPT}\n"
    assert THE_SECRET.encode() not in kept_by(world)
    assert world("verify", "last").code == 0


def test_what_is_begun_again_after_a_doubt_is_still_undone(world):
    world.write("""
runbook: clusters
steps:
  - {id: zero, shell: 'true', undo: {shell: 'echo un-zero >> "$W/effects"'}}
  - id: create
    effect: idempotent
    shell: 'echo created >> "$W/effects"; echo begun >> "$W/begun"; until [ -e "$W/gate" ]; do sleep 0.02; done'
    undo: {shell: 'echo deleted >> "$W/effects"'}
""")
    begin_and_kill_all(world, step_too=True)
    assert world("cancel", "last").code == 0
    assert world("undo", "last").code == 0
    assert world.lines() == ["created", "deleted", "un-zero"]
    assert world.state_of("create") == "undone"


def test_a_look_that_says_yes_settles_the_doubt(world):
    world.write(gated(done_when='{shell: test -e "$W/created"}'))
    begin_and_kill_all(world, step_too=True)
    world.open_gate("created")
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["after"]


def test_a_look_that_says_no_decides_only_if_it_may(world):
    world.write(gated(done_when='{shell: test -s "$W/effects"}'))
    begin_and_kill_all(world, step_too=True)
    result = world.resume()
    assert result.code == 4, result
    assert world.lines("begun") == ["begun"]


def test_a_look_that_decides_runs_it_again(world):
    world.write(gated(done_when='{shell: test -s "$W/effects", decides: true}'))
    begin_and_kill_all(world, step_too=True)
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert world.lines("begun") == ["begun", "begun"] and world.lines() == ["effect", "after"]


def test_a_step_alive_without_its_supervisor_is_waited_for_and_can_write(world):
    # It writes more than a pipe holds, so it goes on only if somebody reads.
    world.write(gated().replace('echo effect >> "$W/effects"', 'head --bytes=1000000 /dev/zero; echo effect >> "$W/effects"'))
    begin_and_kill_all(world, step_too=False)
    step = world.step_processes()
    assert step
    second = world.start("--resume")
    until(lambda: world.show()["driver"] == second.pid, "the second engine")
    assert world.state_of("gated") == "running"        # no question while it lives
    world.open_gate()
    assert second.wait(timeout=300) == 4
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect"]
    assert world("resolve", "last", "gated", "done", "--because", "the line is there").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["effect", "after"]


def test_a_look_is_simply_repeated_after_a_crash(world):
    world.write("""
runbook: waits
steps:
  - id: wait
    title: Wait for the file
    wait_until: {shell: echo look >> "$W/looks"; test -e "$W/gate", every: 20ms, timeout: 10m}
  - id: after
    title: Come after it
    shell: echo after >> "$W/effects"
""".replace('{shell: echo look >> "$W/looks"; test -e "$W/gate",', "{shell: 'echo look >> \"$W/looks\"; test -e \"$W/gate\"',"))
    engine = world.start()
    until(lambda: len(world.lines("looks")) >= 3, "some looks")
    deadline_before = [event for event in why(world, "wait") if event["kind"] == "waiting"]
    engine.kill()
    engine.wait()
    kill(*world.supervisors())
    second = world.start("--resume")
    seen = len(world.lines("looks"))
    until(lambda: len(world.lines("looks")) > seen, "more looks")
    world.open_gate()
    assert second.wait(timeout=300) == 0
    assert [event for event in why(world, "wait") if event["kind"] == "waiting"] == deadline_before   # it is absolute
    assert world.lines() == ["after"]


def why(world, step):
    import json
    return json.loads(world("why", "last", step, "--json").out)["events"]


def test_ps_shows_engine_supervisor_and_step_and_nothing_else(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    supervisor = world.supervisor()
    assert children(engine.pid) == [supervisor]
    step, = children(supervisor)
    assert command_line(step).startswith("bash -euo pipefail -c")
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    until(lambda: not is_alive(supervisor), "the supervisor's end")
    assert world.step_processes() == []


def test_another_engine_is_refused_and_told_who_drives(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    result = world.resume()
    assert result.code == 5 and str(engine.pid) in result.err and "--take-over" in result.err
    run = world.show()["run"]
    undo = world("undo", run)
    assert undo.code == 5 and f"run {run} is driven by pid {engine.pid}" in undo.err and "--take-over" in undo.err, undo
    (world.folder / "value").write_text("s3cret-value")
    for words in (["skip", run, "after"], ["redo", run, "gated"], ["scrub", run, "--value-from", world.folder / "value"]):
        refused = world(*words, "--because", "x")
        assert refused.code == 5 and f"run {run} is driven by pid {engine.pid}" in refused.err, refused
        assert f"give this command again; or end it, and go on with the run: `runbook run --resume {run} --take-over`" in refused.err
    world.open_gate()
    assert engine.wait(timeout=300) == 0


def test_take_over_ends_the_holder_first_and_stands_in_the_record(world):
    world.write(gated())
    engine = world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    os.kill(engine.pid, signal.SIGSTOP)     # hangs, as on a dead network disk
    second = world.start("--resume", "--take-over")
    assert engine.wait(timeout=300) == -signal.SIGKILL
    until(lambda: world.show()["driver"] == second.pid, "the second engine")
    world.open_gate()
    assert second.wait(timeout=300) == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]
    deviation, = world.show()["deviations"]
    assert "taken over" in deviation["what"]


def test_a_journal_that_went_back_is_noticed_and_nothing_runs(world):
    world.write(gated())
    world.open_gate()
    copy = world.folder / "copy.db"
    engine = world.start()
    assert engine.wait(timeout=300) == 0
    world.book.write_text(gated() + "  - id: more\n    title: More\n    shell: exit 3\n")
    for name in ("begun", "effects"):
        (world.folder / name).unlink()
    engine = world.start()
    assert engine.wait(timeout=300) == 1
    subprocess.run(["cp", world.journal, copy], check=True)
    assert world("skip", "last", "more", "--because", "x").code == 0
    for suffix in ("-wal", "-shm"):
        (world.folder / f"journal.db{suffix}").unlink(missing_ok=True)
    subprocess.run(["cp", copy, world.journal], check=True)
    before = world.lines()
    result = world.resume()
    assert result.code == 6, result
    assert "lost" in result.err and world.lines() == before
