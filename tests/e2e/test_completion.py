"""Completion, asked of real shells. The candidates come from the hidden command `complete`; a shell's script only shows them."""

import os
import re
import shlex
import shutil
import subprocess

import pexpect
import pytest

from test_terminal import end, has_terminals
from world import BINARY, world  # noqa: F401  (the fixture)


def commands(world):
    """Those of the help: lines like `  check FILE...    all problems`."""
    return re.findall(r"^  (?!runbook )([a-z]+) ", world("help").out, re.M)


BOOK = """
runbook: small
title: A small one
inputs: {who: {default: world, description: Whom to greet}, often: {default: "1"}, password: {type: secret}}
steps:
  - {id: first_step, title: The first, shell: "true"}
  - {id: second_step, title: The second, shell: "true"}
"""


def needs(shell):
    if shutil.which(shell):
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{shell} is not installed")
    pytest.skip(f"{shell} is not installed")


@pytest.fixture
def ran(world):
    """A world with a run, a runbook in a folder, and files that are none."""
    world.write(BOOK)
    (world.folder / "books").mkdir()
    (world.folder / "notes.txt").touch()
    assert world.run(RUNBOOK_INPUT_PASSWORD="correct horse").code == 0
    world.id = world.show()["run"]
    return world


# Each of these gives the candidates that a shell has for words of which the last is being written.


def ask(world, *words):
    done = world("complete", "--", *words)
    assert done.code == 0 and done.err == "", done
    return [line.split("\t")[0] for line in done.out.splitlines()]


def bash(world, *words):
    script = f"""
source <({shlex.quote(str(BINARY))} completion bash)
COMP_WORDS=({shlex.join([str(BINARY), *words])})
COMP_CWORD={len(words)}
_runbook
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return lines_of(world, ["bash", "--norc", "-c", script])


def zsh(world, *words):
    """With stand-ins for what only a terminal has."""
    script = f"""
compdef() {{ [[ $* == "_runbook runbook" ]] }}
_describe() {{ local name=${{@[-1]}}; [[ $name == "" ]] && name=$4; print -rl -- ${{(P)name[@]%%:*}} }}
_files() {{ local begin=$words[CURRENT]; [[ $1 == -g ]] && print -rl -- $begin*.(yaml|yml)(N) $begin*(N/) || print -rl -- $begin*(N) }}
source <({shlex.quote(str(BINARY))} completion zsh)
words=({shlex.join([str(BINARY), *words])})
CURRENT={len(words) + 1}
_runbook
"""
    return lines_of(world, ["zsh", "-f", "-c", script])


def fish(world, *words):
    line = "runbook " + " ".join(words)
    script = f"source ({shlex.quote(str(BINARY))} completion fish | psub); complete --do-complete {shlex.quote(line)}"
    folder = world.folder / "bin"
    folder.mkdir(exist_ok=True)
    if not (folder / "runbook").exists():
        (folder / "runbook").symlink_to(BINARY)
    return lines_of(world, ["fish", "--no-config", "-c", script], PATH=f"{folder}:{os.environ['PATH']}", HOME=str(world.folder))


def lines_of(world, argv, **env):
    needs(argv[0])
    done = subprocess.run(argv, cwd=world.folder, env={**world.env, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done
    return [line.split("\t")[0] for line in done.stdout.splitlines() if line]


SHELLS = [bash, zsh, fish]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_knows_commands_options_types_runs_steps_and_runbooks(ran, shell):
    assert set(shell(ran, "")) == set(commands(ran)) > {"run", "check", "completion"}
    assert shell(ran, "ver") == ["verify"]
    assert "--non-interactive" in shell(ran, "run", "--non")
    assert set(shell(ran, "types", "")) >= {"shell", "exec", "wait_until", "assert"}
    assert set(shell(ran, "show", "")) == {ran.id, "last"}
    assert set(shell(ran, "why", "last", "")) == {"first_step", "second_step"}
    assert {word.rstrip("/") for word in shell(ran, "check", "b")} - {"bin"} == {"book.yaml", "books"}
    assert "notes.txt" not in shell(ran, "run", "")
    assert "notes.txt" in shell(ran, "run", "book.yaml", "--inputs", "n")
    assert shell(ran, "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_sound(world, shell):
    script = world.write(world("completion", shell).out, f"completion.{shell}")
    needs(shell)
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done


def test_an_unknown_shell_is_refused_with_the_nearest(world):
    refused = world("completion", "bsh")
    assert refused.code == 2 and "there is no completion for `bsh`" in refused.err and "did you mean `bash`?" in refused.err


# What stands where: the logic is the engine's, and asked directly.


def test_every_command_completes_its_own_options(ran):
    for command in commands(ran):
        said = ran(command, "--help").out
        for option in ask(ran, command, "--"):
            if option != "--help":
                assert option in said, (command, option)


def test_runs_and_steps_stand_where_the_table_says(ran):
    for command in ["show", "why", "logs", "resolve", "skip", "redo", "cancel", "verify"]:
        assert ask(ran, command, "") == [ran.id, "last"], command
    for command in ["why", "logs", "resolve", "skip", "redo"]:
        assert ask(ran, command, ran.id[:10], "s") == ["second_step"], command
    assert ask(ran, "resolve", "last", "first_step", "") == ["done", "not-done", "retry"]
    assert ask(ran, "show", "last", "") == []
    assert ask(ran, "run", "--resume", "") == [ran.id, "last"]


def test_values_of_options(ran):
    assert ask(ran, "run", "--on-failure", "") == ["cancel"]
    assert ask(ran, "run", "book.yaml", "-i", "") == ["who=", "often="]
    assert ask(ran, "run", "--journal", "") == [":files"]
    assert ask(ran, "run", "--journal", "=", "") == [":files"]
    assert ask(ran, "skip", "last", "first_step", "--because", "") == []
    assert ask(ran, "run", "--on-doubt", "") == []


def test_another_journal_is_looked_into(ran):
    other = str(ran.folder / "other.db")
    assert ask(ran, "show", "--journal", other, "") == []
    for words in [["--journal", str(ran.journal)], ["--journal", "=", str(ran.journal)], [f"--journal={ran.journal}"]]:
        done = ran("complete", "--", "show", *words, "", RUNBOOK_JOURNAL=other)
        assert done.out.split("\t")[0] == ran.id, words
    assert ran("complete", "--", "--journal", ran.journal, "show", "", RUNBOOK_JOURNAL=other).out.startswith(ran.id)
    assert not os.path.exists(other)


def test_runbooks_of_the_path_are_known_by_name(ran):
    done = ran("complete", "--", "run", "bo", RUNBOOK_PATH=str(ran.folder))
    assert done.out.splitlines() == ["book.yaml", ":runbooks"]
    assert ask(ran, "check", "book.yaml", "") == [":runbooks"]
    assert ask(ran, "run", "book.yaml", "") == []


def test_candidates_say_what_they_mean(ran):
    lines = ran("complete", "--", "show", "").out.splitlines()
    assert lines[0] == f"{ran.id}\tsucceeded, A small one"
    assert "first_step\tThe first" in ran("complete", "--", "why", "last", "").out


@pytest.mark.parametrize("words", [["frobnicate", ""], ["why", "nothing", ""], ["types", "shell", ""], ["help", ""],
                                   ["run", "nowhere.yaml", "-i", ""], ["schema", ""]])
def test_where_nothing_fits_there_is_nothing_and_no_complaint(world, words):
    assert ask(world, *words) == []


def test_it_is_no_command_for_people(world):
    assert not any(line.split()[:1] == ["complete"] for line in world("help").out.splitlines())
    assert "complete`" not in world("complet").err


# At a terminal


@pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here (is devpts mounted on /dev/pts?)")
@pytest.mark.parametrize("argv, setup", [
    (["bash", "--norc", "--noprofile", "-i"], "source <(runbook completion bash)"),
    (["zsh", "-f", "-i"], "autoload -Uz compinit && compinit -D -u && source <(runbook completion zsh)"),
])
def test_a_person_presses_tab(ran, argv, setup):
    needs(argv[0])
    (ran.folder / "bin").mkdir()
    (ran.folder / "bin" / "runbook").symlink_to(BINARY)
    env = {**ran.env, "PATH": f"{ran.folder}/bin:{os.environ['PATH']}", "PS1": "READY> ", "TERM": "dumb", "HOME": str(ran.folder)}
    shell = pexpect.spawn(argv[0], argv[1:], cwd=str(ran.folder), env=env, encoding="utf-8", timeout=300, dimensions=(40, 200))
    try:
        shell.expect_exact("READY> ")
        shell.sendline(setup + "; echo set''up")
        shell.expect_exact("setup")
        shell.expect_exact("READY> ")
        shell.send("runbook why la\tsec\t")
        shell.expect_exact("second_step")
        shell.sendline("")
        shell.expect_exact("`second_step`: succeeded")
    finally:
        end(shell)
