"""Secrets that a step gives: into the next step, nowhere else; found again, or said to be gone."""

import os
import re

import pytest

from test_crash import content_of
from test_steps import forms
from world import command_line, kill, until, world  # noqa: F401 (a fixture)

TOKEN = "tk-9f/8+e7 d6'\"x"
LOGIN = """
runbook: login
steps:
  - id: login
    title: Log in
    shell: |
      echo "welcome; your token: $(cat "$W/server")"
      echo "token $(cat "$W/server")" >&2
      cat "$W/server" | base64
    outputs:
      token: {regex: "your token: (.*)"%s, secret: true}
      greeting: {value: "split(stdout, ';')[0]"}
"""
USE = """
  - id: use
    title: Use it
    env: {TOKEN: "${{ $steps.login.token }}"}
    shell: |
      printf '%s' "$TOKEN" > "$W/used"
      echo "I use $TOKEN"
      printf '%s' "$TOKEN" | base64
      until [ -e "$W/gate" ]; do sleep 0.02; done
"""
STOP = """
  - id: stop
    title: Stop once
    shell: test -e "$W/go"
"""


def write(world, keep="", between=""):
    (world.folder / "server").write_text(TOKEN)
    world.write(LOGIN % (keep and f", keep: {keep}") + between + USE)


def assert_nowhere(world):
    """In no file of the journal and the run, and in no message."""
    files = [*world.run_folder().rglob("*"), *world.folder.glob("journal.db*"), *world.folder.glob("engine*.log")]
    for path in filter(os.path.isfile, files):
        content = content_of(path)
        for form in forms(TOKEN):
            assert form not in content, (path, form)


@pytest.mark.parametrize("leaves", ["", "    leaves: [an agent]\n"], ids=["ended with it", "left behind"])
@pytest.mark.parametrize("code", [0, 3])
def test_what_a_step_that_gives_a_secret_leaves_behind_is_told_by_its_name_alone(world, leaves, code):
    (world.folder / "server").write_text(TOKEN)
    world.write(f"""
runbook: login
steps:
  - id: login
{leaves}    shell: |
      token=$(cat "$W/server")
      echo "your token: $token"
      bash -c 'exec -a agent sleep 600; : "$0"' "$token" > /dev/null 2>&1 &
      bash -c 'sleep 601; :' agent "$token" > /dev/null 2>&1 &
      sleep 0.2
      exit {code}
    outputs: {{token: {{regex: "your token: (.*)", secret: true}}}}
  - {{id: fails, shell: test -e "$W/go"}}
""")
    engine = world.start()
    assert engine.wait(timeout=300) == 1
    if code == 0:
        (world.folder / "go").touch()
        world.resume()
    else:
        world("cancel", "last")
    told = "".join(path.read_text() for path in world.folder.glob("engine*.log")) + world("show", "last").out
    assert re.search(r"pid [0-9]+ (bash|agent|sleep)", told), told
    assert_nowhere(world)
    assert world("report", "last").out.find(TOKEN) < 0


def test_a_secret_output_reaches_the_next_step_and_stands_nowhere(world):
    write(world)
    engine = world.start("-o")
    until(lambda: (world.folder / "used").exists(), "the step that uses it")
    assert_nowhere(world)
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert (world.folder / "used").read_text() == TOKEN
    assert_nowhere(world)
    assert world.step("login")["outputs"] == {"token": "[secret]", "greeting": "welcome"}
    assert "I use [secret]" in engine.log.read_text()
    assert "I use [secret]" in world("logs", "last", "use").out
    logs = world("logs", "last", "login")
    assert "token" not in logs.out, logs


def test_a_failing_login_keeps_nothing_of_what_it_wrote(world):
    (world.folder / "server").write_text(TOKEN)
    world.write(LOGIN.replace("base64\n", "base64\n      exit 3\n", 1) % "")
    result = world.run()
    assert result.code == 1
    assert "it exited with 3; what it wrote is not kept, for it may hold a secret" in result.err
    assert_nowhere(world)


def test_without_keep_a_resumed_run_says_how_the_secret_comes_again(world):
    write(world, between=STOP)
    assert world.run().code == 1
    (world.folder / "go").touch()
    world.open_gate()
    result = world.resume()
    assert result.code == 1, result
    assert "the secret output `token` of step `login` is not there: the engine that held it has ended" in result.err
    assert "runbook redo" in result.err
    run = world.show()["run"]
    assert world("redo", run, "login", "--because", "its secret is needed").code == 0
    assert world.resume().code == 0
    assert (world.folder / "used").read_text() == TOKEN
    assert_nowhere(world)


@pytest.mark.parametrize("settles", ["the secret", "a person"])
def test_what_ran_and_cannot_be_looked_at_without_its_secret_is_asked_about(world, settles):
    (world.folder / "server").write_text(TOKEN)
    world.write(LOGIN % "" + """
  - id: use
    env: {TOKEN: "${{ $steps.login.token }}"}
    effect: once
    shell: echo used >> "$W/effects"; printf v-123
    outputs: {id: stdout}
    verify: {shell: 'touch "$W/looked"; test -e "$W/seen"', every: 100ms, timeout: 1h}
  - {id: then, env: {ID: "${{ $steps.use.id }}"}, shell: 'printf %s "$ID" > "$W/id"'}
""")
    engine = world.start()
    until(lambda: (world.folder / "looked").exists(), "a look at what it did")
    kill(engine.pid)
    for _ in range(2):
        result = world.resume()
        assert result.code == 4, result
        assert "step `use` is in doubt: it ran, but can't be looked at: the secret output `token` of step `login`" in result.err
        run = world.show()["run"]
        assert f"runbook resolve {run} use done --because" in result.err
    undo = world("undo", run)
    assert undo.code != 0 and "`use` has begun, and its end is not known" in undo.err and "resolve" in undo.err, undo
    if settles == "the secret":
        assert world("redo", run, "login", "--because", "its secret is needed").code == 0
        (world.folder / "seen").touch()
    else:
        assert world("resolve", run, "use", "done", "--because", "I saw it at the server").code == 0
    assert world.resume().code == 0
    assert world.lines() == ["used"]
    assert (world.folder / "id").read_text() == "v-123"
    report = world("report", run).out
    assert "**done**, decided by" in report if settles == "a person" else "Settled at" in report and "its secret is to be given again" in report, report
    assert_nowhere(world)


def test_a_kept_secret_is_found_again(world):
    for keep, place in (("{file: kept}", "kept"), ("{command: [cat, \"${{ $run.dir }}/server\"]}", "server")):
        write(world, keep, STOP)
        (world.folder / "go").unlink(missing_ok=True)
        assert world.run("--inputs", "/dev/null").code in (1, 2)
        result = world.run()
        assert result.code == 1, result
        if place == "kept":
            assert (world.folder / "kept").stat().st_mode & 0o777 == 0o600
            assert (world.folder / "kept").read_text() == TOKEN
        (world.folder / "go").touch()
        world.open_gate()
        result = world.resume()
        assert result.code == 0, result
        assert (world.folder / "used").read_text() == TOKEN
        (world.folder / "used").unlink()
        world("cancel", "last")
        world.journal = world.folder / f"{place}.db"
        world.env["RUNBOOK_JOURNAL"] = str(world.journal)


def test_a_kept_file_that_is_gone_is_told(world):
    write(world, "{file: kept}", STOP)
    assert world.run().code == 1
    (world.folder / "kept").unlink()
    (world.folder / "go").touch()
    result = world.resume()
    assert result.code == 1
    assert "the secret output `token` of step `login` is not found again: reading " in result.err


def test_the_engine_dies_while_the_secret_is_made_and_the_supervisor_holds_it(world):
    (world.folder / "server").write_text(TOKEN)
    world.write((LOGIN % "").replace("    shell: |\n", "    shell: |\n      touch \"$W/begun\"; until [ -e \"$W/server-gate\" ]; do sleep 0.02; done\n", 1) + USE)
    engine = world.start()
    until(lambda: (world.folder / "begun").exists(), "the login")
    kill(engine.pid)
    engine.wait()
    world.open_gate("server-gate")
    world.open_gate()
    result = world.resume()
    assert result.code == 0, result
    assert (world.folder / "used").read_text() == TOKEN
    assert_nowhere(world)


def test_the_supervisor_dies_with_what_it_held(world):
    (world.folder / "server").write_text(TOKEN)
    world.write((LOGIN % "").replace("    shell: |\n", "    shell: |\n      touch \"$W/begun\"; until [ -e \"$W/server-gate\" ]; do sleep 0.02; done\n", 1) + USE)
    engine = world.start()
    until(lambda: (world.folder / "begun").exists(), "the login")
    kill(world.supervisor())
    world.open_gate("server-gate")
    engine.wait(timeout=300)
    assert_nowhere(world)
    assert world.step("login")["state"] in ("failed", "in_doubt"), world.show()
    assert not (world.folder / "used").exists()


def test_a_secret_is_not_taken_from_an_argument(world):
    world.write((LOGIN % "").replace("    shell: |\n", "    shell: |\n      exec sleep 600\n", 1))
    engine = world.start()
    world.until_state("login", "running")
    until(lambda: any(command_line(pid) == "sleep 600" for pid in world.step_processes()), "the login")
    supervisor = world.supervisor()
    kill(engine.pid, supervisor, *world.step_processes())
    engine.wait()
    assert world.resume().code == 4
    result = world("resolve", "last", "login", "done", "--set", f"token={TOKEN}", "--set", "greeting=hi", "--because", "it did")
    assert result.code == 2
    assert "`token` is secret, and an argument is seen by everybody on this machine" in result.err
    assert world("resolve", "last", "login", "done", "--set", "greeting=hi", "--because", "it did").code == 0


def test_a_secret_input_may_come_while_the_run_goes_on(world):
    """The account is made by the first step; the token is read when the second needs it, from where `from` says."""
    world.write("""
runbook: late
inputs: {token: {type: secret, from: [{file: token}]}}
steps:
  - {id: account, title: Make the account, shell: 'umask 077; cat "$W/server" > "$W/token"'}
  - id: use
    title: Use the token
    env: {TOKEN: "${{ $inputs.token }}"}
    shell: printf '%s' "$TOKEN" > "$W/used"; echo "I use $TOKEN"
""")
    (world.folder / "server").write_text(TOKEN)
    result = world.run("-o")
    assert result.code == 0 and "I use [secret]" in result.err, result
    assert (world.folder / "used").read_text() == TOKEN
    assert_nowhere(world)


def test_a_secret_input_that_never_comes_stops_the_step_that_needs_it(world):
    world.write("""
runbook: late
inputs: {token: {type: secret, from: [{file: token}]}}
steps:
  - {id: account, title: Make the account, shell: 'true'}
  - {id: use, title: Use the token, env: {TOKEN: "${{ $inputs.token }}"}, shell: 'true'}
""")
    result = world.run()
    assert result.code == 1, result
    assert "the secret `token`, which `use` needs, is not there" in result.err
    assert "step `use` failed: the secret input `token` is not there" in result.err
    world.write(TOKEN, "token").chmod(0o600)
    assert world.resume().code == 0
