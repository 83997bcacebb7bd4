"""A real Chromium, without a screen, as the tests have it: pages are looked at by tests/browser/look.mjs."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from world import ROOT

MODULES = ROOT / "build" / "browser" / "node_modules"


def needed(found, what):
    """Without it the test is skipped, by name; where CI=true promises that everything is installed, it fails."""
    if found:
        return found
    reason = f"{what} is not here; `./dev test` installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name):
    return needed(shutil.which(name), name)


class Browser:
    def __init__(self):
        self.chromium = program("chromium")
        self.node = program("node")
        needed((MODULES / "playwright-core").is_dir() and (MODULES / "axe-core").is_dir(), "what drives the browser (build/browser)")

    def look(self, *tasks):
        """What is seen of each; of a single task that alone."""
        done = subprocess.run([self.node, ROOT / "tests" / "browser" / "look.mjs", MODULES, self.chromium], input=json.dumps(tasks, default=str),
                              capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        return seen if len(tasks) > 1 else seen[0]


@pytest.fixture(scope="session")
def browser():
    return Browser()


def pages_of(pdf):
    """The text of each page."""
    shown = subprocess.run([program("pdftotext"), "-layout", Path(pdf), "-"], capture_output=True, text=True, check=True)
    return shown.stdout.split("\f")[:-1]
