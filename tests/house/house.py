"""What the tests of the house share: where the tree is, what belongs to it, and what a missing tool means."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # the exit code that ctest shows as "Skipped"


def git(root, *words, check=True):
    """What it prints. A checkout may belong to another user than the one who tests it."""
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root), *words], capture_output=True, check=check).stdout.decode()


def tracked_files(root=ROOT):
    """Paths of the tree as git knows it, relative to the root; without those deleted and not yet committed."""
    return [path for path in git(root, "ls-files", "-z").split("\0") if path and (root / path).is_file()]


def sources(root=ROOT):
    """Every .cpp and .h under the source folders, tracked or not yet, relative to the root."""
    found = []
    for folder in ("engine", "state", "plugins", "tests"):
        found += [path for path in (root / folder).rglob("*") if path.suffix in (".cpp", ".h") and path.is_file()]
    return sorted(str(path.relative_to(root)) for path in found)


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)


def includes(root, path):
    """(line, quote, name) of each #include of a file."""
    text = (root / path).read_text(encoding="utf-8")
    return [(text.count("\n", 0, match.start(1)) + 1, match[1], match[2]) for match in INCLUDE.finditer(text)]


def need(tool):
    """Without the tool the test is skipped, by name; where CI=true promises that everything is installed, it fails."""
    if shutil.which(tool):
        return
    print(f"skipped: {tool} is not installed; ./dev test installs it")
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
