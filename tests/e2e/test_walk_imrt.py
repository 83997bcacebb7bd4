"""The walkthrough as a person sees it: its screens at three widths, and all of IMRT on AWS in rehearsal, typed."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import jsonschema
import pexpect
import pytest

from test_live import window  # noqa: F401  (a fixture)
from test_terminal import has_terminals
from test_walk import PROMPT, at_terminal, editor  # noqa: F401  (a fixture)
from world import BINARY, ROOT, until, world  # noqa: F401  (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals() or not shutil.which("tmux"), reason="there are no pseudo-terminals here, or there is no tmux")

IMRT = ROOT / "runbooks" / "imrt-aws.yaml"
GOLDEN = ROOT / "tests" / "golden" / "walk"
SMALL = """
runbook: shop
title: Ship the shop
inputs:
  region: {type: string, default: us-east-2}
steps:
  - section: Prepare the machines
    steps:
      - id: build
        title: Build what is to be shipped
        note: It takes some minutes, and needs room for two images.
        shell: |
          echo "building for $region"
          echo "no space left on device"
          exit 1
        effect: idempotent
        retry: {attempts: 2, delay: 1ms}
        hints: [{match: no space left, say: docker system prune makes room}]
  - id: group
    title: Make the subnet group
    manual:
      instructions: |
        In the [console](https://console.example.org/rds):

        1. open **Subnet groups**
        2. add all four subnets

        | Field | Value |
        |-------|-------|
        | Name  | k8s-db |
      checklist: [All four subnets are in it]
"""


def screen_text(screen):
    text = "\n".join(screen.all_lines()).strip()
    text = re.sub(r"\d{8}-\d{4}-[a-z0-9]{4}", "20260101-0000-runs", text)
    text = re.sub(r"\(\d+\.\ds\)", "(0.0s)", text)
    return re.sub(re.escape(str(BINARY)), "runbook", text) + "\n"


def compare(name, text):
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("RUNBOOK_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.read_text() == text, f"{golden.name} is another one now; RUNBOOK_UPDATE_GOLDEN=1 writes it anew:\n{text}"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_each_screen_says_where_one_is_what_enter_does_and_what_is_recorded(world, window, columns):  # noqa: F811
    world.write(SMALL)
    screen = window(columns, 60)
    screen.type(f"clear; {BINARY} walk book.yaml")
    screen.shows("▸ *$")
    screen.type("")
    screen.shows("what now")
    screen.type("skip")
    screen.shows("why\\?")
    screen.type("there is an image")
    screen.shows("group.* ▸ *$")
    screen.type("")
    screen.shows("done \\| reject \\| skip \\(Ctrl-D pauses\\):$")     # all of it: it comes letter by letter
    text = screen_text(screen).partition("walk book.yaml\n")[2] or screen_text(screen)
    compare(f"screens-{columns}", text)
    widest = max(len(line) for line in screen.screen())
    assert widest <= columns


PATTERNS = [PROMPT + "$", r"done \| reject \| skip \(Ctrl-D pauses\): $", r"confirm \| reject \| skip \(Ctrl-D pauses\): $",
            r"what now\? \(Ctrl-D pauses\): $", r"evidence \([^\n]*\): $", r"\r\n[a-z_]+( \([^\n]*\))?( \[[^\n]*\])?: $", "succeeded: ", pexpect.EOF]


class Walker:
    """Answers as somebody would who knows nothing: Enter at each prompt, `done` and `confirm` where that is what is asked."""

    def __init__(self, child, on_failure):
        self.child, self.on_failure = child, on_failure
        self.prompts = 0

    def until(self, wanted=None):
        """Goes on until the prompt of a step, or the end."""
        while True:
            at = self.child.expect(PATTERNS)
            self.prompts += 1
            if at == 0 and wanted and re.search(rf"[› ]{wanted} ", self.child.before.rpartition("\n")[2] + " "):
                return
            if at in (6, 7):
                assert wanted is None, f"the run is over before `{wanted}`: {self.child.before[-2000:]}"
                return
            if at == 3:
                self.on_failure(self)
            else:
                self.child.sendline({0: "", 1: "done", 2: "confirm", 4: "seen", 5: ""}[at])


def require_true_reports(world, journal, deviations):  # noqa: F811
    schema = json.loads(world("schema", "--report").out)
    for name in ("r.json", "r.html", "r.md", "r.xml"):
        assert world("report", "last", "--out", name, "--journal", journal).code == 0
        checked = world("verify", "--report", name, "--journal", journal)
        assert checked.code == 0 and "byte for byte" in checked.out, checked
    told = json.loads((world.folder / "r.json").read_text())
    assert not [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(told)]
    assert [each["what"] for each in told["deviations"]] == deviations
    assert told["run"]["is_rehearsal"] and told["coverage"]["not_encoded"]
    assert not [each["instance"] for each in told["steps"] if each["state"] == "pending"]


def test_all_of_imrt_is_walked_in_rehearsal(world, at_terminal):  # noqa: F811
    """With a wrong word, a step that fails, an edit, a shell, a redo, a quit, a resume and windows of other sizes."""
    seen = []

    def on_failure(walker):
        """`schema` fails the first time it is tried."""
        child = walker.child
        seen.append(child.before)
        child.sendline("shall")
        child.expect("`shall` is not one of")
        child.expect("what now")
        child.sendline("shell")
        child.expect("inside. ")
        child.sendline("exit")
        child.expect("the shell was open for")
        child.expect("what now")
        child.sendline("edit")
        child.expect("why\\?")
        child.sendline("a better title")
        child.expect(["what now", PROMPT])
        if "what now" in child.after:
            child.sendline("retry")
        else:
            child.sendline("")

    env = {"SHELL": "/bin/sh", "PS1": "inside$ ", "VISUAL": "",
           "EDITOR": editor(world, "text = text.replace('title: Create the schema', 'title: Create the whole schema')")}
    words = ("walk", str(IMRT), "--rehearse=resumed", "--journal", str(world.folder / "imrt.db"))
    child = at_terminal(*words, **env)
    walker = Walker(child, on_failure)
    walker.until("state_bucket")
    child.sendline("nxt")
    child.expect("did you mean `next`")
    child.expect(PROMPT)
    child.sendline("set db_reporting_tier=99")  # a wrong value: 15 is the greatest
    child.expect("why\\?")
    child.sendline("a try")
    child.expect("db_reporting_tier")
    child.expect("15")
    child.expect(PROMPT)        # drawn for the window as it was
    child.setwinsize(50, 60)
    child.sendline("")
    walker.until("cluster_is_valid")
    child.setwinsize(50, 200)
    child.sendline("quit")
    child.expect("walk --rehearse=resumed .*--resume")
    child.expect(pexpect.EOF)
    child = at_terminal(*words, "--resume", **env)
    walker.child = child
    walker.until("cluster_is_valid")
    child.sendline("redo state_bucket")
    child.expect("why\\?")
    child.sendline("it was the wrong one")
    walker.until("sync")
    child.sendline("")
    walker.until()
    child.expect(pexpect.EOF)
    assert len(seen) == 1 and "`schema` failed" in seen[0]
    shown = json.loads(world("show", "last", "--json", "--journal", str(world.folder / "imrt.db")).out)
    assert shown["state"] == "succeeded"
    assert not [step for step in shown["steps"] if step["state"] in ("failed", "in_doubt", "running", "waiting")]
    whats = [each["what"] for each in shown["deviations"]]
    assert whats[0] == "done anew" and any(what.startswith("a shell was open") for what in whats), whats
    assert any("was edited, for this run" in what for what in whats), whats
    assert walker.prompts > 100
    assert world("verify", "last", "--journal", str(world.folder / "imrt.db")).code == 0
    require_true_reports(world, world.folder / "imrt.db", whats)
    assert not list(Path(world.folder).glob("*.pem"))
