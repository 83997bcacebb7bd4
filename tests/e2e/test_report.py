"""The audit report, read as an auditor would: a clean run, a messy one, one that was undone; its formats; what proves it."""

import datetime
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from test_verify import forge
from world import BINARY, ROOT, kill, until, world  # noqa: F401

SCHEMA = ROOT / "tests" / "report" / "junit.xsd"
FORMATS = {"md": "report.md", "html": "report.html", "json": "report.json", "junit": "report.xml"}

CLEAN = """
runbook: clean
title: Roll out the service
version: "3.1"
source: docs/rollout.md
summary: One service, looked at before and after.
inputs: {place: {default: eu-1}}
not_encoded: [{what: Buying the machine, because: It is bought once a year.}]
steps:
  - section: Prepare
    source: Chapter 1
    steps:
      - {id: look, title: Look first, assert: {that: "$inputs.place == 'eu-1'"}, source: Before you begin}
      - {id: copy, title: Copy it, shell: 'echo "to $place" && echo copied >> $W/effects', outputs: {at: {regex: "to (.*)"}}, source: Copying}
  - {id: wait, title: Wait for it, wait_until: {exec: [test, -e, "${{ $run.dir }}/effects"], timeout: 20s}, source: Copying}
"""

MESSY = r"""
runbook: messy
title: A night shift
source: docs/night.md
steps:
  - id: flaky
    title: Fails once
    effect: idempotent
    retry: {attempts: 3, delay: 1ms}
    shell: 'test -e $W/second || { touch $W/second; echo "not yet" >&2; exit 3; }'
  - {id: hand, title: Look at the lamp, manual: {instructions: "Is the lamp *green*?", checklist: [Walk there, Look], collect: {colour: {}}, evidence: required}}
  - {id: crash, title: Copies the data, shell: 'echo began >> $W/effects; until test -e $W/gate; do sleep 0.01; done'}
  - {id: dear, title: Warm the cache, shell: 'exit 9'}
  - id: hostile
    title: '<script>document.title="owned"</script> | a "title"'
    shell: 'printf "<script>alert(1)</script>\033[31mred\033[0m \342\200\256turned \001\377 | \`\`\`\n# no heading\n"'
  - {id: last, title: The last one, shell: 'echo done'}
"""

UNDONE = """
runbook: taken_back
title: Make and take back
steps:
  - {id: one, title: Make one, shell: 'echo one >> $W/effects', undo: {shell: 'echo gone >> $W/effects'}}
  - {id: two, title: Say two, shell: 'echo two'}
  - {id: odd, title: Not today, when: "`false`", shell: 'echo odd'}
"""

AROUND = """
runbook: around
inputs: {none: {type: list, default: []}}
steps:
  - section: Never
    when: "`false`"
    steps:
      - {id: a, title: A, shell: 'true'}
      - section: Deeper
        steps:
          - {id: b, title: B, shell: 'true'}
  - section: Loop
    for_each: $inputs.none
    as: x
    empty: ok
    steps: [{id: c, title: C, shell: 'true'}]
  - section: Saved
    steps: [{id: d, title: D, shell: 'true'}]
    rescue: [{id: e, title: E, shell: 'true'}]
    watch:
      - {id: w, every: 1s, exec: ["true"], on_trip: [{id: t, title: T, shell: 'true'}]}
  - section: Items
    for_each: [p, q]
    as: x
    steps:
      - section: Odd
        when: $x == 'p'
        steps: [{id: f, title: F, shell: 'true'}]
finally: [{id: g, title: G, shell: 'true'}]
"""


def report(world, *words, **env):
    made = world("report", "last", *words, **env)
    assert made.code == 0, made
    return made.out


def as_json(world, *words, **env):
    return json.loads(report(world, "--format", "json", *words, **env))


def step(told, instance):
    return next(each for each in told["steps"] if each["instance"] == instance)


@pytest.fixture(autouse=True)
def in_utc(world):
    """What is told in local time is the same wherever this runs."""
    world.env["TZ"] = "UTC"


@pytest.fixture
def clean(world):
    world.write(CLEAN)
    assert world.run().code == 0
    return world


@pytest.fixture
def messy(world):
    """A retry, a manual step by ada, an engine killed in the middle of a step, a doubt that bob decides, a step left out, hostile output."""
    world.write(MESSY)
    assert world.run().code == 3
    assert world("confirm", "last", "hand", "--set", "colour=green", "--note", "seen at the door").code == 0
    engine = world.start("--resume")
    until(lambda: world.lines(), "the step to have begun")
    supervisor = world.supervisor()
    kill(engine.pid, supervisor, *world.step_processes())
    assert world.resume().code == 4
    assert world("resolve", "last", "crash", "done", "--because", "the file is there").code == 0
    assert world.resume().code == 1
    assert world("skip", "last", "dear", "--because", "the cache warms by itself").code == 0
    assert world.resume().code == 0
    return world


@pytest.fixture
def undone(world):
    world.write(UNDONE)
    assert world.run().code == 0
    assert world("undo", "last", "--because", "it was the wrong night", "--non-interactive").code == 0
    return world


# What an auditor asks, and finds without asking anyone

def test_a_clean_run_answers_for_itself(clean):
    told = as_json(clean)
    run = told["run"]
    assert (run["title"], run["version"], run["state"], run["document"]) == ("Roll out the service", "3.1", "succeeded", "docs/rollout.md")
    assert run["operator"] and run["host"] and run["began_at"] <= run["ended_at"]
    assert run["inputs"] == {"place": "eu-1"}
    assert told["deviations"] == told["doubts"] == told["pauses"] == told["left_out"] == told["undone"] == []
    assert [each["instance"] for each in told["steps"]] == ["look", "copy", "wait"]
    copy = step(told, "copy")
    assert copy["command"] == 'echo "to $place" && echo copied >> $W/effects'
    assert copy["outputs"] == {"at": "eu-1"}
    attempt, = copy["attempts"]
    assert (attempt["result"], attempt["exit_code"], attempt["output"]["head"]) == ("succeeded", 0, "to eu-1\n")
    assert attempt["duration_ms"] >= 0
    assert step(told, "wait")["command"] == f"test -e {clean.folder}/effects"      # with its value, though only its look ran
    assert {part["source"]: (part["steps"], part["done"]) for part in told["coverage"]["parts"]} == {"Before you begin": (1, 1), "Copying": (2, 2)}
    assert told["coverage"]["not_encoded"] == [{"what": "Buying the machine", "because": "It is bought once a year."}]
    assert "No deviation from the plan was recorded." in told["summary"]
    assert "Of 3 steps 3 were done." in told["summary"]


def test_a_messy_run_tells_all_that_happened(messy):
    told = as_json(messy)
    flaky = step(told, "flaky")
    assert [each["result"] for each in flaky["attempts"]] == ["failed", "succeeded"]
    assert "exited with 3" in flaky["attempts"][0]["why"] and flaky["attempts"][0]["output"]["head"] == "not yet\n"
    question, = step(told, "hand")["questions"]
    assert question["form"]["instructions"] == "Is the lamp *green*?"
    assert question["choice"] == "confirm" and question["evidence"] == [{"note": "seen at the door"}]
    assert step(told, "hand")["outputs"] == {"colour": "green"}
    doubt, = told["doubts"]
    assert (doubt["step"], doubt["choice"], doubt["because"]) == ("crash", "done", "the file is there")
    assert doubt["who"] and doubt["settled_at"] >= doubt["at"] and doubt["how"].startswith("succeeded")
    crashed_attempt, = step(told, "crash")["attempts"]
    assert crashed_attempt["was_in_doubt"] and crashed_attempt["duration_ms"] is None
    assert {each["what"]: (each["step"], each["because"]) for each in told["deviations"]} == {
        "in doubt, decided: done": ("crash", "the file is there"), "skipped": ("dear", "the cache warms by itself")}
    assert told["left_out"] == [{"step": "dear", "why": step(told, "dear")["why"], "because": "the cache warms by itself"}]
    assert [each["state"] for each in told["pauses"]] == ["waiting", "crashed", "in_doubt", "failed"]
    assert all(each["resumed_by"] for each in told["pauses"])
    crashed = told["pauses"][1]
    last_word = next(each for each in told["timeline"] if each["event"] == crashed["event"])
    assert (last_word["step"], last_word["kind"]) == ("crash", "attempt")
    assert {each["kind"] for each in told["timeline"]} >= {"run", "attempt", "question", "answer", "pause", "deviation"}
    assert any("once the engine ended without a word" in each for each in told["summary"])


def test_what_an_attempt_ran_is_what_stood_in_the_runbook_then(world):
    world.write("""
runbook: changed
steps:
  - {id: old, title: Drops it, shell: 'echo "DROP TABLE old"; exit 5'}
""")
    assert world.run().code == 1
    world.write("""
runbook: changed
steps:
  - {id: new, was: old, title: Harmless, shell: 'echo harmless'}
""")
    assert world.resume("--adopt", "--because", "it was too much").code == 0
    first, second = step(as_json(world), "new")["attempts"]
    assert first["command"] == 'echo "DROP TABLE old"; exit 5' and first["output"]["head"] == "DROP TABLE old\n"
    assert second["command"] == "echo harmless"
    for word in FORMATS:
        assert "DROP TABLE" in report(world, "--format", word)


def test_a_crash_is_told_also_when_a_command_came_before_the_resume(world):
    world.write(MESSY.replace("manual: {instructions", "shell: 'true'}\n  #"))
    engine = world.start()
    until(lambda: world.lines(), "the step to have begun")
    kill(engine.pid, world.supervisor(), *world.step_processes())
    assert world("skip", "last", "last", "--because", "not today").code == 0
    world.open_gate()
    assert world.resume().code == 4
    assert [each["state"] for each in as_json(world)["pauses"]] == ["crashed", "in_doubt"]


def test_bytes_that_are_nowhere_are_counted(world):
    world.write("""
runbook: long
steps:
  - {id: much, title: Much, shell: 'head -c 2000000 /dev/zero | tr "\\\\0" x'}
""")
    assert world.run().code == 0
    output = step(as_json(world), "much")["attempts"][0]["output"]
    assert output["total"] == 2_000_000
    assert output["left_out"] == 2_000_000 - len(output["head"]) - len(output["tail"]) > 1_900_000


def test_what_was_scrubbed_is_shown_whole_and_marked(world):
    world.write("""
runbook: leaky
steps:
  - {id: leak, title: Leak, shell: 'echo "token abcdefgh end"'}
""")
    assert world.run().code == 0
    (world.folder / "value").write_text("abcdefgh")
    assert world("scrub", "last", "--value-from", "value", "--because", "it leaked").code == 0
    output = step(as_json(world), "leak")["attempts"][0]["output"]
    assert (output["head"], output["left_out"], output["scrubbed"]) == ("token [scrubbed] end\n", 0, True)


def test_a_secret_in_the_command_line_of_a_process_left_behind_is_masked(world):
    world.write("""
runbook: stray
inputs: {pw: {type: secret}}
steps:
  - id: tunnel
    title: Tunnel
    env: {P: "${{ $inputs.pw }}"}
    shell: |
      bash -c "touch up; sleep 60; :" tunnel "$P" &
      until [ -e up ]; do sleep 0.01; done     # before it is bash its command line is this script's
""")
    result = world.run(RUNBOOK_INPUT_PW="hunter2hunter2")
    assert result.code == 0 and "hunter2" not in result.out + result.err
    attempt, = step(as_json(world), "tunnel")["attempts"]
    assert any("[secret]" in process for process in attempt["strays"]), attempt
    assert "hunter2" not in report(world, "--format", "json")


def test_who_gave_a_run_up_and_why_are_told_apart(world):
    world.write(MESSY)
    assert world.run().code == 3
    assert world("cancel", "last", "--because", "wrong window").code == 0
    told = as_json(world)
    given_up = next(each for each in told["timeline"] if each["text"].startswith("the run is given up"))
    assert given_up["who"] == told["run"]["operator"] and given_up["text"].endswith("because: wrong window")


def test_a_window_in_time_shows_what_was_at_work_within(world):
    world.write("""
runbook: window
steps:
  - {id: early, title: Early, shell: 'true'}
  - {id: long, title: Long, shell: 'sleep 3.2'}
""")
    assert world.run().code == 0
    told = as_json(world)
    at = datetime.datetime.fromisoformat(step(told, "long")["started_at"].replace("Z", "+00:00")) + datetime.timedelta(seconds=2)
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [each["instance"] for each in as_json(world, "--from", moment, "--to", moment)["steps"]] == ["long"]


def test_an_undone_run_tells_what_was_taken_back(undone):
    told = as_json(undone)
    assert told["run"]["state"] == "undone"
    assert told["undone"] == ["one"]
    assert [(each["to"], each["because"]) for each in told["undos"]] == [(None, "it was the wrong night")]
    undo = step(told, "one:undo")
    assert undo["state"] == "succeeded" and undo["command"] == "echo gone >> $W/effects"
    assert any("it was the wrong night" in each["text"] for each in told["timeline"])
    assert [each["step"] for each in told["left_out"]] == ["odd"]


def test_a_run_that_goes_on_is_told_so_far(world):
    world.write(MESSY)
    assert world.run().code == 3
    told = as_json(world)
    assert told["run"]["state"] == "waiting" and told["run"]["ended_at"] is None
    assert told["pauses"][-1]["to"] is None
    assert step(told, "last")["state"] == "pending" and step(told, "last")["command"] == "echo done"
    assert "4 were not done" in " ".join(told["summary"]) or "5 were not done" in " ".join(told["summary"])


def test_a_step_of_which_nothing_is_recorded_says_why_it_was_not_needed(world):
    world.write(AROUND)
    assert world.run().code == 0
    assert {each["step"]: each["why"] for each in as_json(world)["left_out"]} == {
        "a": "`when` of section `Never` is false",
        "b": "`when` of section `Never` is false",
        "c": "its loop had no items",
        "e": "nothing failed that it would have rescued",
        "t": "its watch did not trip",
        "f[q]": "`when` of section `Odd` is false"}
    assert "Of 9 steps 3 were done, 6 were left out." in as_json(world)["summary"]


def test_a_secret_is_in_no_format(world):
    world.write("""
runbook: secretive
inputs: {token: {type: secret}}
steps:
  - {id: say, title: Say it, shell: 'echo "it is $T"', env: {T: "${{ $inputs.token }}"}}
""")
    assert world.run(RUNBOOK_INPUT_TOKEN="hunter2hunter2").code == 0
    for word in FORMATS:
        text = report(world, "--format", word)
        assert "hunter2hunter2" not in text and "[secret]" in text, word


# Its formats

@pytest.mark.parametrize("story", ["clean", "messy", "undone"])
def test_json_keeps_to_its_schema(story, request):
    world = request.getfixturevalue(story)
    schema = json.loads(world("schema", "--report").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    problems = [f"{each.json_path}: {each.message}" for each in jsonschema.Draft202012Validator(schema).iter_errors(as_json(world))]
    assert not problems


@pytest.mark.parametrize("story", ["clean", "messy", "undone"])
def test_junit_keeps_to_its_schema_and_counts_right(story, request):
    world = request.getfixturevalue(story)
    assert world("report", "last", "--out", "report.xml").code == 0
    checked = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, world.folder / "report.xml"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    root = ElementTree.parse(world.folder / "report.xml").getroot()
    cases = root.findall(".//testcase")
    assert len(cases) == int(root.get("tests")) == len(as_json(world)["steps"])
    assert len(root.findall(".//failure")) == int(root.get("failures"))
    for suite in root.findall("testsuite"):
        assert len(suite.findall("testcase")) == int(suite.get("tests"))
        assert len(suite.findall(".//skipped")) == int(suite.get("skipped"))


def test_junit_calls_a_failure_a_failure(world):
    world.write("""
runbook: fails
steps:
  - {id: fine, title: Fine, shell: 'true'}
  - {id: dear, title: Warm the cache, shell: 'echo broken; exit 9'}
  - {id: later, title: Later, shell: 'true'}
""")
    assert world.run().code == 1
    root = ElementTree.fromstring(report(world, "--format", "junit"))
    failing, = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failing.get("name") == "dear: Warm the cache"
    assert "exited with 9" in failing.find("failure").get("message")
    assert failing.find("failure").text == "echo broken; exit 9"
    assert failing.find("system-out").text == "broken\n"


def test_hostile_output_stays_text(messy):
    markdown = report(messy)
    assert "\x1b" not in markdown and "‮" not in markdown and "\x01" not in markdown
    assert "^[[31mred" in markdown
    fence = re.search(r"(`{4,})text\n<script>alert", markdown)
    assert fence, "output that holds ``` needs a longer fence"
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", markdown)
    assert not re.search(r"(?m)^# no heading", outside)
    assert "<script>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside).replace("\\<script\\>", "")
    ElementTree.fromstring(report(messy, "--format", "junit"))
    html = report(messy, "--format", "html")
    assert "<script>alert" not in html and "\x1b" not in html and "‮" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_times_are_utc_and_local(clean):
    assert re.search(r"\d{4}-\d\d-\d\dT[\d:]+Z \(\d{4}-\d\d-\d\d [\d:]+ \+05:45\)", report(clean, TZ="Asia/Kathmandu"))
    assert "+00:00" not in report(clean, TZ="UTC")


# A part of it

def test_a_part_says_that_it_is_one(messy):
    told = as_json(messy, "--steps", "flaky,hand", "--no-output")
    assert [each["instance"] for each in told["steps"]] == ["flaky", "hand"] and told["steps_left_out"] == 4
    assert all(attempt["output"]["head"] is None for each in told["steps"] for attempt in each["attempts"])
    assert {each["step"] for each in told["timeline"]} == {"flaky", "hand"}
    assert "**This report is a part of the record:**" in report(messy, "--steps", "flaky")
    whole = as_json(messy)
    began = step(whole, "last")["attempts"][0]["began_at"]
    assert [each["instance"] for each in as_json(messy, "--from", began)["steps"]][-1] == "last"
    assert as_json(messy, "--to", "2001-01-01")["steps"] == []


@pytest.mark.parametrize("words, said", [
    (["--steps", "flakey"], "did you mean `flaky`"),
    (["--format", "pdf"], "one of: md, html, json, junit"),
    (["--from", "yesterday"], "`yesterday` is no time"),
    (["--from", "2026-01-02", "--to", "2026-01-01"], "nothing lies between them"),
    (["--out", "no/such/folder.md"], "there is no folder"),
    (["--out", "."], "is a folder"),
    (["--sign"], "say which: --out FILE"),
])
def test_what_is_asked_wrongly_is_told(messy, words, said):
    result = messy("report", "last", *words)
    assert result.code == 2 and said in result.err, result


# Its proof

@pytest.mark.parametrize("word", FORMATS)
def test_a_report_is_checked_against_its_journal(messy, word):
    name = FORMATS[word]
    assert messy("report", "last", "--out", name).code == 0
    assert oct((messy.folder / name).stat().st_mode & 0o777) == "0o600"
    checked = messy("verify", "--report", name)
    assert checked.code == 0 and "byte for byte what the record gives" in checked.out, checked
    path = messy.folder / name
    text = path.read_text()
    path.write_text(text.replace("seen at the door", "seen at the d00r") if word != "junit" else text.replace("Warm the cache", "Warm the cash"))
    checked = messy("verify", "--report", name)
    assert checked.code == 6 and "was changed after it was made: line" in checked.out, checked


def test_a_report_of_another_zone_and_of_a_part_is_checked_too(messy):
    assert messy("report", "last", "--out", "r.md", "--steps", "flaky", "--no-output", TZ="America/Lima").code == 0
    checked = messy("verify", "--report", "r.md", TZ="Asia/Tokyo")
    assert checked.code == 0 and "byte for byte" in checked.out, checked


def test_a_report_that_claims_another_engine_is_not_taken_for_checked(messy):
    assert messy("report", "last", "--out", "r.md").code == 0
    path = messy.folder / "r.md"
    path.write_text(path.read_text().replace('"made_by":"', '"made_by":"9').replace("night shift", "day shift"))
    checked = messy("verify", "--report", "r.md", "--json")
    assert checked.code == 6 and json.loads(checked.out)["verdict"] == "not checked", checked


@pytest.mark.parametrize("zone", ["CET-1CEST,M3.5.0,M10.5.0/3", "<+0545>-5:45"])
def test_a_report_in_any_zone_that_the_system_takes_is_checked(clean, zone):
    assert clean("report", "last", "--out", "r.md", TZ=zone).code == 0
    checked = clean("verify", "--report", "r.md")
    assert checked.code == 0 and "byte for byte" in checked.out, checked


def test_a_report_never_takes_the_place_of_the_record(clean):
    (clean.folder / "link.html").symlink_to(clean.folder / "target.html")
    (clean.folder / "target.html").write_text("old")
    assert clean("report", "last", "--out", "link.html").code == 0
    assert (clean.folder / "link.html").is_symlink() and (clean.folder / "target.html").read_text() != "old"
    (clean.folder / "to_journal").symlink_to(clean.journal)
    for place in (clean.journal, f"{clean.journal}-wal", f"{clean.journal}.d/x", "to_journal"):
        refused = clean("report", "last", "--out", place)
        assert refused.code == 2 and "is the journal's own" in refused.err, refused
    refused = clean("report", "last", "--out", "/dev/null")
    assert refused.code == 2 and "is no file" in refused.err, refused
    assert clean("verify", "last").code == 0


def test_a_report_that_can_not_be_written_to_its_end_is_a_failure(clean):
    for word in FORMATS:
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "report", "last", "--format", word], env=clean.env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and "could not be written to its end" in done.stderr, (word, done)


def test_a_report_of_a_run_that_went_on_still_holds(world):
    world.write(MESSY.replace("until test -e $W/gate; do sleep 0.01; done", "true").replace("exit 9", "true"))
    assert world.run().code == 3
    assert world("report", "last", "--out", "early.html").code == 0
    assert world("confirm", "last", "hand", "--set", "colour=green", "--note", "n").code == 0
    assert world.resume().code == 0
    checked = world("verify", "--report", "early.html")
    assert checked.code == 0 and "byte for byte" in checked.out, checked


def test_a_journal_that_was_changed_does_not_fit_its_report(messy):
    assert messy("report", "last", "--out", "r.json").code == 0
    forge(messy.journal, "UPDATE blobs SET bytes = 'not yett' WHERE bytes = CAST('not yet' || char(10) AS BLOB)")
    refused = messy("report", "last")
    assert refused.code == 6 and "was changed after it was written" in refused.err, refused
    checked = messy("verify", "--report", "r.json")
    assert checked.code == 6 and "BROKEN: run" in checked.out, checked
    assert messy("verify", "last").code == 6


def test_a_changed_event_is_found_by_the_report_itself(messy):
    forge(messy.journal, "UPDATE events SET text = replace(text, 'warms by itself', 'warms by magic.')")
    refused = messy("report", "last", "--format", "json")
    assert refused.code == 6 and "does not fit its hash" in refused.err and not refused.out, refused


def keys(folder):
    for name in ("ada", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
    public = (folder / "ada.pub").read_text()
    (folder / "signers").write_text(f"ada@example.org {public}")


def test_a_signature_vouches_for_a_report(messy):
    keys(messy.folder)
    signed = messy("report", "last", "--out", "r.html", "--sign-with", "ada")
    assert signed.code == 0, signed
    checked = messy("verify", "--report", "r.html", "--allowed-signers", "signers")
    assert checked.code == 0 and "by ada@example.org" in checked.out and "nobody's signature" not in checked.out, checked
    by_hand = subprocess.run(["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "ada@example.org", "-n", "runbook-report", "-s", "r.html.sig"],
                             stdin=open(messy.folder / "r.html"), cwd=messy.folder, capture_output=True, check=False)
    assert by_hand.returncode == 0, by_hand

    # Where there is no journal the signature alone speaks.
    elsewhere = messy("verify", "--report", "r.html", "--allowed-signers", "signers", "--journal", "none.db")
    assert elsewhere.code == 0 and "not looked at: there is no journal" in elsewhere.out, elsewhere

    # Who asks for a signature is not content without one.
    for words in (["--signature", "none.sig"], ["--allowed-signers", "signers", "--signature", "none.sig"]):
        without = messy("verify", "--report", "r.html", *words)
        assert without.code == 6 and "BROKEN: there is none" in without.out, without

    # A journal that is there and lacks the run is another one, whatever the signature says.
    (messy.folder / "other.yaml").write_text("runbook: other\nsteps: [{id: a, title: A, shell: 'true'}]\n")
    assert messy("run", "other.yaml", "--journal", "other.db").code == 0
    other = messy("verify", "--report", "r.html", "--allowed-signers", "signers", "--journal", "other.db")
    assert other.code == 6 and "BROKEN: there is no run" in other.out, other

    path = messy.folder / "r.html"
    path.write_text(path.read_text().replace("night shift", "day shift"))
    changed = messy("verify", "--report", "r.html", "--allowed-signers", "signers")
    assert changed.code == 6 and "the signature is not of this report" in changed.out, changed


def test_a_signature_of_somebody_else_counts_for_nothing(messy):
    keys(messy.folder)
    assert messy("report", "last", "--out", "r.md", "--sign-with", "eve").code == 0
    checked = messy("verify", "--report", "r.md", "--allowed-signers", "signers")
    assert checked.code == 6 and "the key is none of signers" in checked.out, checked
    nobody = messy("verify", "--report", "r.md", XDG_CONFIG_HOME=str(messy.folder))
    assert nobody.code == 6 and "nobody says whose keys count" in nobody.out, nobody


def test_an_older_copy_of_the_journal_is_found_by_a_signed_report(messy):
    """Whole by itself, and without the folder that keeps the last commit: only what was noted elsewhere tells."""
    keys(messy.folder)
    assert messy("export", "last", "--out", "older.db").code == 0
    forge(messy.folder / "older.db", "DELETE FROM events WHERE id = (SELECT max(id) FROM events)", "DELETE FROM register WHERE kind <> 'run_began'",
          "UPDATE runs SET ended_at_ms = 0, state = 'running', seq = seq - 1, hash = (SELECT lower(hex(hash)) FROM events ORDER BY id DESC LIMIT 1)")
    assert messy("verify", "last", "--journal", "older.db").code == 0
    assert messy("report", "last", "--out", "r.json", "--sign-with", "ada").code == 0
    checked = messy("verify", "--report", "r.json", "--allowed-signers", "signers", "--journal", "older.db")
    assert checked.code == 6 and "no event has the head that was kept" in checked.out, checked


def test_an_archive_gives_the_same_report(messy):
    assert messy("export", "last", "--out", "archive.db").code == 0
    assert report(messy, "--format", "json") == messy("report", "last", "--format", "json", "--journal", "archive.db").out


def test_a_scrubbed_record_is_told_apart_from_a_forged_report(messy):
    assert messy("report", "last", "--out", "r.json").code == 0
    (messy.folder / "leaked").write_text("not yet")
    scrubbed = messy("scrub", "last", "--value-from", "leaked", "--because", "it is nobody's business")
    assert scrubbed.code == 0, scrubbed
    checked = messy("verify", "--report", "r.json")
    assert checked.code == 6 and "something was scrubbed from the record since" in checked.out, checked
    told = as_json(messy)
    assert "not yet" not in json.dumps(told)
    assert any(each["what"].startswith("scrubbed") for each in told["deviations"])


@pytest.mark.parametrize("text", ["", "nothing", "{}", '{"proof": {"run": "x"}}', "<?xml version='1.0'?><a/>",
                                  '<script type="application/json" id="runbook-proof">{</script>'])
def test_what_is_no_report_is_refused(clean, text):
    (clean.folder / "r").write_text(text)
    checked = clean("verify", "--report", "r")
    assert checked.code == 2 and "is no report of a run" in checked.err, checked


def test_a_report_that_names_a_path_for_its_zone_is_refused(clean):
    assert clean("report", "last", "--out", "r.json").code == 0
    path = clean.folder / "r.json"
    path.write_text(path.read_text().replace('"zone": "UTC"', '"zone": "/etc/passwd"'))
    checked = clean("verify", "--report", "r.json")
    assert checked.code == 6 and "the time zone that it names is none" in checked.out, checked


# As they look

GOLDEN = ROOT / "tests" / "golden" / "report"


def without_what_differs(text, world):
    """Times, digests, names of the machine: the rest is the same on every machine and every day."""
    told = json.loads(report(world, "--format", "json", "--no-output"))
    for name, known in (("RUN", told["run"]["run"]), ("FOLDER", str(world.folder)), ("HOST", told["run"]["host"]), ("OPERATOR", told["run"]["operator"])):
        text = re.sub(rf"(?<![\w-]){re.escape(known)}(?![\w-])", name, text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", text)
    text = re.sub(r'("definition": )"[0-9a-f]{12}"', r'\1"SHA256"', text)
    text = re.sub(r"\b(\d+\.\ds|\d+s|\d+m \d\ds|\d+h \d\dm|\d+d \d\dh)\b", "DURATION", text)
    text = re.sub(r'("\w+_ms": )\d+', r"\1MS", text)
    return re.sub(r"\bpid \d+", "pid PID", text)


@pytest.mark.parametrize("word", ["md", "json"])
@pytest.mark.parametrize("story", ["clean", "messy", "undone"])
def test_a_report_looks_as_it_did(story, word, request):
    world = request.getfixturevalue(story)
    text = without_what_differs(report(world, "--format", word), world)
    golden = GOLDEN / f"{story}.{word}"
    if os.environ.get("RUNBOOK_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.read_text() == text, f"{golden.name} is another one now; RUNBOOK_UPDATE_GOLDEN=1 writes it anew"


# Beside it

def test_a_run_whose_engine_died_is_interrupted_also_for_programs(world):
    world.write(MESSY.replace("manual: {instructions", "shell: 'true'}\n  #"))
    engine = world.start()
    until(lambda: world.lines(), "the step to have begun")
    assert json.loads(world("runs", "--json").out)[0]["state"] == "running"
    kill(engine.pid)
    assert json.loads(world("runs", "--json").out)[0]["state"] == "interrupted"
    summary = as_json(world)["summary"][0]
    assert "has neither ended nor come to rest, as far as is recorded" in summary
    world.open_gate()
    assert world.resume().code == 1      # `dear` fails


def test_steps_cover_the_part_that_their_section_names(world):
    world.write("""
runbook: parts
source: docs/parts.md
steps:
  - section: First
    source: Chapter 1
    steps:
      - {id: a, title: A, shell: 'true'}
      - {id: b, title: B, shell: 'true', source: Paragraph 1.2}
      - section: Inner
        steps: [{id: c, title: C, shell: 'true'}]
    finally: [{id: d, title: D, shell: 'true'}]
  - {id: e, title: E, shell: 'true'}
""")
    assert world.run().code == 0
    parts = {part["source"]: part["steps"] for part in as_json(world)["coverage"]["parts"]}
    assert parts == {"Chapter 1": 3, "Paragraph 1.2": 1, None: 1}


def test_an_approval_says_of_what_it_is_and_whose(world):
    world.env["XDG_CONFIG_HOME"] = str(world.folder)
    world.write("""
runbook: guarded
steps:
  - {id: drop, title: Drop it, shell: 'echo dropped', requires_approval: {by: [ada]}}
""")
    assert world.run().code == 3
    assert world("confirm", "last", "drop", SUDO_USER="ada").code == 0
    assert world.resume().code == 0
    told = as_json(world)
    question, = step(told, "drop")["questions"]
    assert question["about"] == "approval" and question["choice"] == "approve" and question["approver"].startswith("ada")
    assert re.fullmatch("[0-9a-f]{64}", question["sha256"])
    for word in ("md", "html"):
        assert question["sha256"] in report(world, "--format", word), word
    schema = json.loads(world("schema", "--report").out)
    assert not [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(told)]
