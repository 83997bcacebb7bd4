"""The JSON Schema, seen with a validator that is not ours and a YAML reader that is not ours: what `check` accepts it accepts, what
has a wrong form it refuses where an editor would mark it."""

import ast
import copy
import json
import os
import re
import subprocess

import pytest

from world import BINARY, ROOT, world  # noqa: F401  (the fixture)

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as missing:
    if os.environ.get("CI") == "true":
        raise
    pytest.skip(f"{missing.name} is not installed (Debian: python3-jsonschema, python3-yaml)", allow_module_level=True)


class Core(yaml.SafeLoader):
    """YAML 1.2 core, as editors read it: `yes` and `on` are text, `<<` is a key like any other, nothing is a date."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
     list("-+.0123456789")),
]:
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def read_int(loader, node):
    text = loader.construct_scalar(node)
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)


Core.add_constructor("tag:yaml.org,2002:int", read_int)


def schema():
    done = subprocess.run([BINARY, "schema"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def places_of(error):
    """Where an editor marks an error: an unknown key at the key itself, everything else at its value."""
    at = list(error.absolute_path)
    if error.validator != "additionalProperties":
        return [at]
    named = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    return [at + [key] for key in error.instance
            if key not in named and not any(re.search(pattern, key) for pattern in patterns)]


def marks(text):
    return [place for error in VALIDATOR.iter_errors(yaml.load(text, Core)) for place in places_of(error)]


def is_on_the_way(place, to):
    return to[:len(place)] == place


def test_the_schema_itself_is_valid():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def references(node):
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_definition_is_used_and_every_reference_leads_somewhere():
    assert {name.removeprefix("#/$defs/") for name in references(SCHEMA)} == set(SCHEMA["$defs"])


def properties(node):
    if isinstance(node, dict):
        yield from (item for item in node.get("properties", {}).items() if isinstance(item[1], dict))
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


def test_every_key_of_a_runbook_a_section_and_a_step_says_what_it_means():
    for place in [SCHEMA, SCHEMA["$defs"]["section"], SCHEMA["$defs"]["step"]]:
        for key, value in place["properties"].items():
            target = SCHEMA["$defs"][value["$ref"].removeprefix("#/$defs/")] if "$ref" in value else value
            assert "description" in value or "description" in target, key


# What check accepts


def examples():
    """(name, text) of what looks like a runbook: files, blocks of the README, texts in the other tests."""
    for path in sorted((ROOT / "runbooks").rglob("*.yaml")) + sorted((ROOT / "tests" / "golden" / "check").glob("*.yaml")):
        yield str(path.relative_to(ROOT)), path.read_bytes().decode("utf-8", "replace")
    for page in [ROOT / "README.md", *ROOT.glob("*/README.md")]:
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.M | re.S)):
            text = block if block.startswith("runbook:") else "runbook: example\nsteps:\n" + block
            yield f"{page.relative_to(ROOT)}#{number}", text
    for path in sorted((ROOT / "tests" / "e2e").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if node.value.lstrip().startswith("runbook:"):
                yield f"{path.name}:{node.lineno}", node.value
            elif re.match(r"\n? *- (\{id:|id:|section:)", node.value):
                yield f"{path.name}:{node.lineno}", "runbook: example\nsteps:\n" + node.value.lstrip("\n")
    yield "init", subprocess.run([BINARY, "init", "-"], capture_output=True, text=True, check=True).stdout


def test_what_check_accepts_the_schema_accepts(world):
    accepted, refused = [], []
    for name, text in examples():
        if world("check", world.write(text)).code != 0:
            continue
        accepted.append(name)
        refused += [f"{name}: {error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(yaml.load(text, Core))]
    assert refused == []
    names = " ".join(accepted)
    assert all(part in names for part in ["runbooks/jobmon-database.yaml", "README.md#0", "plugins/README.md#0", "test_steps.py", "init"])
    assert len(accepted) >= 40, names


GOOD = """\
runbook: imrt_aws
title: Deploy 2
version: 1.10
source: docs/AWS.md
summary: "In ${{ two }} words"
note: 5
tags: [a, 1, true]
inputs:
  cluster: {pattern: "[a-z]+", description: Which, example: prod}
  count: {type: int, default: 3}
  on: {type: bool, default: true}
  key: {type: secret}
  file: {type: path, default: "${{ $inputs.cluster }}.txt"}
  zones: {type: list, default: [a, "${{ $inputs.cluster }}"], min_items: 1, max_items: "3", pattern: "[a-z]+", example: [b]}
  more: {type: list, default: "${{ $inputs.zones }}"}
  sizes: {type: map, default: {a: 1, b: {c: [true]}}, example: {a: 2}, min_items: 1}
  patience: {type: duration, default: 10m, min: 1s, max: 1h}
  nodes: {type: int, min: 1, max: "5", default: 2, enum: [2, 3]}
  size: {default: m4, reject: {pattern: "^m3", because: 3}, enum: [m4, m5]}
  token: {type: secret, from: [{env: TOKEN}, {file: token.txt}, {command: [pass, token]}, ask]}
runbook_version: ">=0"
requires: {tools: {bash: "*", ssh-keygen: 1.9}}
tested_with: {bash: 5}
constraints: [{that: $inputs.on, because: it must be}]
vars: {state: "s3://${{ $inputs.cluster }}", yes: 012, empty: ""}
env: {A: 1, b_2: "${{ $vars.state }}", C: ""}
dir: /tmp
targets:
  here: {host: , directory: {path: "${{ $inputs.cluster }}", from: full}}
  repository: {git: {dir: ., commit: abc}}
target: here
lock: "x/${{ $inputs.cluster }}"
defaults:
  shell: {with: sh, timeout: 10m, on_timeout: kill, retry: {attempts: "2"}, output: {head: 1MB}}
  exec: {argv: ["true"]}
not_encoded: [{what: Cats, because: 3}]
not_automated: []
steps:
  - {id: plain, shell: true}
  - id: full
    title: Full
    when: $inputs.on
    env: {D: x}
    dir: "${{ $inputs.cluster }}"
    shell: {script: 'echo $${{ no }}', stdin: {json: [null, 1, {a: b}]}}
    effect: idempotent
    before: {exec: [ls], outputs: {generation: json.generation}}
    done_when: {shell: test -e x, that: json > $before.generation, every: 500ms, timeout: 1h30m, look_timeout: 2.5s, yes: [0, "3"], no: [],
                decides: true, outputs: {made: {regex: "(.*)"}, size: {value: json, type: int}, code: exit_code}}
    verify: {exec: [test, -e, "${{ $vars.state }}"], timeout: 0s}
    outputs: {made: {}, size: {type: int}, code: exit_code}
    output: {head: 64KB, tail: 0}
    timeout: 3d
    retry: {attempts: 3, delay: 0s, backoff: 1.5, max_delay: 1h, when: exit_code == `2`}
    hints: [{match: "Access|Expired", say: log in again}]
    note: Look
    tags: []
    example: {made: {any: thing}, code: null}
    source: "2.1"
  - section: Inner
    id: inner
    when: true
    note: n
    tags: [t]
    source: s
    env: {E: 1}
    dir: sub
    steps:
      - section: Innermost
        steps:
          - {id: from_defaults, exec: {stdin: "${{ $inputs.cluster }}"}}
          - {id: bare, exec: }
          - {id: wait, wait_until: {exec: ["true"], timeout: 1m, fail_when: exit_code == `3`, outputs: {x: stdout}}, output: {tail: 1KB}}
          - {id: sure, assert: {that: $steps.wait.x == 'y', because: it must, every: 1s}}
          - {id: hand, manual: "Look at ${{ $run.id }}", done_when: {shell: "true"}}
          - {id: hands, manual: {instructions: Look, checklist: [One, "${{ $run.id }}"], evidence: optional, collect: {n: {type: int, default: 1, min: 1}, s: {description: x, pattern: "a+"}}}}
          - {id: surer, assert: {shell: "true", outputs: {y: stdout}}}
          - {id: file, shell: {script: cat, with: "${{ $inputs.cluster }}", stdin: {file: x}}}
  - section: Flow
    target: here
    parallel:
      - section: Each
        for_each: $inputs.zones
        as: zone
        key: $zone
        empty: ok
        concurrency: "2"
        batch: [1, 25%, "100%"]
        max_failures: 10%
        watch: {id: beat, exec: [ls], every: 2.5s, trips_after: 3, running: stop, that: exit_code == `0`, on_trip: [{id: alarm, exec: }]}
        rescue: [{id: saved, shell: ls}]
        steps:
          - id: undone
            shell: ls
            on_failure: continue
            undo: {shell: {script: ls, with: sh}}
          - {id: undone_by_hand, exec: , undo: {manual: {instructions: Look}}}
          - {id: undone_from_defaults, shell: ls, undo: {exec: }}
      - section: Listed
        for_each: [1, a]
        as: item
        batch: 50%
        max_failures: 2
        watch: [{id: first, shell: ls}, {id: second, exec: [ls]}]
        finally: [{id: left, shell: ls}]
        steps: [{id: looked, shell: ls, target: repository}]
      - {id: other, include: {file: other.yaml, with: {name: a, all: [1, {b: c}], sizes: {a: 1}}}, on_failure: stop}
      - {id: short, include: other.yaml}
finally: [{id: last, shell: ls}]
outputs: {url: $steps.full.code, number: 5}
"""

OTHER = "runbook: other\ninputs: {name: {default: x}, all: {type: list, default: []}, sizes: {type: map, default: {}}}\nsteps: [{id: a, shell: ls}]\n"


def test_check_and_schema_accept_all_that_the_language_has(world):
    world.write(OTHER, "other.yaml")
    checked = world("check", world.write(GOOD))
    assert checked.code == 0, checked
    assert marks(GOOD) == []


# Every place of GOOD with many other things in it: where check has no objection, the schema has none.

THINGS = [5, True, None, "", "yes", "a-b", "10m", "0s", "64KB", "${{ $run.id }}", [], ["a"], [None], {}, {"a": "b"}, {"shell": "ls"}]


def changed(tree, at, thing):
    tree = copy.deepcopy(tree)
    place = tree
    for part in at[:-1]:
        place = place[part]
    if thing == "nothing":
        del place[at[-1]]
    else:
        place[at[-1]] = thing
    return tree


def places_in(node, at=()):
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    for key, value in children:
        yield (*at, key)
        yield from places_in(value, (*at, key))


def errors_of_check(world, count):
    """{number of a file: messages}"""
    found = {}
    for begin in range(0, count, 500):
        checked = world("check", "--json", *[f"{number}.yaml" for number in range(begin, min(begin + 500, count))])
        for problem in json.loads(checked.out):
            if problem["severity"] == "error":
                found.setdefault(int(problem["file"].split(".")[0]), []).append(problem["message"])
    return found


# What check says of a wrong form; everything else takes more than the form.
FORM = re.compile(r"expected (text|a list|a map), got|^unknown key|can't be `|is no (duration|size)|must be a (whole )?number"
                  r"|lists whole numbers|is true or false|can't be the name|lacks|is empty|has no (parameter|type)|has one type"
                  r"|not both|no meaning beside|no step type|longer than nothing|takes one of|has no (`id`|`steps`|name)|is a number of items|no meaning without|no target type")


def test_whatever_else_stands_somewhere_schema_and_check_agree_about_the_form(world):
    tree = yaml.load(GOOD, Core)
    variants = [(at, thing, changed(tree, at, thing)) for at in places_in(tree) for thing in [*THINGS, "nothing"]]
    world.write(OTHER, "other.yaml")
    for number, (_, _, variant) in enumerate(variants):
        world.write(json.dumps(variant), f"{number}.yaml")
    errors = errors_of_check(world, len(variants))
    too_strict, too_lax, wrong_forms = [], [], 0
    for number, (at, thing, variant) in enumerate(variants):
        messages = errors.get(number, [])
        of_form = [message for message in messages if FORM.search(message)]
        wrong_forms += bool(of_form)
        is_valid = VALIDATOR.is_valid(variant)
        too_strict += [(at, thing)] if not messages and not is_valid else []
        is_of_other_file = at[-3:-1] == ("include", "with")     # what that one takes
        too_lax += [(at, thing, of_form)] if of_form and is_valid and not is_of_other_file else []
    assert too_strict == []
    assert too_lax == [], "\n".join(map(str, too_lax))
    assert wrong_forms > len(variants) / 3 and len(errors) < len(variants) - 500


# What has a wrong form: a runbook, and where the fault is. "HEAD" stands for the least that a runbook needs.

HEAD = "runbook: x\nsteps: [{id: a, shell: ls}]\n"


def step(keys):
    return f"runbook: x\nsteps:\n  - {{id: a, {keys}}}\n"


def act(keys):
    return step(f"shell: ls, {keys}")


S = ["steps", 0]
BROKEN = {
    "no name": ("steps: [{id: a, shell: ls}]\n", []),
    "a name with a capital": (HEAD.replace("x", "Deploy"), ["runbook"]),
    "no steps": ("runbook: x\n", []),
    "no step in steps": ("runbook: x\nsteps: []\n", ["steps"]),
    "steps as a map": ("runbook: x\nsteps: {a: {shell: ls}}\n", ["steps"]),
    "a step that is text": ("runbook: x\nsteps: [ls]\n", ["steps", 0]),
    "an unknown key of a runbook": (HEAD + "titel: x\n", ["titel"]),
    "a key of a later version": (HEAD + "anchor: {command: [x]}\n", ["anchor"]),
    "a title that is a list": (HEAD + "title: [x]\n", ["title"]),
    "an expression in a title": (HEAD + "title: \"${{ $inputs.a }}\"\n", ["title"]),
    "tags that are text": (HEAD + "tags: a, b\n", ["tags"]),
    "what is left out, without a reason": (HEAD + "not_encoded: [{what: x}]\n", ["not_encoded", 0]),
    "a reason of another name": (HEAD + "not_encoded: [{what: x, because: y, why: z}]\n", ["not_encoded", 0, "why"]),
    "a variable with a hyphen": (HEAD + "env: {a-b: x}\n", ["env", "a-b"]),
    "a variable of the engine": (HEAD + "env: {RUNBOOK_RUN: x}\n", ["env", "RUNBOOK_RUN"]),
    "a variable without value": (HEAD + "env: {A: }\n", ["env", "A"]),
    "a variable that is a list": (HEAD + "env: {A: [x]}\n", ["env", "A"]),
    "a var with a capital": (HEAD + "vars: {A: x}\n", ["vars", "A"]),
    "inputs as a list": (HEAD + "inputs: [a]\n", ["inputs"]),
    "an input that is text": (HEAD + "inputs: {a: x}\n", ["inputs", "a"]),
    "an input with a capital": (HEAD + "inputs: {clusterName: {}}\n", ["inputs", "clusterName"]),
    "an unknown key of an input": (HEAD + "inputs: {a: {regex: x}}\n", ["inputs", "a", "regex"]),
    "an unknown type of an input": (HEAD + "inputs: {a: {type: text}}\n", ["inputs", "a", "type"]),
    "an empty pattern": (HEAD + "inputs: {a: {pattern: ''}}\n", ["inputs", "a", "pattern"]),
    "a secret with a default": (HEAD + "inputs: {a: {type: secret, default: hunter2}}\n", ["inputs", "a", "default"]),
    "a type of inputs with a slip": (HEAD + "inputs: {a: {type: integer}}\n", ["inputs", "a", "type"]),
    "a list as the default of text": (HEAD + "inputs: {a: {default: [x]}}\n", ["inputs", "a", "default"]),
    "a map as the example of a list": (HEAD + "inputs: {a: {type: list, example: {x: y}}}\n", ["inputs", "a", "example"]),
    "a list as the default of a map": (HEAD + "inputs: {a: {type: map, default: [x]}}\n", ["inputs", "a", "default"]),
    "a refusal without its reason": (HEAD + "inputs: {a: {reject: {pattern: x}}}\n", ["inputs", "a", "reject"]),
    "a refusal that is text": (HEAD + "inputs: {a: {reject: x}}\n", ["inputs", "a", "reject"]),
    "a choice of nothing": (HEAD + "inputs: {a: {enum: []}}\n", ["inputs", "a", "enum"]),
    "fewer items than none": (HEAD + "inputs: {a: {type: list, min_items: -1}}\n", ["inputs", "a", "min_items"]),
    "a least value that is a list": (HEAD + "inputs: {a: {type: int, min: [1]}}\n", ["inputs", "a", "min"]),
    "no place to look": (HEAD + "inputs: {a: {type: secret, from: []}}\n", ["inputs", "a", "from"]),
    "an unknown place to look": (HEAD + "inputs: {a: {type: secret, from: [ask, vault]}}\n", ["inputs", "a", "from", 1]),
    "two places in one": (HEAD + "inputs: {a: {type: secret, from: [{env: A, file: b}]}}\n", ["inputs", "a", "from", 0]),
    "a command as text": (HEAD + "inputs: {a: {type: secret, from: [{command: pass x}]}}\n", ["inputs", "a", "from", 0, "command"]),
    "a variable to look into with a $": (HEAD + "inputs: {a: {type: secret, from: [{env: $A}]}}\n", ["inputs", "a", "from", 0, "env"]),
    "tools as a list": (HEAD + "requires: {tools: [kops]}\n", ["requires", "tools"]),
    "a tool that is required beside the tools": (HEAD + "requires: {kops: \"1\"}\n", ["requires", "kops"]),
    "a tool by its path": (HEAD + "requires: {tools: {/bin/kops: \"1\"}}\n", ["requires", "tools", "/bin/kops"]),
    "a tested version that is a list": (HEAD + "tested_with: {kops: [1]}\n", ["tested_with", "kops"]),
    "a constraint without its reason": (HEAD + "constraints: [{that: \"true\"}]\n", ["constraints", 0]),
    "constraints as a map": (HEAD + "constraints: {that: \"true\", because: x}\n", ["constraints"]),
    "text as the default of a number": (HEAD + "inputs: {a: {type: int, default: many}}\n", ["inputs", "a", "default"]),
    "yes as the default of a bool": (HEAD + "inputs: {a: {type: bool, default: yes}}\n", ["inputs", "a", "default"]),
    "a least duration without unit": (HEAD + "inputs: {a: {type: duration, min: 5}}\n", ["inputs", "a", "min"]),
    "defaults of no type": (HEAD + "defaults: {bash: {timeout: 1m}}\n", ["defaults", "bash"]),
    "defaults of a key that has none": (HEAD + "defaults: {shell: {title: x}}\n", ["defaults", "shell", "title"]),
    "an output of the run in ${{ }}": (HEAD + "outputs: {a: \"${{ $steps.a.state }}\"}\n", ["outputs", "a"]),
    "a section without steps": ("runbook: x\nsteps: [{section: A}]\n", ["steps", 0]),
    "a section with a type": ("runbook: x\nsteps: [{section: A, shell: ls, steps: [{id: a, shell: ls}]}]\n", ["steps", 0, "shell"]),
    "an unknown key of a step in a section": ("runbook: x\nsteps: [{section: A, steps: [{id: a, shell: ls, name: y}]}]\n",
                                              ["steps", 0, "steps", 0, "name"]),
    "a step without id": ("runbook: x\nsteps: [{shell: ls}]\n", S),
    "an id with a hyphen": ("runbook: x\nsteps: [{id: a-b, shell: ls}]\n", S + ["id"]),
    "a step without type": ("runbook: x\nsteps: [{id: a, title: A}]\n", S),
    "a step of two types": (step("shell: ls, exec: [ls]"), S),
    "a type with a slip": (step("shel: ls"), S + ["shel"]),
    "an empty script": (step("shell: ''"), S + ["shell"]),
    "no script": (step("shell: "), S + ["shell"]),
    "an expression in a script": (step("shell: 'ls ${{ $run.dir }}'"), S + ["shell"]),
    "an expression in a script in full": (step("shell: {script: 'ls ${{ $run.dir }}'}"), S + ["shell", "script"]),
    "a script that is a list": (step("shell: [ls]"), S + ["shell"]),
    "an unknown parameter": (step("shell: {script: ls, using: sh}"), S + ["shell", "using"]),
    "a parameter of another choice": (step("shell: {script: ls, with: zsh}"), S + ["shell", "with"]),
    "a parameter missing": (step("exec: {stdin: x}"), S + ["exec"]),
    "arguments as text": (step("exec: ls -l"), S + ["exec"]),
    "no arguments": (step("exec: []"), S + ["exec"]),
    "standard input from two places": (step("exec: {argv: [cat], stdin: {json: 1, file: x}}"), S + ["exec", "stdin"]),
    "standard input from nowhere": (step("exec: {argv: [cat], stdin: {text: x}}"), S + ["exec", "stdin", "text"]),
    "an unknown effect": (act("effect: twice"), S + ["effect"]),
    "a condition in ${{ }}": (act("when: '${{ true }}'"), S + ["when"]),
    "a condition that is empty": (act("when: ''"), S + ["when"]),
    "a duration without unit": (act("timeout: 10"), S + ["timeout"]),
    "a duration in words": (act("timeout: 10 minutes"), S + ["timeout"]),
    "a duration whose units rise": (act("timeout: 1m2h"), S + ["timeout"]),
    "a fraction that is not last": (act("timeout: 1.5h2m"), S + ["timeout"]),
    "a duration of nothing": (act("timeout: 0s"), S + ["timeout"]),
    "an unknown end of a timeout": (act("timeout: 1m, on_timeout: end"), S + ["on_timeout"]),
    "a hint without what it says": (act("hints: [{match: x}]"), S + ["hints", 0]),
    "hints as text": (act("hints: x"), S + ["hints"]),
    "a retry without attempts": (act("retry: {delay: 1s}"), S + ["retry"]),
    "no attempt at all": (act("retry: {attempts: 0}"), S + ["retry", "attempts"]),
    "attempts in words": (act("retry: {attempts: three}"), S + ["retry", "attempts"]),
    "a delay that shrinks": (act("retry: {attempts: 3, backoff: 0.5}"), S + ["retry", "backoff"]),
    "an unknown unit of size": (act("output: {head: 64kB}"), S + ["output", "head"]),
    "an unknown size": (act("output: {middle: 64KB}"), S + ["output", "middle"]),
    "an output named state": (act("outputs: {state: stdout}"), S + ["outputs", "state"]),
    "an output of a list": (act("outputs: {a: [stdout]}"), S + ["outputs", "a"]),
    "an output of two rules": (act("outputs: {a: {value: stdout, regex: x}}"), S + ["outputs", "a", "regex"]),
    "an unknown type of an output": (act("outputs: {a: {value: stdout, type: integer}}"), S + ["outputs", "a", "type"]),
    "a look that is text": (act("done_when: test -e x"), S + ["done_when"]),
    "a look without type": (act("done_when: {that: json}"), S + ["done_when"]),
    "a look of two types": (act("verify: {shell: ls, exec: [ls]}"), S + ["verify"]),
    "a look that needs its script": (act("verify: {shell: {with: sh}}"), S + ["verify", "shell"]),
    "a look of an engine's type": (act("verify: {assert: {that: json}}"), S + ["verify", "assert"]),
    "a look that waits for nothing": (act("done_when: {shell: ls, every: 0s}"), S + ["done_when", "every"]),
    "an exit code beyond 255": (act("done_when: {shell: ls, no: [1, 256]}"), S + ["done_when", "no", 1]),
    "no exit code for yes": (act("done_when: {shell: ls, yes: []}"), S + ["done_when", "yes"]),
    "yes for true": (act("done_when: {shell: ls, decides: yes}"), S + ["done_when", "decides"]),
    "decides where nothing is decided": (act("verify: {shell: ls, decides: true}"), S + ["verify", "decides"]),
    "env in a look": (act("before: {shell: ls, env: {A: x}}"), S + ["before", "env"]),
    "a manual step with a timeout": (step("manual: Look, timeout: 1m"), S + ["timeout"]),
    "a manual step with an effect": (step("manual: Look, effect: once"), S + ["effect"]),
    "a manual step without instructions": (step("manual: {checklist: [x]}"), S + ["manual"]),
    "an empty checklist": (step("manual: {instructions: x, checklist: []}"), S + ["manual", "checklist"]),
    "a collected secret": (step("manual: {instructions: x, collect: {a: {type: secret}}}"), S + ["manual", "collect", "a"]),
    "a collected value from elsewhere": (step("manual: {instructions: x, collect: {a: {from: [ask]}}}"), S + ["manual", "collect", "a", "from"]),
    "a list without a name for its items": ("runbook: x\nsteps: [{section: A, for_each: [1], steps: [{id: a, shell: ls}]}]\n", S),
    "a name for items without a list": ("runbook: x\nsteps: [{section: A, as: a, steps: [{id: a, shell: ls}]}]\n", S),
    "a batch of none": ("runbook: x\nsteps: [{section: A, for_each: [1], as: n, batch: 0, steps: [{id: a, shell: ls}]}]\n", S + ["batch"]),
    "a batch of more than all": ("runbook: x\nsteps: [{section: A, for_each: [1], as: n, batch: 200%, steps: [{id: a, shell: ls}]}]\n", S + ["batch"]),
    "no batches": ("runbook: x\nsteps: [{section: A, for_each: [1], as: n, batch: [], steps: [{id: a, shell: ls}]}]\n", S + ["batch"]),
    "steps and branches": ("runbook: x\nsteps: [{section: A, steps: [{id: a, shell: ls}], parallel: [{id: b, shell: ls}]}]\n", S),
    "a watch of nothing": ("runbook: x\nsteps: [{section: A, watch: {id: w}, steps: [{id: a, shell: ls}]}]\n", S + ["watch"]),
    "a watch with outputs": ("runbook: x\nsteps: [{section: A, watch: [{id: w, shell: ls, outputs: {a: b}}], steps: [{id: a, shell: ls}]}]\n",
                             S + ["watch", 0, "outputs"]),
    "an undo of an undo": (act("undo: {shell: ls, undo: {shell: ls}}"), S + ["undo", "undo"]),
    "an undo of nothing": (act("undo: {}"), S + ["undo"]),
    "an undo that looks": (act("undo: {wait_until: {shell: ls, timeout: 1m}}"), S + ["undo", "wait_until"]),
    "an undo of what only reads": (act("effect: read, undo: {shell: ls}"), S + ["undo"]),
    "an undo of a wait": (step("wait_until: {shell: ls, timeout: 1m}, undo: {shell: ls}"), S + ["undo"]),
    "an unknown end of a failure": (act("on_failure: ignore"), S + ["on_failure"]),
    "an effect beside an include": (step("include: x.yaml, effect: read"), S + ["effect"]),
    "an include of no file": (step("include: {with: {a: b}}"), S + ["include"]),
    "an unknown target type": (HEAD + "targets: {a: {gti: .}}\n", ["targets", "a", "gti"]),
    "a target of nothing": (HEAD + "targets: {a: {}}\n", ["targets", "a"]),
    "an unknown parameter of a target": (HEAD + "targets: {a: {git: {folder: .}}}\n", ["targets", "a", "git", "folder"]),
    "a lock that is a list": (HEAD + "lock: [x]\n", ["lock"]),
    "a wait without end": (step("wait_until: {shell: ls}"), S + ["wait_until"]),
    "a wait for nothing": (step("wait_until: {timeout: 1m}"), S + ["wait_until"]),
    "a timeout beside a wait": (step("wait_until: {shell: ls, timeout: 1m}, timeout: 1m"), S + ["timeout"]),
    "an effect beside an assertion": (step("assert: {shell: ls}, effect: read"), S + ["effect"]),
    "an assertion of nothing": (step("assert: {because: x}"), S + ["assert"]),
    "outputs of no look": (step("assert: {that: $run.id, outputs: {a: stdout}}"), S + ["assert", "outputs"]),
}


def test_there_are_fifty():
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_form_is_marked_where_it_is_and_check_refuses_it_too(world, name):
    text, place = BROKEN[name]
    found = marks(text)
    assert place in found, found
    assert all(is_on_the_way(mark, place) for mark in found), found
    checked = world("check", world.write(text))
    assert checked.code == 2 and "error:" in checked.out, checked


# Keys that stand there and are right: as long as nothing else is wrong, nothing is marked.


def keys_of(node, at=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield at, key
            yield from keys_of(value, at + (key,))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from keys_of(value, at + (number,))


FREE = ("json", "example", "sizes", "tools", "tested_with", "all")  # where keys are the author's, and anything goes


def renamed(tree, at, key, to):
    tree = copy.deepcopy(tree)
    place = tree
    for part in at:
        place = place[part]
    items = [(to if name == key else name, value) for name, value in place.items()]
    place.clear()
    place.update(items)
    return tree


def test_no_key_anywhere_can_be_misspelled_unnoticed():
    tree = yaml.load(GOOD, Core)
    tried = 0
    for at, key in keys_of(tree):
        if any(part in FREE for part in at):
            continue
        wrong = f"{key}-wrong"
        places = [place for error in VALIDATOR.iter_errors(renamed(tree, at, key, wrong)) for place in places_of(error)]
        assert [*at, wrong] in places, (at, key)
        tried += 1
    assert tried > 100
