"""The manual page and the help: from the one table of commands."""

import json
import re
import shutil
import subprocess

import pytest

from world import ROOT, world  # noqa: F401  (the fixture)


def commands(world):
    return re.findall(r"^  ([a-z]+) ", world("help").out.split("\n  runbook COMMAND --help")[0], re.M)


def page(world, tmp_path=None):
    path = world.folder / "runbook.1"
    path.write_text(world("man").out)
    return path


@pytest.mark.skipif(not shutil.which("groff"), reason="there is no groff")
def test_groff_and_mandoc_find_nothing(world):
    path = page(world)
    formatted = subprocess.run(["groff", "-man", "-ww", "-Tutf8", path], capture_output=True, text=True)
    assert formatted.returncode == 0 and formatted.stderr == ""
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True).stdout
        assert [line for line in lint.splitlines() if "missing date" not in line] == []
    assert "-i, --input" in re.sub("\x1b\\[[0-9;]*m|.\x08", "", formatted.stdout)


def test_every_command_and_option_stands_in_it(world):
    text = world("man").out.replace("\\-", "-")
    assert len(commands(world)) > 20
    for command in commands(world):
        section = re.search(rf"^\.SS {command}\n(.*?)(?=^\.S[SH] )", text, re.M | re.S)
        assert section, command
        for option in re.findall(r"(--[a-z-]+)", world("help", command).out.split("\nexample:")[0].split("\n\n", 1)[1]):
            assert f"\\fB{option}\\fR" in section[1] or option in ("--journal", "--json"), (command, option)


def test_every_variable_that_the_sources_read_stands_in_it(world):
    text = world("man").out
    read = set()
    for path in [*ROOT.glob("engine/**/*.cpp"), *ROOT.glob("state/*.cpp"), *ROOT.glob("plugins/**/*.cpp")]:
        read |= set(re.findall(r'(?:getenv|variable)\("([A-Z_]+)"\)', path.read_text()))
    assert {"RUNBOOK_PATH", "RUNBOOK_JOURNAL", "NO_COLOR"} <= read
    assert [name for name in sorted(read | {"RUNBOOK_INPUT_NAME", "LANG", "AWS_REGION"}) if not (name.startswith("AWS_") and name != "AWS_REGION") and name not in text.split(".SH ENVIRONMENT")[1]] == []


def test_exit_codes_are_those_of_the_help(world):
    status = world("man").out.split(".SH EXIT STATUS")[1].split(".SH")[0]
    codes = dict(re.findall(r"\\fB(\d+)\\fR\n(.*)\n", status))
    help_text = " ".join(world("help").out.split("exit codes:")[1].split())
    assert codes and all(f"{number} {meaning.replace('(aq', '').replace(chr(92), chr(39))}" in help_text for number, meaning in codes.items())


def test_every_command_has_help_with_an_example(world):
    for command in commands(world):
        by_flag, by_name = world(command, "--help"), world("help", command)
        assert by_flag.code == 0 and by_flag.out == by_name.out
        assert re.search(r"\nexample:\n.*runbook (?:\w+ )*" + command, by_flag.out, re.S), command
    assert "did you mean `resolve`?" in world("help", "resolv").err
