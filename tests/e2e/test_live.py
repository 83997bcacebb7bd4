"""What a person sees while a run goes on: screens of a real terminal (tmux), and what is written to one."""

import re
import shutil
import subprocess

import pexpect
import pytest

from test_terminal import has_terminals
from world import BINARY, gated, processes, stat, until, world  # noqa: F401  (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals() or not shutil.which("tmux"), reason="there are no pseudo-terminals here, or there is no tmux")


class Tmux:
    """A window of its own server, so that nothing of the person who runs the tests is touched."""

    def __init__(self, world, columns, rows=24, **env):
        self.socket = world.folder / "tmux"
        self.world = world
        settings = {**world.env, "TERM": "screen-256color", "LANG": "C.UTF-8", **env}
        settings.pop("LC_ALL", None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "/bin/sh", env=settings)
        self.type("PS1='ready$ '; clear")
        self.until(lambda: self.told().strip() == "ready$", "a shell that reads")    # what is typed before is cleared away

    def tmux(self, *words, **kwargs):
        return subprocess.run(["tmux", "-S", str(self.socket), *words], check=True, capture_output=True, text=True, cwd=self.world.folder, **kwargs).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def run(self, *words):
        self.type(" ".join([str(BINARY), "run", str(self.world.book), "--non-interactive", *words]) + "; echo exit $?")

    def resize(self, columns, rows=24):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self):
        return [line.rstrip() for line in self.tmux("capture-pane", "-p").split("\n")]

    def all_lines(self):
        """With what has been scrolled away; lines that the terminal wrapped are whole."""
        return [line.rstrip() for line in self.tmux("capture-pane", "-p", "-J", "-S", "-").split("\n")]

    def shows(self, wanted):
        return self.until(lambda: next((line for line in self.screen() if re.search(wanted, line)), None), f"{wanted} on the screen")

    def until(self, condition, what):
        try:
            return until(condition, what)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.told()}") from None

    def told(self):
        return "\n".join(self.screen())

    def close(self):
        """With all that the shell began: an engine that lost its terminal has something to say to its journal yet."""
        shell = int(self.tmux("display-message", "-p", "#{pane_pid}"))
        self.tmux("kill-server")
        until(lambda: not any(what and what[0] not in "ZX" and what[3] == shell for what in map(stat, processes())), "the end of what ran there")


@pytest.fixture
def window(world):
    opened = []

    def begin(columns=80, rows=24, **env):
        opened.append(Tmux(world, columns, rows, **env))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


TWO = """
runbook: two
title: Two branches
steps:
  - {id: before, title: Come before them, shell: "true"}
  - section: Both
    parallel:
      - {section: Left, steps: [{id: left, title: Go left, shell: 'echo "left says"; until [ -e "$W/gate" ]; do sleep 0.02; done'}]}
      - {section: Right, steps: [{id: right, title: Go right, shell: 'echo "right says"; until [ -e "$W/gate" ]; do sleep 0.02; done'}]}
  - {id: after, title: Come after them, shell: "true"}
"""


def ended(lines):
    return [re.sub(r" +\(.*\)$", "", line) for line in lines if re.match(r"\[\d/\d\]", line)]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_what_runs_is_seen_and_a_line_for_each_step_stays(world, window, columns):
    world.write(TWO)
    screen = window(columns)
    screen.run()
    screen.shows("left says")
    screen.shows("right says")
    screen.shows("^── Two.*steps 2, 3 of 4")    # each line for itself: the screen may be half drawn
    screen.shows("next.*after")
    assert not any("after" in line and "running" in line for line in screen.screen())
    world.open_gate()
    screen.shows("exit 0")
    assert [line.split()[1:4] for line in ended(screen.all_lines())] in (
        [["✓", "done", step] for step in order] for order in (["before", "left", "right", "after"], ["before", "right", "left", "after"]))
    text = "\n".join(screen.all_lines())
    assert "──" not in text and "running" not in text and "says" not in text, text


def test_a_window_that_is_made_narrower_and_wider_shows_no_remains(world, window):
    """Where there is something above: what a terminal has pushed off its upper edge is out of reach."""
    world.write(TWO)
    screen = window(100, 30)
    screen.type("seq 60")
    screen.shows("^60$")
    screen.run()
    screen.shows("right says")
    for columns in (60, 120, 40, 80):
        screen.resize(columns, 30)
        screen.until(lambda: [len(line) for line in screen.screen() if line.startswith("──")] == [columns - 1], f"one head line, of {columns} columns")
    world.open_gate()
    screen.shows("exit 0")
    text = "\n".join(screen.all_lines())
    assert len(ended(screen.all_lines())) == 4 and "says" not in text and "──" not in text, text


def test_a_wait_says_what_it_saw_and_how_often_it_looked(world, window):
    world.write("""
runbook: waits
steps:
  - id: up
    title: Wait until it is up
    wait_until:
      shell: '[ -e "$W/gate" ] || { echo look >> "$W/looks"; exit 1; }'
      every: 50ms
      timeout: 60m
""")
    screen = window()
    screen.run()
    screen.shows("waiting +up +Wait until it is up")
    screen.shows(r"looked \d+ times, saw last: it exited with 1")
    screen.shows("of at most 60m")
    world.open_gate()
    screen.shows("exit 0")


def test_former_runs_tell_what_to_expect(world, window):
    world.write(gated())
    world.open_gate()
    for _ in range(3):
        assert world.run().code == 0
    (world.folder / "gate").unlink()
    screen = window(100)
    screen.run()
    screen.shows("about .* left ──")
    world.open_gate()
    screen.shows("exit 0")


WILD = r"""
runbook: wild
steps:
  - id: wild
    title: Write what hurts
    shell: |
      printf 'first\n\033[2J\033[H\033]0;stolen title\007\033[31mred\n'
      printf '\u05e9\u05dc\u05d5\u05dd \u202egnp.exe\n'
      head -c 10000000 /dev/zero | tr '\0' x
      printf '\nlast words\n\033[?1049h\033[10;10Hmoved'
      until [ -e "$W/gate" ]; do sleep 0.02; done
"""


def test_what_a_step_writes_does_nothing_to_the_terminal(world, window):
    world.write(WILD)
    screen = window()
    screen.run()
    screen.shows(r"│ last words")
    screen.shows(r"│ moved")
    assert screen.tmux("display-message", "-p", "#{pane_title} #{alternate_on}").split()[-1] == "0"
    assert "stolen" not in screen.tmux("display-message", "-p", "#{pane_title}")
    assert screen.screen()[0].startswith("ready$ "), screen.told()
    assert all(len(line) <= 80 for line in screen.screen())
    world.open_gate()
    screen.shows("exit 0")


def test_typed_keys_leave_no_trace_and_the_terminal_is_as_it_was(world, window):
    world.write(gated())
    screen = window()
    screen.run()
    screen.shows("running +gated")
    for _ in range(3):
        screen.tmux("send-keys", "abc", "Enter")
    screen.tmux("send-keys", "C-c")
    screen.shows("pausing when this step has ended")
    screen.until(lambda: sum(line.startswith("──") for line in screen.screen()) == 1, "one head line")
    assert "abc" not in screen.told(), screen.told()
    world.open_gate()
    screen.shows("exit 130")
    screen.type("stty -a")
    screen.shows(r"(^|\s)echo\s")


def test_meaning_is_not_in_the_colours(world, window):
    world.write("runbook: fails\nsteps:\n  - {id: a, title: Fails, shell: exit 3, on_failure: continue}\n  - {id: b, title: Works, shell: 'true'}\n"
                "  - {id: c, title: Does not apply, when: 'false', shell: 'true'}\n")
    screen = window(NO_COLOR="1")
    screen.run()
    screen.shows("exit 0")
    assert [line.split()[1:4] for line in ended(screen.all_lines())] == [["✗", "failed", "a"], ["✓", "done", "b"], ["↷", "skipped", "c"]]
    assert "\x1b" not in screen.tmux("capture-pane", "-p", "-e").replace("\x1b[0m", "").replace("\x1b[39m", "")


def test_without_utf8_all_is_ascii(world, window):
    world.write(TWO.replace("Go left", "Geh nach links über den Fluß"))
    screen = window(LANG="C")
    screen.run()
    screen.shows("left says")
    screen.shows("-- Two branches")
    screen.shows("> running")
    assert screen.told().isascii(), screen.told()
    world.open_gate()
    screen.shows("exit 0")
    assert "+ done" in screen.told()


def lines_of(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.before


def test_a_dumb_terminal_gets_plain_lines_with_times(world):
    world.write(TWO)
    world.open_gate()
    child = pexpect.spawn(str(BINARY), ["run", str(world.book), "--non-interactive"], env={**world.env, "TERM": "dumb"}, encoding="utf-8", timeout=300)
    text = lines_of(child)
    assert child.exitstatus == 0 and "\x1b" not in text and "──" not in text, text
    assert re.search(r"^\d\d:\d\d:\d\d \[1/4\] done +before", text, re.M), text


def test_output_that_is_asked_for_stands_in_the_scrollback(world, window):
    world.write(TWO)
    screen = window()
    screen.run("-o")
    screen.shows(r"^    \| left says")
    world.open_gate()
    screen.shows("exit 0")
    assert sum("left says" in line for line in screen.all_lines()) == 1, screen.all_lines()


def test_a_stopped_terminal_holds_no_step_up(world, window):
    world.write(gated())
    screen = window()
    screen.run()
    screen.shows("running +gated")
    screen.tmux("send-keys", "C-s")
    world.open_gate()
    until(lambda: world.lines() == ["effect", "after"], "both effects")
    until(lambda: world.state_of("after") == "succeeded", "the end of the run")
    screen.tmux("send-keys", "C-q")
    screen.shows("exit 0")


def test_nothing_is_written_where_nothing_changes(world):
    """Between two looks at the clock the screen is the same: a write for each second that passes, and none beyond."""
    world.write(gated())
    trace = world.folder / "trace"
    child = pexpect.spawn("strace", ["-f", "-qq", "-s", "400", "-e", "trace=write", "-o", str(trace), str(BINARY), "run", str(world.book), "--non-interactive"],
                          env={**world.env, "TERM": "xterm", "LANG": "C.UTF-8"}, encoding="utf-8", timeout=300, dimensions=(24, 80))
    child.expect("running")
    seen = set()
    while len(seen) < 4:        # not each second need be drawn
        child.expect(r"(\d+)s ──")
        seen.add(child.match[1])
    world.open_gate()
    text = lines_of(child)
    assert child.exitstatus == 0, text
    drawn = [line for line in trace.read_text(errors="replace").split("\n") if r"write(" in line and r"\33[?25l" in line]
    ticks = [line for line in drawn if r"\33[J" not in line]     # what stands is changed in place
    seconds = {match for line in ticks for match in re.findall(r"(\d+)s \\342\\224\\200\\342\\224\\200\\33\[K", line)}
    assert len(ticks) <= len(seconds) + 1 and len(seconds) >= 3, drawn
    assert len(drawn) <= len(ticks) + 8, drawn                  # the beginning and the end of the two steps


def test_a_question_has_the_terminal_for_itself(world, window):
    world.write("runbook: asks\nsteps:\n  - section: Both\n    parallel:\n"
                "      - {section: L, steps: [{id: drop, title: Drop the tables, effect: irreversible, shell: 'true'}]}\n"
                "      - {section: R, steps: [{id: slow, title: Take a moment, shell: 'until [ -e \"$W/gate\" ]; do sleep 0.02; done'}]}\n")
    screen = window()
    screen.type(f"{BINARY} run {world.book}; echo exit $?")
    screen.shows("phrase")
    assert not any(line.startswith("──") for line in screen.screen()), screen.told()
    screen.type("Drop the tables")
    screen.shows("✓ done +drop")
    screen.shows("running +slow")
    world.open_gate()
    screen.shows("exit 0")
