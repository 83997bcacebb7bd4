"""Files that are no runbook, or hardly one: `check` and `run` say so in a few lines, with the place and what to do, and never
crash, hang or use the machine up. What the reader makes of each is told by tests/book; here it is the whole program."""

import os
import resource
import shutil
import subprocess

import pytest

from world import BINARY

STEPS = "runbook: x\nsteps:\n  - {id: a, shell: ls}\n"
PROGRAM = BINARY.resolve()
SANITIZED = b"__asan_init" in PROGRAM.read_bytes()


def repeat(text, size):
    return text * (size // len(text))


def bomb():
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi"):
        levels.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(levels)


def many(count, step):
    return "runbook: x\nsteps:\n" + "".join(step.format(i) for i in range(count))


# name: (bytes or text, place, words of the message). The place is what follows the file's name.
REFUSED = {
    "empty": ("", "", "the file is empty"),
    "blank": (" \n\n  \n", "", "the file is empty"),
    "comments": ("# nothing\n# but comments\n", "", "nothing but comments"),
    "binary": (bytes(range(256)) * 64, ":1:1", "not UTF-8 text"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(64), ":1:1", "control character U+007F"),
    "utf16_with_mark": (STEPS.encode("utf-16"), ":1:1", "not UTF-8 text"),
    "utf16_without_mark": (STEPS.encode("utf-16-le"), ":1:2", "not UTF-8 text"),
    "nul": ("runbook: x\nst\0eps: []\n", ":2:3", "not UTF-8 text"),
    "invalid_utf8": (b"runbook: x\ntitle: caf\xe9\n", ":2:11", "not UTF-8 text"),
    "tabs": ("runbook: x\nsteps:\n\t- id: a\n", ":3:1", "tabs"),
    "open_brackets": ("[" * 100_000, ":1:1", "`[` is not closed"),
    "brackets": ("[" * 100_000 + "]" * 100_000, ":1:101", "deeper than 100 levels"),
    "deep_maps": ("".join(" " * depth + "a:\n" for depth in range(1_000)), ":101:101", "deeper than 100 levels"),
    "deep_lists": ("- " * 100_000, ":1:201", "deeper than 100 levels"),
    "alias_bomb": (bomb(), ":6:8", "expand to more than 100000 values"),
    "alias_of_much_text": ("a: &a '" + "x" * 1_000_000 + "'\nb: [" + "*a, " * 100 + "]\n", ":2:45", "expand to more than 10000000 bytes"),
    "recursive_alias": ("runbook: x\nsteps: &s [*s]\n", ":2:12", "can't stand inside what it repeats"),
    "junk_map": ("".join(f"key_{i}: value\n" for i in range(600_000)), ":100001:1", "at most 100000 entries"),
    "junk_list": (repeat("- some text\n", 10_000_000), ":100001:3", "at most 100000 entries"),
    "junk_records": ("".join(f"- {{name: n{i}, value: {i}, ok: true, list: [1, 2, 3], text: some words}}\n" for i in range(99_000)), ":1:1",
                     "expected a map, got a list"),
    "junk_text": (repeat("words and words\n", 10_000_000), ":1:1", "expected a map, got text"),
    "long_line_of_brackets": ("[" + "1," * 5_000_000 + "]", ":1:1000001", "more than 500000 brackets"),
    "long_line_of_quotes": ('"' * 10_000_001, ":1:500001", "more than 500000 brackets"),
    "long_line_of_problems": ("{runbook: x, steps: [" + "".join(f"{{id: s{i}, titel: x, shell: ls}}, " for i in range(60_000)) + "]}", ":1:31",
                              "unknown key `titel`"),
    "long_key": ("k" * 10_000_000 + ": v\n", ":1:10000001", "nothing stands before this colon"),
    "long_name": (STEPS.replace("id: a", "id: " + "A" * 10_000_000), ":3:10", "can't be the name of a step"),
    "open_quote_at_the_end": ("runbook: x\nsteps:\n  - id: a\n    shell: \"ls\n", ":4:12", "never closed"),
    "several_documents": (STEPS + "---\n" + STEPS, ":4:1", "a second document begins here"),
    "unknown_directive": ("%FOO bar\n%YAML 9.9\n---\n" + STEPS, ":2:1", "begins with `%`"),
    "tag": (STEPS.replace("ls", "!important"), ":3:20", "reads `!`"),
    "tag_of_yaml": ("runbook: !!str x\nsteps: []\n", ":1:10", "reads `!`"),
    "anchor_without_alias_name": (STEPS.replace("ls", "& x"), ":3:20", "reads `&`"),
    "merge_key": ("runbook: x\nsteps:\n  - &a {id: a, shell: ls}\n  - {<<: *a, id: b}\n", ":4:6", "unknown key `<<`"),
    "list_as_key": ("runbook: x\n? [a, b]\n: c\n", ":2:3", "a key is text"),
    "map_as_key": ("runbook: x\n{a: b}: c\n", ":2:1", "a key is text"),
    "two_problems_in_a_million_steps": (many(300_000, "- {{id: s{}, shell: x}}\n"), ":100003:3", "at most 100000 entries"),
    "ten_thousand_problems": (many(10_000, "  - id: s{}\n    titel: x\n    shell: ls\n"), ":4:5", "unknown key `titel`"),
    "ten_thousand_steps_without_id": (many(10_000, "  - shell: ls\n"), ":3:5", "has no `id`"),
    "ten_thousand_bad_names": ("runbook: x\nvars: {a: b}\nsteps:\n" + "".join(f"  - {{id: s{i}, exec: [\"${{{{ $vars.b }}}}\"]}}\n" for i in range(10_000)),
                               ":4:26", "there is no var `b`"),
}

# name: (bytes or text, what `check` says, or "" for no problems)
ACCEPTED = {
    "utf8_mark": (b"\xef\xbb\xbf" + STEPS.encode(), ""),
    "windows_lines": (STEPS.replace("\n", "\r\n"), ""),
    "no_line_end": (STEPS.rstrip(), ""),
    "directive": ("%YAML 1.2\n---\n" + STEPS + "...\n", ""),
    "anchor_on_a_key": ("&r runbook: x\nsteps: [{id: a, shell: ls}]\n", ""),
    "anchors_and_aliases": ("runbook: &name x\ntitle: *name\nsteps:\n  - {id: a, shell: ls, env: &e {A: b}}\n  - {id: b, shell: ls, env: *e}\n", ""),
    "long_text": (STEPS + "note: " + "word " * 2_000_000 + "\n", ""),
    "long_comment": (STEPS + "# " + "c" * 10_000_000 + "\n", ""),
    "megabytes_of_comments": (repeat("# a comment that is of no use to anybody\n", 10_000_000) + STEPS, ""),
    "megabytes_of_text": (STEPS + "note: |\n" + repeat("  a line of text that says nothing\n", 10_000_000), ""),
}


def affordable(table):
    """What is large is for the optimised binary: with the sanitizers it takes minutes, and tells no more."""
    return [name for name, row in table.items() if not SANITIZED or len(row[0]) < 2_000_000]


def limits():
    # Generous: a hang or a blow-up ends in a signal, however slow the machine. The sanitizer reserves terabytes of addresses.
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))


def call(folder, *words, prefix=(), **kwargs):
    env = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")} | {"RUNBOOK_JOURNAL": str(folder / "j.db")}
    done = subprocess.run([*prefix, PROGRAM, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
                          preexec_fn=limits, **kwargs)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(folder, content):
    path = folder / "book.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path.name


def is_readable(text):
    return len(text.splitlines()) <= 40 and all(len(line) <= 500 for line in text.splitlines())


@pytest.mark.parametrize("name", affordable(REFUSED))
def test_a_bad_file_is_refused_with_its_place(tmp_path, name):
    content, place, words = REFUSED[name]
    file = write(tmp_path, content)
    code, out, err = call(tmp_path, "check", file)
    assert (code, err) == (2, "")
    assert out.startswith(f"{file}{place}: error: ") and words in out.splitlines()[0], out
    assert is_readable(out)

    ran, nothing, said = call(tmp_path, "run", file)
    assert (ran, nothing) == (2, "")
    assert said.startswith(out) and "nothing was run" in said[len(out):]
    assert not (tmp_path / "j.db").exists()


@pytest.mark.parametrize("name", affordable(ACCEPTED))
def test_an_unusual_file_is_read(tmp_path, name):
    content, words = ACCEPTED[name]
    code, out, err = call(tmp_path, "check", write(tmp_path, content))
    assert (code, err) == (0, ""), out
    assert words in out and "no problems" in out


def test_a_flood_of_problems_is_counted(tmp_path):
    code, out, _ = call(tmp_path, "check", write(tmp_path, REFUSED["ten_thousand_problems"][0]))
    assert code == 2 and out.endswith("book.yaml: 9992 more problems are not shown; mend these first\n")
    _, _, said = call(tmp_path, "run", "book.yaml")
    assert "book.yaml has 10000 errors; nothing was run" in said


def test_columns_of_windows_lines_are_right(tmp_path):
    _, out, _ = call(tmp_path, "check", write(tmp_path, STEPS.replace("shell", "shel").replace("\n", "\r\n")))
    assert out.startswith("book.yaml:3:13: error: unknown key `shel`") and "\r" not in out


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_folder_is_no_runbook(tmp_path, command):
    (tmp_path / "books").mkdir()
    code, out, err = call(tmp_path, command, "books")
    assert (code, out) == (2, "")
    assert "books" in err and "folder" in err and is_readable(err)


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("word", ["deplyo.yaml", "books/deplyo.yaml", "deploy", "books/deploy"])
def test_a_file_that_is_not_there_proposes_its_neighbour(tmp_path, command, word):
    (tmp_path / "books").mkdir()
    for folder in (tmp_path, tmp_path / "books"):
        (folder / "deploy.yaml").write_text(STEPS)
    code, out, err = call(tmp_path, command, word)
    near = word.rpartition("/")[0] + "/deploy.yaml" if "/" in word else "deploy.yaml"
    assert (code, out) == (2, "")
    assert f"there is no runbook `{word}`" in err and f"did you mean `{near}`?" in err


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_a_file_that_may_not_be_read_says_so(tmp_path, command):
    file = tmp_path / write(tmp_path, STEPS)
    file.chmod(0)
    prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    code, out, err = call(tmp_path, command, file.name, prefix=prefix)
    assert (code, out) == (2, "")
    assert "book.yaml" in err and "Permission denied" in err and is_readable(err)


def test_a_function_that_only_runbooks_know_says_how_it_is_tried(tmp_path):
    code, _, err = call(tmp_path, "eval", "url_decode('a%20b')")
    assert code == 2 and "there is no function `url_decode`" in err and "runbooks know it: try --strict" in err
    code, out, _ = call(tmp_path, "eval", "--strict", "url_decode('a%20b')")
    assert (code, out) == (0, '"a b"\n')
    code, _, err = call(tmp_path, "eval", "no_such('a')")
    assert code == 2 and "--strict" not in err
