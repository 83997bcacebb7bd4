"""A person at a real pseudo-terminal."""

import os
import signal
import subprocess
import termios

import pexpect
import pytest

from test_crash import begin_and_kill_all
from world import BINARY, gated, until, world  # noqa: F401  (the fixture)


def has_terminals():
    try:
        for end in os.openpty():
            os.close(end)
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here (is devpts mounted on /dev/pts?)")


@pytest.fixture
def terminal(world):
    opened = []

    def begin(*words):
        child = pexpect.spawn(str(BINARY), ["run", str(world.book), *words], env={**world.env, "TERM": "xterm"}, cwd=str(world.folder), encoding="utf-8",
                              timeout=300, dimensions=(40, 120))
        opened.append(child)
        return child

    yield begin
    for child in opened:
        end(child)


def kill_engine(child):
    """Until all of it is gone: its first thread may end before others, which hold the lock of the run."""
    child.kill(signal.SIGKILL)
    until(lambda: not child.isalive(), "the engine's end")


def end(child):
    kill_engine(child)
    child.close()


def close_window(child):
    """What a person does: the terminal goes. pexpect's `close` signals the engine too, and kills it or gives up after half a second."""
    child.ptyproc.fileobj.close()
    until(lambda: not child.isalive(), "the engine's end")


def takes_keys(child):
    """Whether each key goes through at once: before that Ctrl-D would end a line of the terminal, and be no key."""
    return not termios.tcgetattr(child.fileno())[3] & termios.ICANON


def code_of(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


IRREVERSIBLE = """
runbook: example
steps:
  - {id: slow, title: Take a moment, shell: 'until [ -e "$W/gate" ]; do sleep 0.02; done'}
  - {id: drop, title: Drop the tables, effect: irreversible, shell: echo effect >> "$W/effects"}
"""


def test_an_irreversible_step_is_asked_about_and_wants_its_phrase(world, terminal):
    world.write(IRREVERSIBLE)
    world.open_gate()
    child = terminal()
    child.expect("can't be undone. To go on, type: Drop the tables")
    child.expect("phrase")
    child.sendline("yes")
    child.expect("the phrase does not fit; type exactly: Drop the tables")
    child.expect("phrase")
    assert world.lines() == []
    child.sendline("Drop the tables")
    child.expect("succeeded")
    assert code_of(child) == 0 and world.lines() == ["effect"]


def test_what_was_typed_ahead_answers_nothing(world, terminal):
    world.write(IRREVERSIBLE)
    child = terminal()
    until(lambda: world.state_of("slow") == "running", "the first step")
    child.sendline("Drop the tables")
    world.open_gate()
    child.expect("phrase")
    child.sendline("no")
    child.expect("does not fit")
    child.expect_exact("phrase (Ctrl-D pauses): ")      # what comes before the prompt is typed ahead
    child.sendeof()
    assert code_of(child) == 130 and world.lines() == []


def test_ctrl_d_at_a_question_pauses_and_a_resume_asks_again(world, terminal):
    world.write(IRREVERSIBLE)
    world.open_gate()
    child = terminal()
    child.expect("phrase")
    child.sendeof()
    child.expect("interrupted")
    assert code_of(child) == 130
    child = terminal("--resume")
    child.expect("phrase")
    child.sendline("Drop the tables")
    assert code_of(child) == 0 and world.lines() == ["effect"]


def test_ctrl_c_at_a_question_pauses(world, terminal):
    world.write(IRREVERSIBLE)
    world.open_gate()
    child = terminal()
    child.expect("phrase")
    child.sendintr()
    assert code_of(child) == 130 and world.lines() == []


def test_ctrl_c_twice_ends_the_step_and_only_the_step(world, terminal):
    world.write(gated())
    child = terminal()
    until(lambda: world.lines("begun"), "the step to begin")
    child.sendintr()
    child.expect("pausing when this step has ended; Ctrl-C again ends the step")
    assert world.step_processes()
    child.sendintr()
    child.expect("ending the step")
    child.expect("in doubt")
    assert code_of(child) == 130 and not world.step_processes()


def test_a_closed_terminal_leaves_the_step_running(world, terminal):
    world.write(gated())
    child = terminal()
    until(lambda: world.lines("begun"), "the step to begin")
    close_window(child)
    assert world.show()["driver"] is None and world.step_processes()
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["effect", "after"]


def test_a_doubt_is_asked_with_its_reason(world, terminal):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    child = terminal("--resume")
    child.expect("Did `gated` take effect")
    child.expect("what now")
    child.sendline("maybe")
    child.expect("`maybe` is not one of")
    child.sendline("")
    child.sendline("done")
    child.expect("how do you know")
    child.sendline("saw the line")
    child.expect("succeeded")
    assert code_of(child) == 0
    deviation, = world.show()["deviations"]
    assert deviation["because"] == "saw the line"


def test_an_answer_from_another_terminal_ends_the_question_here(world, terminal):
    world.write(gated())
    begin_and_kill_all(world, step_too=True)
    child = terminal("--resume")
    child.expect("not-done")
    answered = world("resolve", "last", "gated", "done", "--because", "seen elsewhere")
    assert answered.code == 0, answered
    child.expect("succeeded")
    assert code_of(child) == 0 and world.lines() == ["after"]


def test_a_new_run_beside_an_unfinished_one_must_be_meant(world, terminal):
    world.write("runbook: example\nsteps:\n  - {id: a, title: A, shell: echo effect >> \"$W/effects\"; exit 1}\n")
    assert world.run().code == 1
    child = terminal()
    child.expect("is unfinished")
    child.expect("Type `new`")
    child.sendline("")
    child.expect("nothing was run")
    assert code_of(child) == 2 and world.lines() == ["effect"]


def test_titles_are_one_line_wherever_they_are_shown_and_do_nothing_to_a_terminal(world):
    world.write(r"""
runbook: lines
title: |
  Two lines
  of a title
inputs:
  name:
    description: "said\ein a\nnote"
    default: x
steps:
  - section: >
      A section
    steps:
      - id: a
        title: "Red \e[31mtitle\nof a step"
        shell: "true"
""")
    told = world("check", "book.yaml")
    assert told.code == 0 and "`title` has a control character (U+001B), which is shown as a blank" in told.out, told
    assert "`description` has a control character (U+001B)" in told.out and told.out.count("control character") == 2
    ran = world.run()
    assert ran.code == 0 and "\x1b" not in ran.err and "a  Red  [31mtitle of a step" in ran.err, ran
    row, = world("runs").out.splitlines()
    assert row.endswith("lines: Two lines of a title"), row
    shown = world("show", "last").out
    assert "\nA section\n" in shown and "a     Red  [31mtitle of a step  (" in shown and "\x1b" not in shown, shown


def test_logs_do_nothing_to_a_terminal_and_are_as_recorded_elsewhere(world):
    world.write(r"""
runbook: escapes
steps:
  - {id: a, shell: 'printf "\033[31mred\033[0m\tcolumn\r\n\033]0;title\007\n\nGröße\nno end"'}
""")
    assert world.run().code == 0
    child = pexpect.spawn(str(BINARY), ["logs", "last"], env=world.env | {"LC_ALL": "C", "TERM": "xterm"}, cwd=str(world.folder), timeout=300)
    child.setecho(False)
    child.expect(pexpect.EOF)
    child.close()
    assert child.before.replace(b"\r\n", b"\n").decode() == "== a ==\nred\tcolumn\n\n\nGröße\nno end", child.before
    piped = subprocess.run([BINARY, "logs", "last"], env=world.env, capture_output=True, check=True).stdout
    assert piped == b"== a ==\n\x1b[31mred\x1b[0m\tcolumn\r\n\x1b]0;title\x07\n\nGr\xc3\xb6\xc3\x9fe\nno end"


def test_output_is_shown_as_it_is_written_when_asked_for(world, terminal):
    world.write(gated().replace('echo begun >> "$W/begun"', 'echo begun >> "$W/begun"; echo "line one"; printf "a prompt: "'))
    child = terminal("-o")
    child.expect("line one")
    world.open_gate()
    child.expect("succeeded")
    assert code_of(child) == 0


def test_logs_follow_a_running_step(world):
    world.write(gated().replace('echo begun >> "$W/begun"', 'echo begun >> "$W/begun"; echo "line one"').replace("echo effect", "echo line two; echo effect"))
    world.start()
    until(lambda: world.lines("begun"), "the step to begin")
    child = pexpect.spawn(str(BINARY), ["logs", "last", "gated", "-f"], env=world.env, encoding="utf-8", timeout=300)
    child.expect("line one")
    world.open_gate()
    child.expect("line two")
    child.expect(pexpect.EOF)
    assert world.started[0].wait(timeout=300) == 0
