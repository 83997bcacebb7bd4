"""What `runbook types` says is what `check` does, and what stands in plugins/README.md."""

import json
import os

import pytest

from world import ROOT, world  # noqa: F401  (the fixture)

PAGE = ROOT / "plugins" / "README.md"
BEGIN, END = "<!-- types: begin -->\n", "<!-- types: end -->\n"


def types(world):
    return json.loads(world("types", "--json").out)


# What the example of include includes.
INCLUDED = "runbook: database\ninputs: {name: {default: x}}\nsteps: [{id: a, shell: 'true'}]\n"


# And what kubectl and aws work on.
CLUSTER = "targets: {main: {kubernetes: {}, aws: {}}}\ntarget: main\n"


def steps(world):
    world.write(INCLUDED, "database.yaml")
    return [each for each in types(world) if each["of"] == "step"]


def test_every_type_has_a_line(world):
    steps, targets = (part.splitlines() for part in world("types").out.split("\ntarget types:\n"))
    names = [line.split()[0] for line in steps + targets]
    assert names == [each["name"] for each in types(world)]
    assert names[0] == "shell" and names[-9:] == ["wait_until", "assert", "manual", "include", "git", "host", "directory", "kubernetes", "aws"]
    assert all(len(line.split()) > 4 for line in steps + targets)
    assert "lacks" not in world("types", "git").err and "target" in world("types", "git").out


def test_a_type_shows_its_parameters_its_effect_where_expressions_may_stand_and_an_example(world):
    page = world("types", "shell")
    assert page.code == 0
    for part in ["effect  once, unless the step says otherwise", "${{ }}   in with, stdin; not in script", "text, required",
                 "bash or sh; bash if left out", "{stdout, stderr, exit_code, json}", "example:\n  - id: "]:
        assert part in page.out, part


def test_what_is_said_as_json_is_whole(world):
    shell = json.loads(world("types", "shell", "--json").out)
    assert shell["name"] == "shell" and shell["effect"] == "once" and shell["main_parameter"] == "script"
    script, shell_name, stdin = shell["parameters"]
    assert script["required"] and not script["takes_expressions"] and script["default"] is None
    assert shell_name["choices"] == ["bash", "sh"] and shell_name["default"] == "bash" and not shell_name["required"]
    assert stdin["takes_expressions"] and stdin["documentation"]
    assert shell in types(world)


def test_every_example_is_a_step_that_check_has_nothing_against(world):
    for each in steps(world):
        checked = world("check", world.write(f"runbook: example\n{CLUSTER}steps:\n" + each["example"]))
        assert checked.code == 0 and "no problems" in checked.out, (each["name"], checked)
    for each in types(world):
        if each["of"] == "target":
            checked = world("check", world.write("runbook: example\n" + each["example"] + "steps: [{id: a, shell: 'true'}]\n"))
            assert checked.code == 0 and "no problems" in checked.out, (each["name"], checked)


# A look needs one of the declared types beside its parameters.
def step_with(each, parameters):
    written = ", ".join(f"{name}: {value}" for name, value in parameters.items())
    keys = f"shell: 'true', {written}" if each["looks"] else written
    if {"rollout", "ready", "job", "loadbalancer", "wait"} & set(parameters):       # questions, no steps
        return f"runbook: x\nsteps:\n  - {{id: a, wait_until: {{{each['name']}: {{{keys}}}, timeout: 1m}}}}\n"
    return f"runbook: x\nsteps:\n  - {{id: a, {each['name']}: {{{keys}}}}}\n"


VALUES = {"file": "database.yaml", "script": "'true'", "argv": "['true']", "timeout": "1m", "instructions": "Look", "args": "get pods", "rollout": "web", "job": "sync",
          "ready": "pods", "loadbalancer": "web", "call": "ecs.ListAccountSettings", "wait": "ec2.InstanceRunning"}
# What a parameter needs beside it to be of use.
COMPANY = {"save_to": {"call": "s3.GetObject", "params": "{Bucket: state, Key: dump}"}, "params": {"call": "ecs.ListAccountSettings"}}


def needed(each):
    """What a step of the type can't be without: of those of which one is given the first."""
    one_of = [param["name"] for param in each["parameters"] if param["one_of"]]
    return [param["name"] for param in each["parameters"] if param["required"]] + one_of[:1]


def test_a_parameter_that_is_called_required_is_required_and_no_other_is(world):
    for each in steps(world):
        required = {name: VALUES[name] for name in needed(each)}
        whole = world("check", world.write(step_with(each, required)))
        assert whole.code == 0, (each["name"], whole)
        for name in required:
            rest = {key: value for key, value in required.items() if key != name}
            assert world("check", world.write(step_with(each, rest))).code == 2, (each["name"], name)


def test_an_expression_may_stand_where_it_is_said_and_nowhere_else(world):
    for each in steps(world):
        if each["looks"]:
            continue
        for param in each["parameters"]:
            given = {name: VALUES[name] for name in needed(each) if not (param["one_of"] or param["beside"])}
            given |= COMPANY.get(param["name"], {name: VALUES[name] for name in [param["beside"]] if name})
            written = {"a list": "['${{ $run.dir }}']", "a map": "{name: '${{ $run.dir }}'}"}
            given[param["name"]] = written.get(param["type"][:6].strip(), "'${{ $run.dir }}'")
            checked = world("check", world.write(step_with(each, given)))
            assert (checked.code == 0) == param["takes_expressions"], (each["name"], param["name"], checked)


@pytest.mark.parametrize("word, hint", [("shel", "did you mean `shell`?"), ("waituntil", "did you mean `wait_until`?"),
                                        ("frobnicate", "known: shell, exec, ")])
def test_an_unknown_type_is_refused_with_the_nearest(world, word, hint):
    refused = world("types", word)
    assert refused.code == 2 and f"there is no step type `{word}`" in refused.err and hint in refused.err


def test_a_type_of_a_later_version_is_called_that(world):
    refused = world("types", "http")
    assert refused.code == 2 and "not supported by this version" in refused.err


def test_the_reference_page_is_what_the_declarations_say(world):
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    part, tail = rest.split(END)
    made = world("types", "--markdown").out
    if os.environ.get("RUNBOOK_UPDATE_GOLDEN"):
        PAGE.write_text(head + BEGIN + made + END + tail)
        return
    assert part == made, ("plugins/README.md is not what the declarations say; to renew it, in tests/e2e: "
                          "RUNBOOK_UPDATE_GOLDEN=1 RUNBOOK_BINARY=... /usr/bin/python3 -m pytest -q test_types.py -k reference")
