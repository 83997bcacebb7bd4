"""Steps that have the person's terminal (`tty: true`), through a real one. Whatever happens, it is afterwards what it was."""

import io
import os
import re
import signal
import termios

import pexpect
import pytest

from test_terminal import close_window, end, has_terminals, kill_engine
from world import BINARY, kill, until, world  # noqa: F401  (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here (is devpts mounted on /dev/pts?)")

ESCAPE = "\x1d"     # Ctrl-]
ASKED = "in `[a-z]+`: back [|] stop: "

MENU = r"what now\? \(Ctrl-D pauses\): "


def modes_of_a_new_one():
    ends = os.openpty()
    try:
        return termios.tcgetattr(ends[1])
    finally:
        for end in ends:
            os.close(end)


class Terminal(pexpect.spawn):
    def __init__(self, world, *words):
        super().__init__(str(BINARY), ["run", *map(str, words)], env={**world.env, "TERM": "xterm"}, cwd=str(world.folder), encoding="utf-8",
                         codec_errors="replace", timeout=300, dimensions=(40, 120))
        self.modes = modes_of_a_new_one()   # its own may have been changed by the engine already
        self.logfile_read = io.StringIO()

    def modes_now(self):
        return termios.tcgetattr(self.fileno())

    def is_as_it_was(self):
        return self.modes_now() == self.modes

    def screen(self):
        return self.logfile_read.getvalue()

    def code(self):
        """How the engine ended; the terminal is as it was."""
        self.expect(pexpect.EOF)
        assert self.is_as_it_was(), self.screen()
        self.close()
        return self.exitstatus


@pytest.fixture
def terminal(world):
    opened = []

    def begin(*words):
        opened.append(Terminal(world, *(words or [world.book])))
        return opened[-1]

    yield begin
    for child in opened:
        end(child)


def book(world, *scripts, **keys):
    """Steps a, b, ... with a terminal, then one without."""
    text = "runbook: example\nsteps:\n"
    more = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    for name, script in zip("abcd", scripts):
        text += f"  - id: {name}\n    title: Step {name}\n    tty: true\n{more}    shell: |\n"
        text += "".join(f"      {line}\n" for line in script.strip().split("\n"))
    world.write(text + '  - {id: after, title: Come after it, shell: echo after >> "$W/effects"}\n')


def begun(world):
    until(lambda: world.lines("begun"), "the step to begin")


def has_terminal(child):
    """When the step has begun, or `back at` it has been said, it does not have the terminal yet: what is typed then is not for it."""
    until(lambda: not child.is_as_it_was(), "the step to have the terminal")


def typed_at(world, child, keys):
    begun(world)
    has_terminal(child)
    child.send(keys)


# The words are put together by the script: what is asked and answered stands in no file.
SUDO = """
echo begun >> "$W/begun"
stty -echo < /dev/tty
printf '%s%s' 'Pass' 'phrase of ada: ' > /dev/tty
read -r word < /dev/tty
stty echo < /dev/tty
echo "${#word}" >> "$W/effects"
"""

NAME = """
echo begun >> "$W/begun"
echo "Name?"
read -r name
echo "$name" >> "$W/effects"
"""

WAITS = """
echo begun >> "$W/begun"
until [ -e "$W/gate" ]; do sleep 0.02; done
echo effect >> "$W/effects"
"""


def written_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_password_is_asked_for_unseen_and_nothing_that_passed_is_in_any_file(world, terminal):
    book(world, SUDO)
    child = terminal()
    child.expect_exact("at `a`: what you type goes to it. Ctrl-] leads out.")
    child.expect_exact("Passphrase of ada: ")
    assert not child.is_as_it_was()     # each key goes through at once
    child.sendline("open sesame")
    child.expect("succeeded")
    assert child.code() == 0 and world.lines() == ["11", "after"]
    assert "open sesame" not in child.screen()
    written = written_below(world.folder)
    assert b"open sesame" not in written and b"Passphrase of" not in written
    assert "it had the terminal; what passed there is not recorded" in world("logs", "last").out
    assert "at the terminal; what passed there is not recorded" in world("why", "last", "a").out


def test_what_it_writes_to_runbook_output_is_an_output(world, terminal):
    book(world, 'read -r name; echo "name=$name" >> "$RUNBOOK_OUTPUT"', outputs="{name: {}}")
    child = terminal()
    child.expect_exact("Ctrl-] leads out")
    has_terminal(child)
    child.sendline("ada")
    assert child.code() == 0
    assert world.step("a")["outputs"] == {"name": "ada"}


def test_the_step_sees_the_window_and_what_becomes_of_it(world, terminal):
    book(world, """
stty size > "$W/at_first"
trap 'stty size > "$W/then"; exit 0' WINCH
touch "$W/begun"
while :; do sleep 0.02; done
""")
    child = terminal()
    until((world.folder / "begun").exists, "the step to begin")
    assert world.lines("at_first") == ["40 120"]
    child.setwinsize(50, 132)
    assert child.code() == 0 and world.lines("then") == ["50 132"]


@pytest.mark.parametrize("code", [0, 7])
def test_ctrl_c_goes_to_the_step_and_its_end_decides(world, terminal, code):
    book(world, f"""
trap 'echo heard >> "$W/effects"; exit {code}' INT
echo begun >> "$W/begun"
while :; do sleep 0.02; done
""")
    child = terminal()
    typed_at(world, child, "\x03")
    if code == 0:
        assert child.code() == 0 and world.lines() == ["heard", "after"]
    else:
        child.expect("it exited with 7")
        child.expect(MENU)
        child.sendline("quit")
        assert child.code() == 1 and world.lines() == ["heard"]


def test_the_escape_leads_out_and_back(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    child.send("a" + ESCAPE + "zzz\r")      # what comes behind it is for nobody
    child.expect(ASKED)
    assert child.is_as_it_was()
    child.sendline("what")
    child.expect_exact("`what` is not one of: back, stop")
    child.expect(ASKED)
    child.sendline("back")
    has_terminal(child)
    child.sendline("da")
    assert child.code() == 0 and world.lines() == ["ada", "after"]


@pytest.mark.parametrize("effect", ["once", "idempotent"])
def test_the_escape_leads_to_the_end_of_the_step(world, terminal, effect):
    book(world, WAITS, effect=effect)
    child = terminal()
    typed_at(world, child, ESCAPE)
    child.expect(ASKED)
    child.sendline("stop")
    code = child.code()
    assert code == 130 and world.lines() == [] and world.step_processes() == []
    assert world.state_of("a") == ("in_doubt" if effect == "once" else "cancelled")
    assert world.state_of("after") == "pending"


def test_a_shell_that_takes_no_sigterm_is_hung_up_on(world, terminal):
    book(world, 'echo begun >> "$W/begun"; exec bash --norc -i', effect="idempotent")
    child = terminal()
    typed_at(world, child, "trap 'echo gone >> gone' EXIT; PS1=ready'> '\n")
    child.expect_exact("ready> ")
    child.send(ESCAPE)
    child.expect(ASKED)
    child.sendline("stop")
    assert child.code() == 130 and world.step_processes() == []
    assert world.lines("gone") == ["gone"]      # it was not killed


def test_a_step_that_ends_by_itself_ends_the_question_too(world, terminal):
    book(world, WAITS)
    child = terminal()
    typed_at(world, child, ESCAPE)
    child.expect(ASKED)
    world.open_gate()
    assert child.code() == 0 and world.lines() == ["effect", "after"]


FULL_SCREEN = """
printf '\\033[?1049h\\033[?25l\\033[?2004h\\033[31mon a screen of its own'
echo begun >> "$W/begun"
{end}
"""


@pytest.mark.parametrize("how", ["killed", "stopped", "left"])
def test_a_screen_that_the_step_has_not_given_back_is_taken_back(world, terminal, how):
    book(world, FULL_SCREEN.format(end="kill -9 $$" if how == "killed" else "sleep 1000"), effect="idempotent")
    child = terminal()
    child.expect_exact("on a screen of its own")
    if how == "stopped":
        child.send(ESCAPE)
        child.expect(ASKED)
        child.sendline("stop")
    if how == "left":
        child.kill(signal.SIGTERM)
    if how == "killed":
        child.expect(MENU)
        child.sendline("quit")
    assert child.code() == (1 if how == "killed" else 130)
    behind = child.screen().rpartition("on a screen of its own")[2]
    for taken_back in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[0m"):
        assert taken_back in behind, behind
    assert behind.index("\x1b[?1049l") < behind.index("run ")
    if how == "left":
        assert world("cancel", "last").code == 0


CURSES = """
/usr/bin/python3 -c '
import curses
def main(screen):
    screen.addstr(0, 0, "an edi" + "tor")
    screen.refresh()
    open("begun", "w").write("begun")
    while (key := screen.getch()) != ord("q"):
        open("keys", "a").write(f"{key}\\n")
curses.wrapper(main)
'
"""


def test_a_program_with_the_whole_screen_gets_raw_keys(world, terminal):
    book(world, CURSES)
    child = terminal()
    child.expect_exact("an editor")
    child.send("x\x01\x1b[A")       # Ctrl-A and an arrow
    until(lambda: len(world.lines("keys")) >= 3, "three keys")
    child.send("q")
    child.expect("succeeded")
    assert child.code() == 0 and world.lines("keys")[:2] == ["120", "1"]


def test_what_it_writes_last_is_seen_to_the_last_line(world, terminal):
    book(world, "seq 1 20000")
    child = terminal()
    child.expect("succeeded")
    assert child.code() == 0
    lines = child.screen().replace("\r", "").split("\n")
    assert [str(n) for n in range(1, 20001)] == [line for line in lines if line.isdigit()]


# Without a terminal

def test_without_a_terminal_nothing_of_it_is_begun(world, terminal):
    book(world, NAME)
    result = world.run()
    assert result.code == 3 and "`a` needs a terminal, and there is none here" in result.err
    assert f"at a terminal   runbook run {world.book.name} --resume" in result.err.replace(str(world.folder) + "/", "")
    assert world.lines("begun") == [] and world.step("a")["attempts"] == 0
    child = terminal("--resume", "last")
    child.expect_exact("Name?")
    child.sendline("ada")
    assert child.code() == 0 and world.lines() == ["ada", "after"] and world.lines("begun") == ["begun"]


def test_at_a_terminal_without_a_person_it_is_not_begun_either(world, terminal):
    book(world, NAME)
    child = terminal(world.book, "--non-interactive")
    child.expect("needs a terminal")
    assert child.code() == 3 and world.lines("begun") == []


def test_what_is_done_already_needs_no_terminal(world):
    book(world, NAME, done_when='{shell: "true"}')
    assert world.run().code == 0 and world.state_of("a") == "satisfied"


# The engine goes, and the step does not

def again(world, terminal):
    child = terminal("--resume", "last")
    child.expect_exact("back at `a`")
    has_terminal(child)
    child.sendline("ada")
    assert child.code() == 0
    assert world.lines("begun") == ["begun"] and world.lines() == ["ada", "after"]


def test_an_engine_that_is_told_to_go_leaves_the_step_and_the_next_one_is_back_in_it(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    child.kill(signal.SIGTERM)
    child.expect("goes on by itself")
    assert child.code() == 130
    again(world, terminal)


def test_a_window_that_is_closed_ends_no_step(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    close_window(child)
    assert world.show()["state"] == "interrupted"
    again(world, terminal)


def test_a_killed_engine_leaves_the_terminal_as_it_was_and_the_step_alive(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    kill_engine(child)
    until(child.is_as_it_was, "the terminal to be what it was")
    result = world.resume()
    assert result.code == 3 and "runs at a terminal of its own, and there is none here" in result.err
    assert "It waits for whoever comes back to it" in result.err
    again(world, terminal)


def test_what_it_writes_while_nobody_is_there_does_not_hold_it_up(world, terminal):
    book(world, WAITS + 'seq 1 200000\necho the last line\ntouch "$W/written"\nread -r name')
    child = terminal()
    begun(world)
    kill_engine(child)
    world.open_gate()
    until((world.folder / "written").exists, "the step to go on")
    child = terminal("--resume", "last")
    child.expect_exact("the last line")     # a screen or two of what was missed
    child.sendline("")
    assert child.code() == 0 and world.lines() == ["effect", "after"]


def test_engine_and_supervisor_killed_hang_up_on_the_step_which_is_in_doubt(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    kill(world.supervisor(), child.pid)
    kill_engine(child)
    until(lambda: not world.step_processes(), "the step to be hung up on")
    result = world.resume()
    assert result.code == 4 and "in doubt" in result.err
    assert world.lines() == [] and world.lines("begun") == ["begun"]


def test_a_dead_supervisor_leaves_the_person_in_the_step(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    kill(world.supervisor())
    child.sendline("ada")
    assert child.code() == 130 and world.lines() == ["ada"]
    child = terminal("--resume", "last")
    assert child.code() == 0 and world.lines() == ["ada", "after"] and world.lines("begun") == ["begun"]


def test_a_step_that_nobody_comes_back_to_can_be_cancelled_from_anywhere(world, terminal):
    book(world, NAME)
    child = terminal()
    child.expect_exact("Name?")
    kill_engine(child)
    assert world("cancel", "last").code == 0 and world.step_processes() == [] and world.lines() == []


# Side by side

SIDE_BY_SIDE = """
runbook: example
steps:
  - section: Side by side
    parallel:
      - {id: a, title: A, tty: true, shell: 'echo "+a" >> "$W/effects"; echo "Name of a?"; read -r name; echo "-a" >> "$W/effects"'}
      - {id: b, title: B, tty: true, shell: 'echo "+b" >> "$W/effects"; echo "Name of b?"; read -r name; echo "-b" >> "$W/effects"'}
      - {id: c, title: C, shell: 'until [ -e "$W/gate" ]; do sleep 0.02; done; echo c >> "$W/c"'}
"""


def test_two_that_want_the_terminal_have_it_one_after_the_other_and_others_go_on_unseen(world, terminal):
    world.write(SIDE_BY_SIDE)
    child = terminal()
    child.expect_exact("Name of a?")
    world.open_gate()
    until(lambda: world.state_of("c") == "succeeded", "the branch beside it")
    assert world.lines() == ["+a"] and world.state_of("b") == "pending" and "done" not in child.screen()
    child.sendline("ada")
    child.expect_exact("Name of b?")
    child.sendline("bob")
    assert child.code() == 0 and world.lines() == ["+a", "-a", "+b", "-b"]
    assert re.search(r"\[3/3\] \S* ?done", child.screen())     # behind the turn of a, or of b when that begins at once


def test_a_question_is_answered_before_the_terminal_goes_to_a_step(world, terminal):
    world.write("""
runbook: example
steps:
  - section: Side by side
    parallel:
      - {id: asked, title: Look at it, manual: Look at it.}
      - section: Then the step
        steps:
          - {id: first, title: First, shell: 'until [ -e "$W/gate" ]; do sleep 0.02; done'}
          - {id: a, title: A, tty: true, shell: 'echo begun >> "$W/begun"; echo "Name?"; read -r name; echo "$name" >> "$W/effects"'}
""")
    child = terminal()
    child.expect("confirm [|] reject")
    world.open_gate()
    until(lambda: world.state_of("first") == "succeeded", "the first step")
    child.sendline("confirm")
    child.expect_exact("Name?")
    child.sendline("ada")
    assert child.code() == 0 and world.lines() == ["ada"]


# What is said beforehand

def test_what_can_not_be_had_from_a_terminal_is_a_problem_of_the_runbook(world):
    world.write("""
runbook: example
steps:
  - id: a
    title: A
    tty: true
    shell: {script: ls, stdin: text}
    output: {head: 1KB}
    outputs: {files: {lines: true}}
  - {id: b, title: B, tty: true, wait_until: {shell: "true", timeout: 1m}}
  - {id: c, title: C, tty: true, manual: Do it.}
""")
    said = world("check", world.book)
    assert said.code == 2
    for problem in ("`files` can't be taken from what the step writes: `tty` records nothing of it",
                    "`output` has no meaning beside `tty`", "`stdin` has no meaning beside `tty`",
                    "`tty` has no meaning beside `wait_until`", "`tty` has no meaning beside `manual`"):
        assert problem in said.out + said.err, said


def test_the_plan_says_who_gets_the_terminal_and_a_rehearsal_needs_none(world):
    book(world, NAME)
    assert "has your terminal; what passes there is not recorded" in world("plan", world.book).out
    assert world("rehearse", world.book).code == 0
