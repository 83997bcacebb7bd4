"""Approvals by others: who may, how many, not the operator; signatures by real SSH keys. SUDO_USER makes another account of this one."""

import json
import os
import sqlite3
import subprocess

import pytest

from test_terminal import code_of, has_terminals, takes_keys, terminal  # noqa: F401  (the fixture)
from world import until, world  # noqa: F401  (the fixture)

BOOK = """
runbook: guarded
inputs: {{table: {{default: users}}}}
steps:
  - id: drop
    title: Drop the table
    exec: [sh, -c, 'echo "dropped $1" >> "$W/effects"', sh, "${{{{ $inputs.table }}}}"]
    requires_approval: {approval}
  - id: other
    title: Another
    shell: echo other >> "$W/effects"
    requires_approval: {approval}
"""


def write(world, approval):
    world.write(BOOK.format(approval=approval))


def question(world):
    return world.show()["questions"][0]


@pytest.fixture
def keys(world):
    """Keys of ada, bob and mallory; ada and bob are allowed signers."""
    signers = world.folder / "allowed_signers"
    lines = []
    for name in ("ada", "bob", "mallory"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", world.folder / name], check=True)
        kind, key = (world.folder / f"{name}.pub").read_text().split()[:2]
        if name != "mallory":
            lines.append(f"{name}@example.org {kind} {key}\n")
    signers.write_text("".join(lines))
    world.env["RUNBOOK_ALLOWED_SIGNERS"] = str(signers)
    return {name: world.folder / name for name in ("ada", "bob", "mallory")}


@pytest.fixture(autouse=True)
def no_signers_of_this_account(world):
    world.env["XDG_CONFIG_HOME"] = str(world.folder)


def test_nothing_happens_before_the_approval_and_it_says_what_is_approved(world):
    write(world, "{by: [ada]}")
    result = world.run()
    assert result.code == 3 and world.lines() == []
    assert "`drop` needs approval 1 of 1 of ada" in result.err and "echo \\\"dropped" in result.err and '"users"' in result.err
    assert f"runbook confirm {world.show()['run']} drop\n" in result.err
    assert world.resume().code == 3 and world.lines() == []
    refused = world("confirm", "last", "drop", SUDO_USER="eve")
    assert refused.code == 2 and "eve as " in refused.err and "may not approve; ada may" in refused.err
    given = world("confirm", "last", "drop", "--note", "agreed", SUDO_USER="ada")
    assert given.code == 0 and "`drop` is approved, 1 of 1" in given.out, given
    assert "`drop` is approved already, by ada" in world("confirm", "last", "drop", SUDO_USER="ada").err
    assert world.resume().code == 3 and world.lines() == ["dropped users"]
    assert "approve by ada" in world("why", "last", "drop").out


def test_so_many_different_people_must(world):
    write(world, "{count: 2}")
    world.run()
    assert world("confirm", "last", "drop", SUDO_USER="ada").code == 0
    again = world("confirm", "last", "drop", SUDO_USER="ada")
    assert again.code == 2 and "has approved already, and 2 different people must" in again.err
    assert world.resume().code == 3 and world.lines() == []
    assert world("confirm", "last", "drop", SUDO_USER="bob").code == 0
    assert world.resume().code == 3 and world.lines() == ["dropped users"]
    assert world("verify", "last").code == 0


def test_the_operator_may_not_where_somebody_else_must(world):
    write(world, "{not_operator: true}")
    world.run(SUDO_USER="ada")
    assert "ada as" in world("confirm", "last", "drop", SUDO_USER="ada").err
    assert world.resume(SUDO_USER="bob").code == 3
    assert "drives this run, and somebody else must approve" in world("confirm", "last", "drop", SUDO_USER="bob").err
    assert world("confirm", "last", "drop", SUDO_USER="eve").code == 0
    assert world.resume(SUDO_USER="ada").code == 3 and world.lines() == ["dropped users"]


def test_a_group_may(world):
    group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    write(world, f"{{by: [{group}]}}")
    world.run()
    assert world("confirm", "last", "drop", SUDO_USER="nobody_at_all").code == 2
    assert world("confirm", "last", "drop").code == 0


def test_to_refuse_stops_the_run_and_it_is_asked_anew(world):
    write(world, "{by: [ada]}")
    world.run()
    assert world("reject", "last", "drop", "--because", "not on a Friday", SUDO_USER="ada").code == 0
    assert world.state_of("drop") == "failed" and "not on a Friday" in world.step("drop")["why"]
    assert world.resume().code == 3 and world.lines() == []
    assert question(world)["step"] == "drop"


def test_signed_approvals(world, keys):
    write(world, "{by: ['ada@example.org', bob], not_operator: true}")
    world.run(SUDO_USER="bob")
    unsigned = world("confirm", "last", "drop", SUDO_USER="ada")
    assert unsigned.code == 2 and "must be signed by a principal of" in unsigned.err
    stranger = world("confirm", "last", "drop", "--sign-with", keys["mallory"], SUDO_USER="ada")
    assert stranger.code == 2 and "the key is none of" in stranger.err
    operator = world("confirm", "last", "drop", "--sign-with", keys["bob"], SUDO_USER="ada")
    assert operator.code == 2 and "bob@example.org drives this run" in operator.err
    assert world("confirm", "last", "drop", "--sign-with", world.folder / "none").code == 2
    assert world("confirm", "last", "drop", "--sign-with", keys["ada"], SUDO_USER="eve").code == 0
    assert world.resume(SUDO_USER="bob").code == 3 and world.lines() == ["dropped users"]
    why = json.loads(world("why", "last", "drop", "--json").out)
    answered, = [each["body"] for each in why["events"] if each["kind"] == "answered"]
    assert answered["approver"] == "ada@example.org" and answered["who"].startswith("eve")


def put_answer(world, question_id, fields):
    journal = sqlite3.connect(world.journal)
    journal.execute("INSERT INTO answers VALUES(?, ?, 'approve', 'mallory', '', 1, ?)", (world.show()["run"], question_id, json.dumps(fields)))
    journal.commit()
    journal.close()


def stored_signature(world, step):
    why = json.loads(world("why", "last", step, "--json").out)
    answered = next(each["body"] for each in why["events"] if each["kind"] == "answered" and "signature" in each["body"])
    journal = sqlite3.connect(world.journal)
    return journal.execute("SELECT bytes FROM blobs WHERE digest = ?", (answered["signature"]["blob"],)).fetchone()[0]


@pytest.mark.parametrize("forged", ["nothing", "rubbish", "of another step", "of another run", "of another question", "of another text"])
def test_what_is_written_into_the_journal_beside_the_commands_does_not_count(world, keys, forged):
    write(world, "{by: ['ada@example.org']}")
    world.run()
    if forged == "of another run":
        assert world("confirm", "last", "drop", "--sign-with", keys["ada"]).code == 0
        signature = stored_signature(world, "drop")
        world("run", world.book, "--non-interactive")
    elif forged in ("of another step", "of another question"):
        assert world("confirm", "last", "drop", "--sign-with", keys["ada"]).code == 0
        assert world.resume().code == 3
        signature = stored_signature(world, "drop")
        if forged == "of another question":
            assert world("redo", "last", "drop", "--because", "anew").code == 0
            assert world.resume().code == 3
    else:
        text = world.folder / "text"
        text.write_text("runbook approval 1\n")
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", keys["ada"], "-n", "runbook", text], check=True, stderr=subprocess.DEVNULL)
        signature = {"nothing": "", "rubbish": "rubbish", "of another text": (world.folder / "text.sig").read_text()}[forged]
    done = world.lines()
    signature = signature.decode() if isinstance(signature, bytes) else signature
    asked = question(world)
    put_answer(world, asked["question"], {"signature": signature} if signature else {})
    result = world.resume("--resume=" + world.show()["run"]) if forged == "of another run" else world.resume()
    assert result.code == 3 and world.lines() == done, result
    assert f"an answer about `{asked['step']}` does not count" in result.err
    assert "turned away by mallory" in world("why", "last", asked["step"]).out
    assert question(world)["question"] != asked["question"]
    assert world("confirm", "last", asked["step"], "--sign-with", keys["ada"]).code == 0


def test_a_named_file_of_signers_that_is_missing_lets_nobody_through(world):
    write(world, "{by: [ada]}")
    world.env["RUNBOOK_ALLOWED_SIGNERS"] = str(world.folder / "missing")
    world.run()
    assert "must be signed" in world("confirm", "last", "drop", SUDO_USER="ada").err


@pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here")
def test_the_operators_terminal_waits_for_somebody_else(world, terminal):
    write(world, "{not_operator: true}")
    child = terminal()
    child.expect_exact("somebody else answers: runbook confirm")
    child.sendline("approve")
    child.expect_exact("it is waited for somebody else")
    assert world("confirm", "last", "drop", SUDO_USER="eve").code == 0
    child.expect_exact("somebody else answers: runbook confirm")
    assert world.lines() == ["dropped users"]
    until(lambda: takes_keys(child), "a question that is read")
    child.sendeof()
    assert code_of(child) == 130


@pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here")
def test_at_the_terminal_who_may_approves(world, terminal):
    write(world, "{count: 1}")
    child = terminal()
    child.expect_exact("needs approval 1 of 1")
    child.expect_exact("approve | reject")
    child.sendline("approve")
    child.expect_exact("`other` needs approval")
    child.expect_exact("approve | reject")
    child.sendline("reject")
    child.expect_exact("why?")
    child.sendline("enough")
    child.expect_exact("what now? (Ctrl-D pauses): ")
    child.sendline("quit")
    assert code_of(child) == 1 and world.lines() == ["dropped users"]


def test_a_manual_step_is_approved_before_it_is_asked(world):
    world.write("runbook: x\nsteps:\n  - {id: a, manual: Look, requires_approval: {by: [ada]}}\n")
    world.run()
    assert question(world)["about"] == "approval"
    assert world("confirm", "last", "a", SUDO_USER="ada").code == 0
    assert world.resume().code == 3 and question(world)["about"] == "manual"
    assert world("confirm", "last", "a").code == 0
    assert world.resume().code == 0
