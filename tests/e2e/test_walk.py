"""The walkthrough and the failure menu, typed at a real pseudo-terminal."""

import json
import os
import re
import signal
import sys

import pexpect
import pytest

from test_named_files import WIPE, go_on, run_to_the_gate, write_script
from test_terminal import close_window, code_of, has_terminals, kill_engine
from world import BINARY, children, command_line, until, world  # noqa: F401  (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here (is devpts mounted on /dev/pts?)")

BOOK = """
runbook: shop
title: Ship the shop
inputs:
  name: {type: string, default: corner}
steps:
  - section: Prepare
    steps:
      - {id: look, title: Look around, shell: 'echo looked >> "$W/effects"', effect: read}
      - {id: build, title: Build it, shell: 'echo built $name >> "$W/effects"', outputs: {size: {regex: 'size=(.*)', type: int}}}
  - {id: ship, title: Ship it, shell: 'echo shipped >> "$W/effects"', undo: {shell: 'echo unshipped >> "$W/effects"'}}
  - {id: tell, title: Tell, shell: 'echo told >> "$W/effects"'}
"""
PLAIN = BOOK.replace(", outputs: {size: {regex: 'size=(.*)', type: int}}", "")
FAILS = """
runbook: shop
steps:
  - {id: before, shell: 'echo before >> "$W/effects"', undo: {shell: 'echo undone >> "$W/effects"'}}
  - {id: build, title: Build it, shell: 'echo tried >> "$W/effects"; echo the disk is full; test -e "$W/mended"', env: {COLOUR: red}, outputs: {size: {regex: '(x*)'}},
     hints: [{match: disk is full, say: make room first}]}
  - {id: ship, shell: 'echo shipped >> "$W/effects"'}
"""
PROMPT = r"(?<!/\d\] )(?<!/\d\d\] )(?<!/\d{3}\] )▸ "     # not that of a step that runs, as in [2/14]: what is typed then is thrown away
MENU = re.escape("what now? (Ctrl-D pauses): ")


@pytest.fixture
def at_terminal(world):  # noqa: F811
    opened = []

    def begin(*words, **env):
        child = pexpect.spawn(str(BINARY), list(words), env={**world.env, "TERM": "xterm", "LANG": "C.UTF-8", **env}, cwd=str(world.folder),
                              encoding="utf-8", timeout=300, dimensions=(50, 140))
        opened.append(child)
        return child

    yield begin
    for child in opened:
        if child.isalive():
            child.kill(signal.SIGTERM)
            child.expect([pexpect.EOF, pexpect.TIMEOUT])
        child.close(force=True)


@pytest.fixture
def walk(world, at_terminal):  # noqa: F811
    return lambda *words, **env: at_terminal("walk", str(world.book), *words, **env)


def say(child, text, then=PROMPT):
    child.sendline(text)
    child.expect(then)
    return child.before


def deviations(world):  # noqa: F811
    return [(each["what"], each["because"]) for each in world.show()["deviations"]]


def test_before_each_step_it_says_what_comes_and_enter_begins_it(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    shown = child.before
    for part in ("Look around", 'echo looked >> "$W/effects"', "it changes nothing", "if it fails", "Enter        runs it", "shop 1/4 Prepare › look"):
        assert part in shown, shown
    assert world.lines() == []
    shown = say(child, "")
    assert world.lines() == ["looked"]
    assert "name=corner" in shown and "shop 2/4 Prepare › build" in shown
    say(child, "next")
    assert world.lines() == ["looked", "built corner"]
    say(child, "run-to tell")
    assert world.lines() == ["looked", "built corner", "shipped"]
    say(child, "", "succeeded")
    assert code_of(child) == 0 and world.lines()[-1] == "told"


def test_quit_pauses_and_the_next_walk_stands_where_it_was_left(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "")
    child.sendline("quit")
    child.expect("walk .*--resume")
    assert code_of(child) == 130
    assert world.show()["state"] == "interrupted"
    child = walk("--resume")
    child.expect("shop 2/4 Prepare › build")
    child.expect(PROMPT)
    say(child, "go", "succeeded")
    assert code_of(child) == 0 and world.lines() == ["looked", "built corner", "shipped", "told"]


def test_the_verbs_that_look_have_the_run_filled_in_and_a_wrong_one_is_told(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "")
    assert "build" in say(child, "show")
    assert "look" in say(child, "logs look")
    assert "look" in say(child, "why look")
    assert "did you mean `skip`?" in say(child, "skpi")
    assert "did you mean `build`?" in say(child, "run-to biuld")
    shown = say(child, "help")
    for verb in ("next", "run-to STEP", "set NAME=VALUE", "edit [STEP]", "shell [STEP]", "quit", "verify", "show"):
        assert verb in shown
    assert world.lines() == ["looked"]


def test_a_step_is_left_out_or_done_anew_with_a_reason(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "")
    say(child, "skip", "why\\?")
    say(child, "", "why\\?")
    assert "recorded: `build` is left out" in say(child, "it is built")
    say(child, "redo look", "why\\?")
    shown = say(child, "once more")
    assert "shop 1/4 Prepare › look" in shown
    say(child, "")
    assert world.lines() == ["looked", "looked"]
    assert deviations(world) == [("skipped", "it is built"), ("done anew", "once more")]
    assert "already; there is nothing to skip" in say(child, "skip look")


def test_an_input_is_set_for_this_run_and_the_file_counts_as_unchanged(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "")
    say(child, "set name=high street", "why\\?")
    assert "name=high street" in say(child, "they moved")
    child.sendline("quit")
    assert code_of(child) == 130
    assert deviations(world) == [("the input `name` was set anew", "they moved")]
    resumed = world("run", "--resume", "last", "--non-interactive")
    assert resumed.code == 0 and "changed" not in resumed.err, resumed
    assert world.lines() == ["looked", "built high street", "shipped", "told"]


def test_a_phrase_does_not_hold_for_another_input(world, walk):
    write_script(world, "wipe.sh", "wiped $name")
    run = run_to_the_gate(world, WIPE.replace("steps:", "inputs: {name: {default: corner}}\nsteps:"), "--approve", "wipe=Wipe it")
    write_script(world, "wipe.sh", "wiped all of $name")
    assert go_on(world, run) == 3
    assert world("confirm", "last", "wipe").code == 0
    child = walk("--resume")
    child.expect(PROMPT)
    say(child, "set name=high street", "why\\?")
    say(child, "they moved")
    child.sendline("quit")
    assert code_of(child) == 130
    assert world("run", "--resume", "last", "--non-interactive").code == 3 and world.lines() == []
    assert world("run", "--resume", "last", "--non-interactive", "--approve", "wipe=Wipe it").code == 0
    assert world.lines() == ["wiped all of high street"]


def test_an_unknown_input_or_one_that_does_not_fit_sets_nothing(world, walk):
    world.write(PLAIN.replace("{type: string, default: corner}", "{type: int, default: 3}"))
    child = walk()
    child.expect(PROMPT)
    assert "there is no input `nmae`" in say(child, "set nmae=4")
    say(child, "set name=four", "why\\?")
    assert "name" in say(child, "because")
    assert deviations(world) == []


def test_undo_takes_back_what_ran_and_going_on_does_it_anew(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "run-to tell")
    say(child, "undo ship", "Type `undo`")
    assert "ship:undo" in say(child, "undo") and world.lines()[-1] == "shipped"  # step by step, as all of a walk
    say(child, "")
    assert world.lines() == ["looked", "built corner", "shipped", "unshipped"]
    say(child, "go", "succeeded")
    assert world.lines()[-2:] == ["shipped", "told"]


def test_ctrl_c_at_the_prompt_leaves_nothing_and_during_a_step_it_stops_behind_it(world, walk):
    world.write(PLAIN.replace("echo looked >>", 'until [ -e "$W/gate" ]; do sleep 0.02; done; echo looked >>'))
    child = walk()
    child.expect(PROMPT)
    child.send("some words")
    child.sendintr()
    child.expect("`quit` pauses the run")
    child.expect(PROMPT)
    child.sendline("go")
    until(lambda: world.state_of("look") == "running", "the step")
    child.sendintr()
    child.expect("pausing when this step has ended")
    world.open_gate()
    child.expect("stopped here")
    child.expect(PROMPT)
    assert world.lines() == ["looked"]
    say(child, "go", "succeeded")
    assert world.lines() == ["looked", "built corner", "shipped", "told"]


def test_killed_at_the_prompt_nothing_is_lost_and_run_goes_on(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "")
    kill_engine(child)
    assert world.show()["driver"] is None
    assert world("run", "--resume", "last").code == 0
    assert world.lines() == ["looked", "built corner", "shipped", "told"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_at_the_prompt_it_pauses(world, walk, number):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    os.kill(child.pid, number)
    assert code_of(child) == 130
    assert world.show()["state"] == "interrupted" and world.lines() == []


def test_a_closed_terminal_pauses_it(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    close_window(child)
    assert world.show()["state"] == "interrupted"


def test_what_was_typed_before_is_found_again_in_another_session(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    say(child, "why look")
    child.sendline("quit")
    child.expect(pexpect.EOF)
    history = next(world.folder.rglob("walk_history"))
    assert oct(history.stat().st_mode & 0o777) == "0o600"
    child = walk("--resume")
    child.expect(PROMPT)
    child.send("\x12why")  # Ctrl-R
    child.expect("why look")
    child.send("\r")
    child.expect("nothing has happened to it yet")


def test_tab_completes_verbs_steps_and_inputs(world, walk):
    world.write(PLAIN)
    child = walk()
    child.expect(PROMPT)
    child.send("run\tte\t\r")
    child.expect("shop 4/4")
    child.expect(PROMPT)
    child.send("set na\tx\r")
    child.expect("why")
    child.sendeof()
    child.expect(PROMPT)
    child.send("\t")
    child.expect("handoff")


def test_without_utf8_it_speaks_ascii(world, walk):
    world.write(PLAIN)
    child = walk(LANG="C", LC_ALL="C")
    child.expect_exact("shop 1/4 Prepare > look > ")
    child.sendline("caf\u00e9")
    child.expect("there is no")


def test_without_a_terminal_it_says_so(world):
    world.write(PLAIN)
    done = world("walk", world.book)
    assert done.code == 2 and "needs a terminal" in done.err and "runbook run FILE" in done.err


# Rehearsals


@pytest.mark.parametrize("command", ["undo", "cancel"])
def test_a_rehearsal_that_is_undone_or_cancelled_stays_one(world, walk, command):
    world.write(PLAIN + """finally: [{id: tidy, shell: 'echo tidied >> "$W/effects"'}]\n""")
    child = walk("--rehearse")
    for _ in range(3):
        child.expect(PROMPT)
        child.sendline("")
    child.expect(PROMPT)
    child.sendline("quit")
    child.expect(pexpect.EOF)
    journal = str(next(world.folder.rglob("rehearsals.db")))
    done = world(command, "last", "--journal", journal)
    assert done.code == 0 and ("ship:undo" in done.err or "tidy" in done.err), done
    assert world.lines() == []


def test_a_rehearsed_walk_touches_nothing_and_is_never_gone_on_with_in_earnest(world, walk):
    world.write(PLAIN)
    child = walk("--rehearse")
    child.expect("a rehearsal: nothing outside is touched")
    child.expect(PROMPT)
    say(child, "")
    child.sendline("quit")
    child.expect("walk --rehearse=.* --resume")
    assert code_of(child) == 130
    journal = str(next(world.folder.rglob("rehearsals.db")))
    refused = world("run", "--resume", "last", "--journal", journal)
    assert refused.code == 2 and "is a rehearsal" in refused.err and "walk --rehearse --resume" in refused.err
    assert "shop" not in world("runs").out
    child = walk("--rehearse", "--resume")
    child.expect("shop \\(rehearsal\\) 2/4")
    child.expect(PROMPT)
    assert "succeeded  look" in say(child, "show")  # its own journal, without being named
    say(child, "go", "succeeded")
    assert code_of(child) == 0 and world.lines() == []


# The failure menu


@pytest.fixture
def failed(world, at_terminal):  # noqa: F811
    def begin(**env):
        world.write(FAILS)
        child = at_terminal("run", str(world.book), **env)
        child.expect(MENU)
        return child
    return begin


def test_the_menu_says_what_failed_what_helps_and_what_each_word_records(world, failed):
    child = failed()
    for part in ("`build` failed: it exited with 1", "the disk is full", "hint: make room first", "retry", "it records", "your reason"):
        assert part in child.before, child.before
    child.sendline("rtry")
    child.expect("`rtry` is not one of: retry")
    child.expect(MENU)
    child.sendline("")
    child.expect(MENU)
    (world.folder / "mended").touch()
    child.sendline("r")  # unambiguous
    child.expect("succeeded")
    assert code_of(child) == 0 and world.lines() == ["before", "tried", "tried", "shipped"]
    assert deviations(world) == []


def test_to_quit_leaves_the_question_open_and_a_resume_tries_again(world, failed):
    child = failed()
    child.sendline("quit")
    assert code_of(child) == 1
    assert world.show()["state"] == "failed"
    (world.folder / "mended").touch()
    assert world("run", "--resume", "last").code == 0
    assert world.lines() == ["before", "tried", "tried", "shipped"]


def test_said_to_be_done_with_its_outputs_and_evidence(world, failed):
    child = failed()
    say(child, "done", "why\\?")
    say(child, "I copied it by hand", "its output `size`: ")
    say(child, "", "it must be given")
    child.expect("its output `size`: ")
    say(child, "12", "evidence")
    say(child, "ticket 7", "succeeded")
    assert code_of(child) == 0 and world.lines() == ["before", "tried", "shipped"]
    assert world.step("build")["outputs"] == {"size": "12"}
    assert deviations(world) == [("failed, and said to be done", "I copied it by hand")]
    assert world.step("build")["evidence"][0]["note"] == "ticket 7"


def test_left_out_with_a_reason_or_back_to_the_menu(world, failed):
    child = failed()
    child.sendline("skip")
    child.expect("why\\?")
    child.sendeof()
    child.expect("not recorded")
    child.expect(MENU)
    say(child, "skip", "why\\?")
    say(child, "not today", "succeeded")
    assert code_of(child) == 0 and deviations(world) == [("skipped", "not today")]


def test_a_shell_has_the_steps_environment_and_is_a_deviation(world, failed):
    child = failed(SHELL="/bin/sh", PS1="inside$ ")
    child.sendline("shell")
    child.expect("a shell with the environment of `build`")
    child.expect("inside. ")
    child.sendline("echo it is $COLOUR; touch mended")
    child.expect("it is red")
    child.sendline("exit")
    child.expect("the shell was open for")
    child.expect(MENU)
    child.sendline("retry")
    child.expect("succeeded")
    assert code_of(child) == 0
    [(what, _)] = deviations(world)
    assert re.match(r"a shell was open for ", what)


def test_ctrl_c_in_the_shell_reaches_the_shell_alone(world, failed):
    child = failed(SHELL="/bin/sh", PS1="inside$ ")
    child.sendline("shell")
    child.expect("inside. ")
    child.sendline("sleep 1000")
    until(lambda: any(command_line(pid).startswith("sleep ") for shell in children(child.pid) for pid in children(shell)), "the sleep")
    child.sendintr()
    child.expect("inside. ")
    child.sendline("exit")
    child.expect(MENU)


def editor(world, script):  # noqa: F811
    path = world.folder / "editor"
    path.write_text(f"#!{sys.executable}\nimport sys\npath = sys.argv[-1]\ntext = open(path).read()\n{script}\nopen(path, 'w').write(text)\n")
    path.chmod(0o755)
    return str(path)


def test_edited_for_this_run_alone(world, failed):
    child = failed(EDITOR=editor(world, "text = text.replace('test -e \"$W/mended\"', 'true')"), VISUAL="")
    child.sendline("edit")
    child.expect("why\\?")
    say(child, "the check is wrong", "succeeded")
    assert code_of(child) == 0 and world.lines() == ["before", "tried", "tried", "shipped"]
    assert deviations(world) == [("`build` was edited, for this run", "the check is wrong (changed: build)")]
    assert "mended" in world.book.read_text()
    assert world("verify", "last").code == 0


def test_a_bad_edit_is_told_with_its_place_and_nothing_changes(world, failed):
    child = failed(EDITOR=editor(world, "text = text.replace('shell: ', 'shel: ')"), VISUAL="")
    child.sendline("edit")
    child.expect("why\\?")
    child.sendline("well")
    child.expect("unknown key `shel`")
    child.expect("edit it again")
    child.sendline("no")
    child.expect("nothing was changed")
    child.expect(MENU)
    assert deviations(world) == []


def test_what_is_done_can_not_be_edited(world, failed):
    child = failed(EDITOR=editor(world, "text = text.replace('echo before', 'echo after')"), VISUAL="")
    child.sendline("edit")
    child.expect("why\\?")
    child.sendline("well")
    child.expect("can't be adopted")
    child.expect("edit it again")
    child.sendline("no")
    child.expect(MENU)


def test_undo_from_the_menu(world, failed):
    child = failed()
    child.sendline("undo")
    child.expect("back to which step")
    say(child, "all", "Type `undo`")
    child.sendline("undo")
    child.expect("is undone")
    child.expect(pexpect.EOF)
    assert world.lines() == ["before", "tried", "undone"] and world.show()["state"] == "undone"


def test_handed_off_from_the_menu_with_a_note_that_who_goes_on_sees(world, failed):
    child = failed()
    child.sendline("handoff")
    child.expect("a note for who goes on")
    child.sendline("the disk of the build machine is full")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert world.show()["handed_off"]["note"] == "the disk of the build machine is full"
    (world.folder / "mended").touch()
    resumed = world("run", "--resume", "last")
    assert resumed.code == 0 and "the disk of the build machine is full" in resumed.err


def test_evidence_is_completed_as_a_file(world, failed):
    (world.folder / "screenshot of it").write_text("no: it has blanks")
    (world.folder / "screenshot.png").write_text("pixels")
    child = failed()
    say(child, "done", "why\\?")
    say(child, "I copied it by hand", "its output `size`: ")
    say(child, "12", "evidence.*: ")
    child.send("scr\t\r")
    child.expect("succeeded")
    assert world.step("build")["evidence"][0]["file"] == "screenshot.png"


def test_answered_from_another_terminal_the_menu_goes_away(world, failed):
    child = failed()
    (world.folder / "mended").touch()
    assert world("redo", "last", "build", "--because", "I made room").code == 0
    child.expect("succeeded")
    assert code_of(child) == 0


def test_ten_kilobytes_pasted_at_a_question_are_one_answer(world, failed):
    child = failed()
    child.sendline("skip")
    child.expect("why\\?")
    pasted = "".join(f"line {i} of what was pasted\n" for i in range(400))
    child.send("\x1b[200~" + pasted + "\x1b[201~")
    child.sendline("")
    child.expect("succeeded")
    assert code_of(child) == 0
    [(what, because)] = deviations(world)
    assert what == "skipped" and because == " ".join(pasted.split("\n")).strip()


# What a person lets begin, and nothing else

FIVE = "runbook: five\nsteps:\n" + "".join(
    f"  - {{id: {name}, shell: 'echo {name} >> \"$W/effects\"', undo: {{shell: 'echo un{name} >> \"$W/effects\"'}}}}\n" for name in "abcde")


def test_what_was_undone_or_is_done_anew_is_let_begin_again_one_by_one(world, walk):
    world.write(FIVE)
    child = walk()
    child.expect(PROMPT)
    for _ in "abc":
        say(child, "")
    say(child, "undo b", "Type `undo`")
    shown = say(child, "undo")
    while ":undo" in shown.rpartition("\n")[2]:
        shown = say(child, "")
    assert world.lines() == ["a", "b", "c", "unc", "unb"], shown
    assert "five 2/5 b" in shown
    say(child, "")
    assert world.lines()[5:] == ["b"]


def test_to_leave_out_where_one_has_run_to_lets_nothing_else_begin(world, walk):
    world.write(FIVE)
    child = walk()
    child.expect(PROMPT)
    say(child, "run-to c")
    say(child, "skip", "why\\?")
    assert "five 4/5 d" in say(child, "not today")
    assert world.lines() == ["a", "b"]


def test_run_to_a_step_that_is_left_out_stops_behind_it(world, walk):
    world.write(FIVE.replace("{id: b,", "{id: b, when: '`false`',"))
    child = walk()
    child.expect(PROMPT)
    assert "five 3/5 c" in say(child, "run-to b")
    assert world.lines() == ["a"]


def test_ctrl_c_at_a_question_of_the_walk_hits_no_step(world, walk):
    world.write(FIVE)
    child = walk()
    child.expect(PROMPT)
    say(child, "skip", "why\\?")
    child.sendintr()
    child.expect("nothing was decided")
    child.expect(PROMPT)
    assert "five 2/5 b" in say(child, "")
    assert world.lines() == ["a"]


def test_ended_at_a_question_of_the_walk_it_pauses(world, walk):
    world.write(FIVE)
    child = walk()
    child.expect(PROMPT)
    say(child, "skip", "why\\?")
    child.kill(signal.SIGTERM)
    assert code_of(child) == 130 and world.show()["state"] == "interrupted" and deviations(world) == []


def test_a_step_of_a_loop_is_left_out_item_by_item(world, walk):
    world.write("runbook: x\nsteps:\n  - {id: a, shell: 'true'}\n  - section: S\n    for_each: [p, q]\n    as: item\n    steps: [{id: dep, shell: 'echo $item >> \"$W/effects\"'}]\n")
    child = walk()
    child.expect(PROMPT)
    assert "each item of its loop" in say(child, "skip dep")
    say(child, "")
    say(child, "skip dep[p]", "why\\?")
    say(child, "no p", PROMPT)
    say(child, "go", "succeeded")
    assert world.lines() == ["q"]


def test_a_secret_is_neither_set_nor_remembered(world, walk):
    world.write(PLAIN.replace("inputs:\n", "inputs:\n  pw: {type: secret, from: [{env: PW}]}\n"))
    child = walk(PW="kept-elsewhere")
    child.expect(PROMPT)
    assert "is a secret" in say(child, "set pw=hunter2-hunter2")
    say(child, "why look")
    child.sendline("quit")
    child.expect(pexpect.EOF)
    assert not [path for path in world.folder.rglob("*") if path.is_file() and path.suffix != ".yaml" and b"hunter2" in path.read_bytes()]


@pytest.mark.parametrize("step", ["{id: s, manual: Look}", "{id: s, assert: {that: $run.id != ''}}", "{id: s, wait_until: {shell: 'true', timeout: 1m}}"])
def test_a_shell_opens_at_every_kind_of_step(world, walk, step):
    world.write(f"runbook: x\nsteps:\n  - {step}\n")
    child = walk(SHELL="/bin/sh", PS1="inside$ ")
    child.expect(PROMPT)
    child.sendline("shell")
    child.expect("inside. ")
    child.sendline("exit")
    child.expect("the shell was open for")


def test_a_shell_whose_values_are_not_known_yet_is_told(world, walk):
    world.write("runbook: x\nsteps:\n  - {id: a, shell: 'true', outputs: {o: {regex: '(.*)'}}}\n  - {id: l, shell: 'true', env: {V: '${{ $steps.a.o }}'}}\n")
    child = walk()
    child.expect(PROMPT)
    assert "is not known" in say(child, "shell l")


# The menu, broken off

@pytest.mark.parametrize("how", ["key", "signal"])
def test_broken_off_at_a_question_of_the_menu_it_ends(world, failed, how):
    child = failed()
    child.sendline("skip")
    child.expect("why\\?")
    child.sendintr() if how == "key" else child.kill(signal.SIGTERM)
    child.expect(pexpect.EOF)
    assert world.show()["state"] in ("failed", "interrupted") and deviations(world) == []


def test_answered_elsewhere_at_a_question_of_the_menu(world, failed):
    child = failed()
    child.sendline("done")
    child.expect("why\\?")
    assert world("skip", "last", "build", "--because", "not needed").code == 0
    child.expect("succeeded")
    assert code_of(child) == 0 and deviations(world) == [("skipped", "not needed")]


def test_ctrl_c_at_the_menu_of_a_walk_leads_to_its_prompt_which_alone_hears(world, walk):
    world.write(FAILS)
    child = walk()
    child.expect(PROMPT)
    say(child, "go", MENU)
    child.sendintr()
    child.expect(PROMPT)
    for _ in range(3):
        assert "run-to STEP" in say(child, "help")
    say(child, "", MENU)
    say(child, "skip", "why\\?")
    say(child, "no")
    say(child, "go", "succeeded")
    assert world.lines() == ["before", "tried", "shipped"]


def test_a_failing_cleanup_of_a_cancelled_walk_has_its_menu(world, walk):
    world.write("runbook: x\nsteps: [{id: a, shell: 'true'}]\nfinally: [{id: f, shell: 'echo tidied >> \"$W/effects\"; test -e mended'}]\n")
    child = walk(SHELL="/bin/sh", PS1="inside$ ")
    child.expect(PROMPT)
    child.sendline("cancel")
    child.expect("Type `cancel`")
    child.sendline("cancel")
    child.expect(MENU)
    child.sendline("shell")
    child.expect("inside. ")
    child.sendline("touch mended; exit")
    child.expect(MENU)
    child.sendline("retry")
    child.expect("is cancelled")
    child.expect(pexpect.EOF)
    assert world.lines() == ["tidied", "tidied"] and world.show()["state"] == "cancelled"


def test_what_a_failed_step_wrote_does_nothing_to_the_terminal(world, at_terminal):
    world.write("runbook: x\nsteps: [{id: a, shell: \"printf '\\\\033]0;owned\\\\007\\\\033[2Jtext'; exit 1\"}]\n")
    child = at_terminal("run", str(world.book))
    child.expect(MENU)
    assert "text" in child.before and "owned" not in child.before and "\x1b[2J" not in child.before
