"""A secret that leaked into the record is taken out of it: no file of the journal holds it any more, the chain stands and tells of it, and
what can't be done is said."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from test_crash import content_of
from test_journal_errors import give_to_nobody
from test_secret_outputs import forms
from test_storage import done_with, fast_folder
from world import BINARY, World, gated, kill, until, world  # noqa: F401 (a fixture)

SECRET = "s3cr3t-Tok3n/with+sign&'quote"
BOOK = """
runbook: leaks
inputs:
  region: {type: string, default: eu-1}
steps:
  - id: clean
    title: Say nothing of it
    shell: echo all is well
  - id: login
    title: Print what should not be printed
    shell: |
      cat "$W/token"
      printf 'user:%s' "$(cat "$W/token")" | base64 -w 0
      echo
      echo "kept=$(cat "$W/token")" >> "$RUNBOOK_OUTPUT"
    outputs:
      kept: {}
  - id: stop
    title: Stop once
    shell: test -e "$W/gate"
  - id: use
    title: Use it
    shell: echo "$KEPT" > "$W/used"
    env: {KEPT: "${{ $steps.login.kept }}"}
"""
OUTPUTS = "    outputs:\n      kept: {}\n"


def holding(world, value=SECRET):
    """Files of the journal that hold it in some form."""
    files = [path for path in [*Path(f"{world.journal}.d").rglob("*"), *world.folder.glob("journal.db*")] if path.is_file()]
    contents = [(path.name, content_of(path)) for path in files]
    return [name for name, content in contents if any(form in content for form in forms(value))]


def scrub(world, *words, value=SECRET, run="last", **env):
    path = world.folder / "value"
    path.write_text(value + "\n")
    return world("scrub", run, "--value-from", path, "--because", "the tool printed it", *words, **env)


@pytest.fixture
def leaked(world):
    (world.folder / "token").write_text(SECRET)
    world.write(BOOK)
    assert world.run().code == 1
    assert holding(world)
    return world


def test_a_leaked_secret_leaves_every_file_and_verify_tells_it(leaked):
    head = json.loads(leaked("verify", "last", "--json").out)["head"]
    before = leaked.show()
    done = scrub(leaked)
    assert done.code == 0, done
    assert "is scrubbed at event" in done.out and SECRET not in done.out + done.err
    assert holding(leaked) == []
    verified = leaked("verify", "last", "--head", head)
    assert verified.code == 0 and "is anchored up to" in verified.out and ": the tool printed it" in verified.out, verified
    said = json.loads(leaked("verify", "last", "--json").out)
    assert said["verdict"] == "consistent" and said["scrubbed"][0]["because"] == "the tool printed it"
    assert said["scrubbed"][0]["blobs"] == 2    # its output, and its outputs
    logs = leaked("logs", "last", "login")
    assert "[scrubbed]" in logs.out and SECRET not in logs.out, logs
    assert SECRET not in leaked("show", "last", "--json").out
    after = leaked.show()
    assert after["state"] == before["state"] == "failed"
    assert "scrubbed: 2 recorded texts" in json.dumps(after["deviations"])


def test_the_same_again_finds_nothing_and_is_no_event(leaked):
    scrub(leaked)
    before = json.loads(leaked("verify", "last", "--json").out)
    again = scrub(leaked)
    assert again.code == 0 and "nothing that run" in again.out and "was cleaned all the same" in again.out, again
    after = json.loads(leaked("verify", "last", "--json").out)
    assert after["head"] == before["head"]


def test_a_step_whose_outputs_were_scrubbed_is_done_anew_before_the_run_goes_on(leaked):
    done = scrub(leaked)
    assert "can't be resumed as it was" in done.out, done
    leaked.open_gate()
    refused = leaked.resume()
    assert refused.code == 2 and "what `login` gave" in refused.err and "nothing was run" in refused.err, refused
    assert not (leaked.folder / "used").exists()
    (leaked.folder / "token").write_text("another, which is no secret")
    assert leaked("redo", "last", "login", "--because", "its output was scrubbed").code == 0
    assert leaked.resume().code == 0
    assert (leaked.folder / "used").read_text() == "another, which is no secret\n"


def test_a_left_run_stays_left(world):
    (world.folder / "token").write_text(SECRET)
    world.write(BOOK)
    world.open_gate()
    assert world.run().code == 0
    before = json.loads(world("runs", "--json").out)
    assert scrub(world).code == 0
    after = json.loads(world("runs", "--json").out)
    assert before[0]["state"] == after[0]["state"] == "succeeded" and before[0]["ended_at"] == after[0]["ended_at"]
    assert holding(world) == []
    assert "nothing to go on with" in world.resume().err


def test_a_definition_that_was_scrubbed_is_not_resumed_but_adopted_or_left(world):
    text = BOOK.replace(OUTPUTS, "").replace('    env: {KEPT: "${{ $steps.login.kept }}"}\n', "").replace('"$KEPT"', "s3cr3t-Tok3n")
    value = "s3cr3t-Tok3n"
    (world.folder / "token").write_text("nothing")
    world.write(text)
    assert world.run().code == 1
    done = scrub(world, value=value)
    assert done.code == 0 and "its definition" in done.out, done
    assert holding(world, value) == []
    world.open_gate()
    refused = world.resume()
    assert refused.code == 2 and "its definition" in refused.err and "--adopt" in refused.err, refused
    same = world.resume("--adopt")
    assert same.code == 2 and "its definition" in same.err and not (world.folder / "used").exists(), same
    world.write(text.replace(value, "$FROM_ELSEWHERE"))
    assert world.resume("--adopt", FROM_ELSEWHERE="elsewhere").code == 0
    assert (world.folder / "used").read_text() == "elsewhere\n"


def test_a_run_whose_inputs_were_scrubbed_can_be_left(world):
    (world.folder / "token").write_text("nothing")
    world.write(BOOK)
    assert world.run("-i", "region=s3cr3t-region").code == 1
    assert scrub(world, value="s3cr3t-region").code == 0
    assert holding(world, "s3cr3t-region") == []
    refused = world.resume()
    assert refused.code == 2 and "its inputs" in refused.err and "runbook cancel" in refused.err, refused
    left = world("cancel", "last")
    assert left.code == 0 and "without its `finally`" in left.out, left
    assert world.show()["state"] == "cancelled" and world("verify", "last").code == 0


def test_a_manual_step_whose_answer_held_it_is_done_anew(world):
    world.write("""
runbook: by_hand
steps:
  - id: group
    title: Name it
    manual: {instructions: Name it, collect: {name: {description: Its name}}}
  - id: use
    title: Use it
    exec: [sh, -c, 'echo "$1" >> "$W/effects"', sh, "${{ $steps.group.name }}"]
""")
    assert world.run().code == 3
    assert world("confirm", "last", "group", "--set", f"name={SECRET}").code == 0
    assert holding(world)
    done = scrub(world)
    assert done.code == 0 and "what `group` gave" in done.out, done
    assert holding(world) == []
    assert world.resume().code == 2 and world.lines() == []
    assert world("redo", "last", "group", "--because", "what was typed was a secret").code == 0
    assert world.resume().code == 3
    assert world("confirm", "last", "group", "--set", "name=group-1").code == 0
    assert world.resume().code == 0 and world.lines() == ["group-1"]
    assert world("verify", "last").code == 0


def test_an_event_that_holds_it_is_named_and_exit_1(leaked):
    assert leaked("handoff", "last", "--note", f"the token is {SECRET}, mind it").code == 0
    done = scrub(leaked)
    assert done.code == 1 and "STILL in the journal" in done.err and "handed_off" in done.err, done
    assert "prune" in done.err and SECRET not in done.out + done.err
    assert "[scrubbed]" in leaked("logs", "last", "login").out
    assert json.loads(scrub(leaked, "--json").out)["still_in_events"]
    assert leaked("verify", "last").code == 0
    assert leaked("cancel", "last").code == 0
    pruned = leaked("prune", "--keep", "0s", "--run", "last", "--no-archive", "--because", "it holds a secret")
    assert pruned.code == 0 and holding(leaked) == [], pruned


def test_a_run_that_is_driven_is_not_scrubbed(world):
    world.write(gated())
    engine = world.start()
    # That it runs is told by the record of whom the supervisor started.
    world.until_begun()
    refused = scrub(world)
    assert refused.code == 5 and "is driven by pid" in refused.err, refused
    kill(engine.pid)
    engine.wait()       # while one of its threads lives, it drives the run
    refused = scrub(world)
    assert refused.code == 5 and "may write the value once more" in refused.err, refused
    world.open_gate()
    assert world.resume().code == 0


def test_a_run_whose_step_may_just_be_starting_is_not_scrubbed(world):
    """The record of whom the supervisor started is not written yet."""
    world.write(gated())
    engine = world.start()
    world.until_begun()
    kill(engine.pid)
    engine.wait()
    supervisor = world.supervisor()
    log = world.run_folder() / "log"
    log.write_text(re.sub(r"^P .*\n", "", log.read_text(), flags=re.M))
    refused = scrub(world)
    assert refused.code == 5 and "its pid is not known yet" in refused.err, refused
    kill(supervisor)
    refused = scrub(world)
    assert refused.code == 5 and "its pid is not known yet" in refused.err, refused
    world.open_gate()
    assert world.resume().code in (0, 4)


def test_a_spool_of_an_attempt_that_nobody_has_taken_up_is_overwritten(world):
    """Engine and supervisor are killed; what the step wrote lies in the spool alone."""
    (world.folder / "token").write_text(SECRET)
    world.write(gated(effect="idempotent").replace('echo begun >> "$W/begun"', 'cat "$W/token"; echo begun >> "$W/begun"'))
    engine = world.start()
    until(lambda: world.lines("begun"), "the step")
    until(lambda: holding(world), "the spool")
    supervisor, steps = world.supervisor(), world.step_processes()
    kill(engine.pid, supervisor, *steps)
    engine.wait()       # while one of its threads lives, it drives the run
    done = scrub(world)
    assert done.code == 0 and "it was overwritten in" in done.out, done
    assert holding(world) == []
    world.open_gate()
    resumed = world.resume("--on-doubt", "gated=retry")
    assert resumed.code == 0 and world.lines() == ["effect", "after"], resumed


@pytest.mark.parametrize("wait", [0, 1, 2, 4, 8, 16, 32])
def test_a_kill_while_it_is_at_work_leaves_all_or_nothing(leaked, wait):
    (leaked.folder / "value").write_text(SECRET)
    at_work = leaked.start_command("scrub", "last", "--value-from", "value", "--because", "x")
    time.sleep(wait / 1000)
    at_work.send_signal(signal.SIGKILL)
    at_work.wait()
    verified = json.loads(leaked("verify", "last", "--json").out)
    assert verified["verdict"] == "consistent"
    assert ("[scrubbed]" in leaked("logs", "last").out) == bool(verified["scrubbed"])
    assert scrub(leaked).code == 0 and holding(leaked) == []


def test_the_value_is_read_from_standard_input_and_from_the_environment(leaked):
    read, write = os.pipe()
    os.write(write, SECRET.encode() + b"\r\n")
    os.close(write)
    assert leaked("scrub", "last", "--value-from", "-", "--because", "x", stdin=read).code == 0
    assert holding(leaked) == []
    again = leaked("scrub", "last", "--value-from", "env:LEAKED", "--because", "x", LEAKED=SECRET)
    assert again.code == 0 and "nothing that run" in again.out


@pytest.mark.parametrize("words, code, said", [
    ([], 2, "--because"),
    (["--because", "x"], 2, "must know the value"),
    (["--because", "x", "--value-from", "env:NOT_THERE"], 2, "$NOT_THERE is not set"),
    (["--because", "x", "--value-from", "env:EMPTY"], 2, "fewer than 6"),
    (["--because", "x", "--value-from", "not/there"], 2, "not/there"),
    (["--because", "x", "--value-from", "short"], 2, "fewer than 6"),
    (["--because", "x", "--value-from", "mask"], 2, "a part of [scrubbed]"),
    (["--because", f"it was {SECRET}", "--value-from", "whole"], 2, "the reason holds the value itself"),
])
def test_what_is_asked_wrongly_changes_nothing(leaked, words, code, said):
    for name, value in {"short": "12345\n", "mask": "scrubbed", "whole": SECRET}.items():
        (leaked.folder / name).write_text(value)
    before = json.loads(leaked("verify", "last", "--json").out)["head"]
    refused = leaked("scrub", "last", *words, EMPTY="")
    assert refused.code == code and said in refused.err and SECRET not in refused.err.replace(f"it was {SECRET}", ""), refused
    assert json.loads(leaked("verify", "last", "--json").out)["head"] == before


def test_an_unknown_run_is_a_question_of_usage(leaked):
    assert scrub(leaked, run="20200101-0000-zzzz").code == 2


def test_a_read_only_journal_is_said_to_be(leaked):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("setpriv by root is needed to become another user")
    copy = World(fast_folder())
    shutil.copytree(leaked.folder, copy.folder, dirs_exist_ok=True)
    binary = copy.folder / "runbook"
    shutil.copy(BINARY, binary)
    (copy.folder / "value").write_text(SECRET)
    give_to_nobody(copy)
    copy.journal.chmod(0o400)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "scrub", "last", "--value-from", copy.folder / "value",
                           "--because", "x"], env=copy.env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 6 and "is read-only" in done.stderr, done
    done_with(copy)


def test_other_runs_that_hold_it_are_named(leaked):
    other = leaked.run()
    assert other.code == 1
    first = json.loads(leaked("runs", "--json").out)[1]["run"]
    done = scrub(leaked)
    assert f"run {first} holds it too" in done.out, done
    assert scrub(leaked, run=first).code == 0 and holding(leaked) == []


def test_many_outputs_leave_nothing_in_pages_that_were_split(world):
    value = "s3cr3t-" + "x" * 30
    steps = [f"  - {{id: s{n}, title: Say it, shell: 'for i in {{1..9}}; do echo $i {value}; done'}}\n" for n in range(60)]
    world.write("runbook: many\nsteps:\n" + "".join(steps))
    done = world.run()
    assert done.code == 0, done
    assert scrub(world, value=value).code == 0
    assert holding(world, value) == []


def test_an_export_after_it_is_clean_too(leaked):
    scrub(leaked)
    assert leaked("export", "last", "--out", "one.db").code == 0
    archive = (leaked.folder / "one.db").read_bytes()
    assert not any(form in archive for form in forms(SECRET))
    verified = leaked("verify", "last", "--journal", "one.db")
    assert verified.code == 0 and "scrubbed at event" in verified.out, verified
    assert base64.b64encode(SECRET.encode()) not in archive
