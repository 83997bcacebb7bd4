"""Where inputs come from, what is refused of them, and whether the tools are those that a runbook wants."""

import json
import os
import stat

import pytest

from test_terminal import code_of, pytestmark as needs_terminals, terminal  # noqa: F401  (a fixture)
from world import world  # noqa: F401  (the fixture)


def book(inputs="", more="", step="shell: 'true'"):
    return f"runbook: example\n{inputs}{more}steps:\n  - id: a\n    title: A\n    {step}\n"


def inputs_of(world):
    return world.show()["inputs"]


NAME = """
inputs:
  name:
    default: from_default
    from: [{env: NAME}, {file: name.txt}, {command: [cat, said]}]
"""


def test_a_value_comes_from_flag_file_environment_places_and_default_in_this_order(world):
    world.write(book(NAME))
    world.write("name: from_file\n", "inputs.yaml")
    everything = {"RUNBOOK_INPUT_NAME": "from_environment", "NAME": "from_variable"}

    def name(*words, **env):
        result = world.run(*words, **env)
        assert result.code == 0, result
        return inputs_of(world)["name"]

    assert name() == "from_default"
    world.write("from_command\n", "said")
    assert name() == "from_command"
    world.write("from_text\n", "name.txt")
    assert name() == "from_text"
    assert name(NAME="from_variable") == "from_variable"
    assert name(**everything) == "from_environment"
    assert name("--inputs", "inputs.yaml", **everything) == "from_file"
    assert name("--inputs", "inputs.yaml", "-i", "name=from_flag", **everything) == "from_flag"


def test_places_start_at_the_folder_of_the_runbook(world):
    folder = world.folder / "elsewhere"
    folder.mkdir()
    path = world.write(book("""
inputs:
  one: {from: [{file: name.txt}]}
  two: {from: [{command: [./tell]}]}
"""), "elsewhere/book.yaml")
    (folder / "name.txt").write_text("ada\n\n")
    (folder / "tell").write_text("#!/bin/sh\nwc -l < name.txt; cat\n")
    (folder / "tell").chmod(0o755)
    result = world("run", path, "--non-interactive")
    assert result.code == 0, result
    assert inputs_of(world) == {"one": "ada\n", "two": "2"}


def test_lists_maps_and_durations_are_pinned_with_the_run(world):
    world.write(book("""
inputs:
  zones: {type: list, min_items: 2}
  tags: {type: map, default: {first: "${{ $inputs.zones[0] }}"}}
  wait: {type: duration, default: 90m}
""", step="exec: [sh, -c, 'echo \"$@\" > \"$W/said\"', sh, \"${{ $inputs.zones[1] }}\", \"${{ $inputs.tags.first }}\", \"${{ $inputs.wait }}\"]"))
    assert world.run("-i", "zones=a,b").code == 0
    assert inputs_of(world) == {"zones": ["a", "b"], "tags": {"first": "a"}, "wait": "90m"}
    assert world.lines("said") == ["b a 90m"]
    world.write('{"zones": ["c", "d"]}', "inputs.json")
    assert world.run("--inputs", "inputs.json").code == 0
    assert inputs_of(world)["zones"] == ["c", "d"]
    assert world.run(RUNBOOK_INPUT_ZONES="[e, f]").code == 0
    assert inputs_of(world)["zones"] == ["e", "f"]


PINNED = """
inputs: {name: {default: ada}, zones: {type: list, default: [a, b]}, file: {type: path, default: data}}
"""


def test_a_run_that_goes_on_keeps_its_inputs_and_says_so_to_who_gives_others(world):
    world.write(book(PINNED, step='shell: test -e mended'))
    world.write("name: bob\nzones: [a, b]\n", "inputs.yaml")
    world.write("name: ada\nzones: [a, b]\nfile: data\n", "same.yaml")
    assert world.run().code == 1
    begun = world.show()
    for words, said in [(["-i", "name=bob"], '`name` is "ada", not "bob"'), (["--inputs", "inputs.yaml"], '`name` is "ada", not "bob"'),
                        (["-i", "zones=a,c"], '`zones` is ["a","b"], not ["a","c"]'), (["-i", "file=other"], '/data", not'),
                        (["-i", "nme=bob"], "did you mean `name`?")]:
        refused = world.resume(*words)
        assert refused.code == 2 and said in refused.err, refused
    assert world.show() == begun
    (world.folder / "mended").touch()
    assert world.resume("-i", "name=ada", "-i", "zones=a,b", "-i", "file=data", "--inputs", "same.yaml").code == 0


def test_why_a_run_goes_on_is_recorded(world):
    world.write(book(PINNED, step='shell: test -e mended'))
    assert world.run("--because", "x").code == 2
    assert world.run().code == 1
    (world.folder / "mended").touch()
    assert world.resume("--because", "the disk is back").code == 0
    assert "because: the disk is back" in world("report", "last").out


def test_all_problems_with_inputs_and_constraints_are_told_and_nothing_is_journaled(world):
    world.write(book("""
inputs:
  zones: {type: list, min_items: 2, example: [us-east-2a, us-east-2b]}
  size: {default: m4.large, reject: {pattern: "^m3", because: "m3 instances behaved unpredictably"}}
  least: {type: int, default: 2}
""", "constraints: [{that: $inputs.least < 5, because: five are too many}]\n"))
    result = world.run("-i", "zones=a", "-i", "size=m3.large", "-i", "least=7")
    assert result.code == 2
    assert result.err == """runbook: 3 problems with the inputs:
  input `zones`: it has 1 item, and at least 2 are wanted
  input `size`: `m3.large` is refused: m3 instances behaved unpredictably
  five are too many (`$inputs.least < 5` is false)
  hint: -i zones=us-east-2a,us-east-2b
        -i size=...
        -i least=...
"""
    assert not world.journal.exists()


# Secrets

SECRET = "hunter2-and-more"
USES_SECRET = """shell: 'echo "it is $PASSWORD"; echo "inherited: ${TOKEN-nothing}"'
    env: {PASSWORD: "${{ $inputs.password }}"}"""


def assert_nowhere(world, *results):
    for result in results:
        assert SECRET not in result.out and SECRET not in result.err
    for path in world.folder.rglob("*.db*"):
        for file in [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]:
            assert SECRET.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("place, env", [("{env: TOKEN}", {"TOKEN": SECRET}), ("{file: token}", {}), ("{command: [cat, token]}", {})])
def test_a_secret_is_masked_wherever_it_comes_from(world, place, env):
    world.write(book(f"inputs: {{password: {{type: secret, from: [{place}]}}}}\n", step=USES_SECRET))
    world.write(SECRET + "\n", "token").chmod(0o600)
    result = world.run("--output", **env)
    assert result.code == 0, result
    assert "it is [secret]" in result.err
    assert "inherited: nothing" in result.err
    assert_nowhere(world, result, world("logs", "last"), world("show", "last", "--json"))


def test_an_error_that_quotes_a_secret_is_masked(world):
    quotes = """shell: 'true'
    env: {X: "${{ matches('abc', $inputs.password) }}"}"""
    world.write(book("inputs: {password: {type: secret, from: [{env: TOKEN}]}}\n", step=quotes))
    result = world.run(TOKEN=SECRET + "(")
    assert result.code == 1 and "`[secret]` is no regular expression" in result.err, result
    assert_nowhere(world, result, world("show", "last", "--json"), world("logs", "last"))


def test_a_secret_in_a_file_that_others_can_read_is_refused_with_the_chmod_to_type(world):
    world.write(book("inputs: {password: {type: secret, from: [{file: my token}, ask]}}\n", step=USES_SECRET))
    path = world.write(SECRET + "\n", "my token")
    path.chmod(0o640)
    result = world.run()
    assert result.code == 2
    assert result.err == f"runbook: input `password`: others can read {path}\n  hint: chmod 600 '{path}'\n"
    os.system(result.err.partition("hint: ")[2])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert world.run().code == 0


def test_what_no_place_gives_is_missing_with_the_reasons_and_the_command(world):
    world.write(book("""
inputs:
  password: {type: secret, description: Of the deployer, from: [{env: TOKEN}, {file: token}, {command: [sh, -c, "exit 4"]}, {command: [no-such-tool]}, ask]}
""", step=USES_SECRET))
    result = world.run()
    assert result.code == 2
    assert result.err == f"""runbook: input `password` is missing (Of the deployer); $TOKEN is not set, {world.folder}/token is not there, \
`sh` exited with 4, `no-such-tool` can't be started: No such file or directory, nobody can be asked here
  hint: export RUNBOOK_INPUT_PASSWORD=...
"""


def test_a_secret_is_looked_for_again_on_resume(world):
    world.write(book("inputs: {password: {type: secret, from: [{command: [sh, -c, 'echo asked >> asked; cat token']}]}}\n",
                     step="""shell: '[ -e "$W/gate" ] && echo "$PASSWORD" | wc -c'
    env: {PASSWORD: "${{ $inputs.password }}"}"""))
    world.write(SECRET, "token")
    assert world.run().code == 1
    world.open_gate()
    assert world.resume().code == 0
    assert world.lines("asked") == ["asked", "asked"]
    assert_nowhere(world)


@needs_terminals
def test_a_person_is_asked_for_a_secret_unseen_and_again_if_it_is_wrong(world, terminal):  # noqa: F811
    world.write(book("""
inputs:
  name: {description: Whom to greet, from: [ask], pattern: "[a-z]+"}
  password: {type: secret, from: [ask], pattern: "hunter.*"}
""", step="""shell: 'echo "$name $PASSWORD" > "$W/said"'
    env: {PASSWORD: "${{ $inputs.password }}"}"""))
    child = terminal()
    child.expect(r"name \(Whom to greet\): ")
    child.sendline("ADA")
    child.expect("`ADA` does not match the pattern `\\[a-z\\]\\+`")
    child.expect(r"name \(Whom to greet\): ")
    child.sendline("ada")
    child.expect("password, not shown: ")
    child.send("fisher2\r")
    child.expect("its value does not match the pattern `hunter.\\*`")
    child.expect("password, not shown: ")
    child.send(SECRET + "x\x7f\r")
    child.expect("succeeded")
    seen = child.before
    assert code_of(child) == 0
    assert SECRET not in seen and "fisher" not in seen
    assert world.lines("said") == [f"ada {SECRET}"]


@needs_terminals
def test_ctrl_c_at_the_question_for_a_secret_leaves_everything_as_it_was(world, terminal):  # noqa: F811
    world.write(book("inputs: {password: {type: secret, from: [ask]}}\n", step=USES_SECRET))
    child = terminal()
    child.expect("password, not shown: ")
    child.send("half\x03")
    assert code_of(child) == 130
    assert not world.journal.exists()


# Tools

def tool(world, name, script):
    folder = world.folder / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    world.env["PATH"] = f"{folder}:{os.environ['PATH']}" if str(folder) not in world.env["PATH"] else world.env["PATH"]


def wants(tools, more=""):
    return book(more=f"requires: {{tools: {{{tools}}}}}\n{more}")


INSTALL = "  hint: install that version, or take this one with --accept, which stands in the record\n"


@pytest.mark.parametrize("script, wanted, problem", [
    ("echo kops 1.8.1", "1.9.0", "`kops` is too old: it is 1.8.1, and 1.9.0 is required"),
    ("echo kops 1.10.0", "1.9.0", "`kops` is too new: it is 1.10.0, and 1.9.0 is required"),
    ("echo kops v1.10.0-beta.1", '">=1.10"', "`kops` is too old: it is 1.10.0-beta.1, and >=1.10 is required"),
    ("echo kops 2.1", '">=1.10, <2"', "`kops` is too new: it is 2.1, and >=1.10, <2 is required"),
    ("echo none of your business", '">1"', "`kops` does not say which version it is (asked: kops --version, kops version), and >1 is required"),
    ("echo 1.9.0; exit 1", "1.9.0", "`kops` does not say which version it is (asked: kops --version, kops version), and 1.9.0 is required"),
])
def test_another_version_is_refused_unless_it_is_accepted(world, script, wanted, problem):
    tool(world, "kops", script)
    world.write(wants(f"kops: {wanted}"))
    result = world.run()
    assert result.code == 2
    assert result.err == f"runbook: {problem}; nothing was run\n{INSTALL}"
    assert not world.journal.exists()
    result = world.run("--accept")
    assert result.code == 0, result
    deviation, = world.show()["deviations"]
    assert deviation["what"].startswith("accepted kops ") and deviation["because"] == "--accept" and deviation["who"]
    assert deviation["what"] in result.err and deviation["what"] in world("show", "last").out
    assert world("verify", "last").code == 0


def test_a_missing_tool_is_refused_even_with_accept(world):
    world.write(wants("no-such-tool: '*', other-tool: '>=2'"))
    for words in [(), ("--accept",)]:
        result = world.run(*words)
        assert result.code == 2
        assert result.err == """runbook: 2 tools are not as required; nothing was run:
  `no-such-tool` is not there: no folder of PATH has it
  `other-tool` is not there: no folder of PATH has it (>=2 is required)
  hint: install what is missing, or add its folder to PATH
"""
    assert not world.journal.exists()


@pytest.mark.parametrize("script", [
    "echo kops 1.9.0",
    "echo 'kops: 1.9.0' >&2",
    '[ "$1" = version ] && echo "Version 1.9.0 (git-cccd71e67)" || exit 1',
])
def test_a_tool_is_asked_in_several_ways(world, script):
    tool(world, "kops", script)
    world.write(wants("kops: 1.9.0"))
    assert world.run().code == 0
    assert world.show()["deviations"] == []


def test_kubectl_is_asked_without_its_cluster(world):
    tool(world, "kubectl", 'echo "$*" >> "$W/asked"; [ "$*" = "version --client" ] && echo "Client Version: v1.32.3"')
    world.write(wants("kubectl: '>=1.10'"))
    assert world.run().code == 0
    assert world.lines("asked") == ["version --client"]


def test_a_star_only_wants_the_tool_to_be_there(world):
    tool(world, "mystery", 'echo asked >> "$W/asked"; exit 1')
    world.write(wants("mystery: '*'"))
    assert world.run().code == 0
    assert world.lines("asked") == []


def test_another_version_than_it_was_tested_with_is_a_warning(world):
    tool(world, "kops", "echo asked >> \"$W/asked\"; echo kops 1.10.0")
    world.write(wants("kops: '>=1.9'", "tested_with: {kops: 1.9.0, no-such-tool: 2.0}\n"))
    result = world.run()
    assert result.code == 0
    assert "warning: `kops` is 1.10.0; this runbook was tested with 1.9.0\n" in result.err
    assert "warning: `no-such-tool` is not there; this runbook was tested with 2.0\n" in result.err
    assert world.lines("asked") == ["asked"]


def test_check_and_resume_do_not_look_at_tools(world):
    tool(world, "kops", "echo kops 1.9.0")
    world.write(wants("kops: 1.9.0").replace("'true'", '\'[ -e "$W/gate" ]\''))
    assert world.run().code == 1
    tool(world, "kops", "echo kops 1.10.0")
    assert world("check", world.book).code == 0
    world.open_gate()
    assert world.resume().code == 0


def test_a_runbook_for_a_newer_engine_is_refused_by_check_and_run(world):
    world.write(book(more='runbook_version: ">=1000"\n'))
    for result in [world("check", world.book), world.run()]:
        assert result.code == 2 and "this runbook wants version >=1000 of the engine" in result.out + result.err
    assert not world.journal.exists()


def test_the_version_that_was_accepted_is_told_by_json(world):
    tool(world, "kops", "echo kops 1.10.0")
    world.write(wants("kops: 1.9.0"))
    result = world.run("--accept", "--json")
    assert [each["what"] for each in json.loads(result.out)["deviations"]] == ["accepted kops 1.10.0 (required: 1.9.0)"]
