"""The folder listing is the first page that a newcomer reads: nothing lies at the top that is not meant to."""
import re

from house import ROOT, tracked_files

AT_THE_TOP = {"CMakeLists.txt", "CMakePresets.json", "CHANGELOG.md", "LICENSE", "README.md", "dev",
              "engine", "plugins", "runbooks", "state", "tests"}

# Texts of others, quoted as they are.
QUOTED = re.compile(r"(^runbooks/.*\.(md|rst)$|^tests/conformance/|^LICENSE$)")

# Put together here, so that this file does not contain what it looks for.
WORDS = ["TO" + "DO", "FIX" + "ME", "X" * 3]
# In examples and tests the person is ana.
PLACES = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/(?!ana\b)[a-z]"]
HOSTS = [name + r"\." + rest for name, rest in [
    ("deb", "debian"), ("security", "debian"), ("snapshot", "debian"), ("archive", "ubuntu"), ("registry", "npmjs"),
    ("pypi", "org"), ("pythonhosted", "org"), ("proxy", "golang"), ("static", r"crates\.io"), ("index", r"crates\.io"),
    ("rubygems", "org"), ("repo1", "maven"),
]]


def findings(pattern):
    """file:line of each match in the tracked files that are ours and are text."""
    found = []
    for path in tracked_files():
        data = (ROOT / path).read_bytes()
        if QUOTED.search(path) or b"\0" in data:
            continue
        lines = data.decode("utf-8", "replace").split("\n")
        found += [f"{path}:{number}: {line.strip()[:100]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def report(problems):
    assert not problems, "\n" + "\n".join(problems)


def test_only_what_is_meant_to_lies_at_the_top():
    tops = {path.split("/")[0] for path in tracked_files()}
    report(sorted(top for top in tops if top not in AT_THE_TOP and not top.startswith(".")))


def test_nothing_is_left_for_later():
    report(findings(re.compile(r"\b(" + "|".join(WORDS) + r")\b")))


def test_no_file_knows_a_machine():
    report(findings(re.compile(r"(?<![\w.}])(" + "|".join(PLACES) + ")")))


def test_no_file_names_the_host_of_a_registry():
    report(findings(re.compile("|".join(HOSTS))))
