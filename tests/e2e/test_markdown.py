"""Instructions at a terminal are rendered Markdown; elsewhere they stay as they are written."""

import pexpect
import pytest

from test_terminal import has_terminals
from world import BINARY, world  # noqa: F401  (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here")

BOOK = """
runbook: by_hand
inputs: {name: {default: k8s-db}}
steps:
  - id: group
    title: Create the subnet group
    manual:
      instructions: |
        ## In the console

        Choose **Subnet groups** and press `Create`; read [the guide](https://docs.example.org/subnet-groups) first, since
        a group can't be renamed.

        | Field | Value |
        |-------|-------|
        | Name  | ${{ $inputs.name }} |
      checklist: ["Named as the table says, with `four` subnets of the two zones that the cluster is in", Told the others]
"""

SCREEN = """    In the console
    ──────────────

    Choose **Subnet groups** and press `Create`; read the
    guide <https://docs.example.org/subnet-groups> first,
    since a group can't be renamed.

    Field │ Value
    ──────┼───────
    Name  │ k8s-db

    [ ] Named as the table says, with `four` subnets of the
        two zones that the cluster is in
    [ ] Told the others
"""


def screen_of(world, *words, width=60, **env):
    """What the command leaves on a terminal of that width, with Ctrl-D at the first prompt."""
    child = pexpect.spawn(str(BINARY), list(map(str, words)), env={**world.env, "LC_ALL": "C.UTF-8", "TERM": "xterm", **env}, cwd=str(world.folder),
                          encoding="utf-8", timeout=300, dimensions=(60, width))
    try:
        if child.expect_exact(["(Ctrl-D pauses): ", pexpect.EOF]) == 1:
            return child.before.replace("\r\n", "\n")
        text = child.before
        child.sendeof()
        child.expect(pexpect.EOF)
        return (text + child.before).replace("\r\n", "\n")
    finally:
        child.close(force=True)


def test_the_person_sees_a_page(world):
    world.write(BOOK)
    assert SCREEN in screen_of(world, "run", world.book)
    assert SCREEN in screen_of(world, "show", "last")
    wide = screen_of(world, "show", "last", width=200)
    assert "guide <https://docs.example.org/subnet-groups>\n    first, since a group can't be renamed." in wide


def test_a_pipe_gets_the_source(world):
    world.write(BOOK)
    assert world.run().code == 3
    for text in (world.resume().err, world("show", "last").out):
        assert "    ## In the console\n" in text and "    | Name  | k8s-db |\n" in text
        assert "    [ ] Named as the table says, with `four` subnets of the two zones that the cluster is in\n" in text


def test_a_plan_at_a_terminal_is_read_too(world):
    world.write(BOOK)
    assert "        Field │ Value\n        ──────┼───────\n" in screen_of(world, "plan", world.book)
    assert "        | Field | Value |\n" in world("plan", world.book).out


def test_colour_only_where_it_is_wanted(world):
    world.write(BOOK)
    assert world.run().code == 3
    assert "\x1b[1mSubnet\x1b[0m \x1b[1mgroups\x1b[0m" in screen_of(world, "show", "last", NO_COLOR="")
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        assert "\x1b" not in screen_of(world, "show", "last", **env)


def test_another_locale_gets_ascii_but_for_what_is_written_in_letters_or_to_be_typed(world):
    world.write('runbook: m\nsteps:\n  - {id: look, title: Look, manual: "Type “now” `Größe–5` für Zoë"}\n')
    assert world.run().code == 3
    assert '    Type "now" `Größe–5` für Zoë\n' in screen_of(world, "show", "last", LC_ALL="C")
    world.write(BOOK)
    assert world.run().code == 3
    page = screen_of(world, "show", "last", LC_ALL="C")
    assert "    Field | Value\n    ------+-------\n" in page and page.isascii()


def test_an_escape_sequence_of_the_instructions_stays_text(world):
    world.write('runbook: m\nsteps:\n  - {id: look, title: Look, manual: "a\\e[2Jb \\u202Etxt"}\n')
    assert world.run().code == 3
    page = screen_of(world, "show", "last")
    assert "    a^[[2Jb <U+202E>txt\n" in page and "\x1b" not in page
