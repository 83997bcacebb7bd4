"""The report as a page, in a real Chromium: what people see at every width, on paper, with the keyboard and without a script; and that
nothing of what a step wrote is ever more than text."""

import itertools
import json
import re

import pytest

from browser import browser, pages_of  # noqa: F401  (the fixture)
from world import World, kill, until

WIDTHS, SCHEMES = (360, 800, 1600), ("light", "dark")

BOOK = r"""
runbook: move_database
title: Move the jobs database
version: "7"
source: docs/move.md
summary: The jobs database leaves its old host.
not_encoded: [{what: Restoring from tape, because: it is a procedure of its own}]
not_automated: [{what: Telling the users, because: the status page has no API}]
inputs: {tables: {type: list, default: [jobs, users]}}
steps:
  - section: Before
    steps:
      - id: stop
        title: Stop the writers
        source: Chapter 1
        note: Takes a minute.
        effect: idempotent
        retry: {attempts: 2, delay: 1ms}
        shell: 'test -e $W/stopped || { touch $W/stopped; n=3; echo "writer $n did not answer" >&2; exit 75; }'
      - {id: told, title: Tell the users, manual: {instructions: Post on the **status page**., checklist: [Posted, Told support], evidence: optional}}
  - section: Move
    watch: [{id: readers, shell: 'test -e $W/stopped', every: 50ms, trips_after: 1000}]
    steps:
      - section: Both
        parallel:
          - section: Tables
            for_each: $inputs.tables
            as: table
            steps: [{id: copy, title: Copy the table, shell: 'echo "copied $table"'}]
          - {id: config, title: Write the configuration, shell: 'echo wrote 14 files', undo: {shell: 'true'}}
      - {id: switch, title: Switch over, source: Chapter 2, shell: 'echo began >> $W/effects; until test -e $W/gate; do sleep 0.01; done'}
      - {id: warm, title: Warm the caches, shell: 'test -e $W/never'}
  - id: hostile
    title: '</title></h4><script>window.canary = 1</script>"onmouseover="window.canary = 2'
    shell: 'cat $W/hostile'
  - {id: legacy, title: Convert the exports, when: "`false`", shell: 'true'}
finally:
  - {id: start, title: Start the writers, shell: 'echo started'}
"""

HOSTILE = (
    b"</pre></details></section></main><script>window.canary = 3; alert(1)</script>\n"
    b"<img src=x onerror='window.canary = 4'><svg onload=window.canary=5><iframe src='javascript:parent.canary = 6'></iframe>\n"
    b"<link rel=stylesheet href='http://127.0.0.1:9/a.css'><style>body{display:none}</style><base href='http://127.0.0.1:9/'>\n"
    b"]]> <!-- --> <!-- &lt;b&gt; &#60;b&#62;\n"
    b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00 back\x08space\n"
    + "turned \u202eround\u202c and \u2066aside\u2069\n".encode()
    + b"not UTF-8: \xff\xfe\xc3(\xed\xa0\x80\n"
    + b"long: " + b"x" * 100_000 + b" end of it\n"
)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """One run for all stories: a retry, a manual step, an engine that was killed and a doubt that bob settled, a step left out, a handoff,
    branches, a loop, a watch, hostile output. What it left is swept at the end."""
    world = World(tmp_path_factory.mktemp("messy"))
    world.env["TZ"] = "Asia/Kolkata"
    world.write(BOOK)
    (world.folder / "hostile").write_bytes(HOSTILE)
    assert world.run().code == 3
    assert world("confirm", "last", "told", "--note", "posted at ten", "--attach", "https://status.example.org/7").code == 0
    engine = world.start("--resume")
    until(lambda: world.lines(), "the step to have begun")
    kill(engine.pid, world.supervisor(), *world.step_processes())
    assert world.resume().code == 4
    assert world("resolve", "last", "switch", "done", "--because", "all services answer", SUDO_USER="bob").code == 0
    assert world.resume().code == 1
    assert world("handoff", "last", "--note", "the caches can wait", SUDO_USER="ada").code == 0
    assert world("skip", "last", "warm", "--because", "they warm by themselves").code == 0
    assert world.resume().code == 0
    yield world
    left = world.left_in_the_end()
    world.sweep()
    assert not left, left


@pytest.fixture(scope="module")
def page(messy):
    made = messy.folder / "report.html"
    assert messy("report", "last", "--format", "html", "--out", made).code == 0
    return made


def harmless(seen):
    """Nothing ran that is not ours, and nothing was asked for anywhere."""
    return seen["messages"] == [] and seen["dialogs"] == 0 and len(seen["requests"]) == 1 and seen["requests"][0].startswith("file:")


CANARY = {"eval": "window.canary === undefined && document.title.startsWith('Move the jobs database')"}
OVERFLOW = {"eval": "document.documentElement.scrollWidth - document.documentElement.clientWidth"}
UNFOLD = {"eval": "for (const it of document.querySelectorAll('details')) it.open = true"}


# Everybody can read it

def test_it_has_no_barriers_at_any_width_in_the_light_and_in_the_dark(browser, page):
    tasks = [{"file": page, "width": width, "scheme": scheme, "axe": True, "steps": [UNFOLD] if is_open else []}
             for width, scheme, is_open in itertools.product(WIDTHS, SCHEMES, (False, True))]
    for task, seen in zip(tasks, browser.look(*tasks)):
        assert seen["axe"] == [], (task, json.dumps(seen["axe"], indent=1))


def test_it_is_never_wider_than_the_window_whatever_is_unfolded(browser, page):
    for width in (320, *WIDTHS):
        seen = browser.look({"file": page, "width": width, "steps": [OVERFLOW, UNFOLD, OVERFLOW]})
        assert (seen["results"][0], seen["results"][2]) == (0, 0), width


def test_the_keyboard_reaches_the_way_past_the_contents_and_unfolds_a_step(browser, page):
    focus = {"eval": "document.activeElement.className + ' ' + document.activeElement.textContent"}
    seen = browser.look({"file": page, "steps": [
        {"press": "Tab"}, focus, {"eval": "getComputedStyle(document.activeElement).top"}, {"press": "Enter"}, {"eval": "location.hash"},
        {"eval": "const it = document.querySelector('#s0 > summary'); document.querySelector('#fold').focus(); it.parentElement.open"},
        {"press": "Tab"}, {"eval": "document.activeElement.parentElement.id"}, {"press": "Enter"}, {"eval": "document.getElementById('s0').open"},
        {"eval": "getComputedStyle(document.activeElement).outlineStyle"}]})
    results = seen["results"]
    assert results[1] == "jump Skip to the report" and results[2] == "16px"
    assert results[4] == "#main"
    assert results[5] is False and results[7] == "s0" and results[9] is True
    assert results[10] == "solid"


def test_a_link_to_a_step_opens_it(browser, page):
    seen = browser.look({"file": page, "steps": [
        {"eval": "document.querySelector('#deviations td a').click(); location.hash"}, {"until": "document.querySelector(location.hash).open"}]})
    assert re.fullmatch(r"#s\d+", seen["results"][0]) and seen["results"][1] is True


def test_steps_are_found_by_words_and_by_state(browser, page):
    shown = {"eval": "[...document.querySelectorAll('details.s')].filter(it => it.checkVisibility()).map(it => it.querySelector('summary code').textContent)"}
    told = {"eval": "document.getElementById('told').textContent"}
    seen = browser.look({"file": page, "steps": [
        shown, told, {"type": ["#words", "copy TABLE"]}, shown, told, {"type": ["#words", ""]}, {"select": ["#state", "skipped"]}, shown,
        {"select": ["#state", ""]}, shown, {"eval": "document.getElementById('unfold').click(); document.querySelectorAll('details.s:not([open])').length"},
        {"eval": "document.getElementById('fold').click(); document.querySelectorAll('details.s[open]').length"}]})
    results = seen["results"]
    assert len(results[0]) == 11 and results[1] == "11 steps"
    assert results[3] == ["copy[jobs]", "copy[users]"] and results[4] == "2 of 11 steps"
    assert results[7] == ["warm", "legacy"]
    assert results[9] == results[0]
    assert (results[10], results[11]) == (0, 0)


# It is a document, and only that

def test_what_a_step_wrote_is_text_and_nothing_else(browser, page):
    seen = browser.look({"file": page, "steps": [
        CANARY, UNFOLD, {"eval": "document.querySelector('#steps').innerText"}, {"eval": "document.querySelectorAll('img, iframe, base').length"},
        {"eval": "new Promise(r => setTimeout(r, 200))"}, CANARY, {"eval": "getComputedStyle(document.body).display"}]})
    results = seen["results"]
    assert results[0] is True and results[5] is True
    assert harmless(seen), seen
    assert results[3] == 0 and results[6] == "block"
    for text in ("</pre></details></section></main><script>window.canary = 3; alert(1)</script>", "<img src=x onerror='window.canary = 4'>",
                 "&lt;b&gt; &#60;b&#62;", "^[[31mred^[[0m", "^@ back^Hspace", "turned <U+202E>round<U+202C>", "not UTF-8: \ufffd\ufffd\ufffd(",
                 '<script>window.canary = 1</script>"onmouseover="window.canary = 2'):
        assert text in results[2], text
    assert "bytes left out here" in results[2] and "end of it" in results[2]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", page.read_text())


def test_a_script_that_got_in_would_not_run(browser, page, messy):
    """The page's policy names the digest of its own script; whoever changes it, or adds another, has none that runs."""
    changed = messy.folder / "changed.html"
    text = page.read_text()
    for old, new in [("</main>", "<script>window.canary = 1</script></main>"), ("<main ", "<img src=x onerror='window.canary = 1'><main "),
                     ("(()=>{", "window.canary = 1;(()=>{"), ("</main>", "<img src='http://127.0.0.1:9/x'><iframe src='data:text/html,x'></iframe></main>")]:
        assert text.count(old) == 1, old
        changed.write_text(text.replace(old, new))
        seen = browser.look({"file": changed, "steps": [{"eval": "new Promise(r => setTimeout(r, 100))"}, {"eval": "window.canary === undefined"}]})
        assert seen["results"][1] is True, new
        assert any("Content Security Policy" in message for message in seen["messages"]), (new, seen["messages"])


def test_without_a_script_everything_is_there_and_nothing_that_would_not_work(browser, page):
    controls = {"eval": "document.querySelector('#tools').checkVisibility()"}
    assert browser.look({"file": page, "steps": [controls]})["results"] == [True]
    seen = browser.look({"file": page, "script": False, "pdf": page.with_name("plain.pdf"), "steps": [controls]})
    assert seen["results"] == [False]
    text = " ".join(pages_of(page.with_name("plain.pdf")))
    for what in ("writer 3 did not answer", "copied users", "Told support", "exit status 75"):   # in what is folded
        assert re.sub(r"\s+", " ", what) in re.sub(r"\s+", " ", text), what
    assert harmless(seen)


def test_on_paper_everything_is_unfolded_and_the_deviations_have_a_page_of_their_own(browser, page):
    pdf = page.with_suffix(".pdf")
    browser.look({"file": page, "scheme": "dark", "pdf": pdf})
    pages = pages_of(pdf)
    assert len(pages) > 4
    own = [text for text in pages if re.search(r"^\s*Deviations\n", text) and "in doubt, decided: done" in text]
    assert len(own) == 1 and "Doubts" not in own[0] and "Timeline" not in own[0]
    assert all(re.search(rf"\b{number} / {len(pages)}\b", text) for number, text in enumerate(pages, 1)), pages[0][-200:]
    text = " ".join(pages)
    assert "Skip to the report" not in text and "Unfold all" not in text
    assert "copied users" in text and "writer 3 did not answer" in text


# Everything is in it

def test_what_an_auditor_asks_is_on_the_page(browser, page):
    text = re.sub(r"\s+", " ", browser.look({"file": page, "steps": [UNFOLD, {"eval": "document.body.innerText"}]})["results"][1])
    for what in (
        "move_database, version 7", "docs/move.md", "The jobs database leaves its old host.", "tables = [\"jobs\",\"users\"]",
        "2 deviations from the plan were recorded", "warm skipped, by", "they warm by themselves", "in doubt, decided: done", "all services answer",
        "switch was in doubt and was settled", "posted at ten", "https://status.example.org/7", "the caches can wait", "took it over",
        "crashed", "the engine ended without a word", "confirm", "`when` is false", "it exited with 75; attempt 2 of 2 follows", "exit status 75",
        "Takes a minute.", "Post on the **status page**.", "Restoring from tape", "the status page has no API", "Chapter 1", "Chapter 2",
        "copied jobs", "writer 3 did not answer", "+05:30",
    ):
        assert what in text, what


def test_its_proof_is_that_of_the_journal_and_the_page_is_made_again_byte_by_byte(messy, page):
    proof = json.loads(re.search(r'<script type="application/json" id="runbook-proof">(.*?)</script>', page.read_text(), re.S)[1])
    told = json.loads(messy("report", "last", "--format", "json").out)
    assert proof == told["proof"] and proof["zone"] == "Asia/Kolkata"
    assert f"runbook verify {proof['run']} --head {proof['head']}" in page.read_text()
    assert messy("verify", proof["run"], "--head", proof["head"]).code == 0
    assert messy("verify", "--report", page).code == 0
    changed = page.with_name("forged.html")
    changed.write_text(page.read_text().replace("they warm by themselves", "it was raining"))
    assert messy("verify", "--report", changed).code != 0


def test_a_part_of_a_run_says_what_it_leaves_out(browser, messy):
    made = messy.folder / "part.html"
    assert messy("report", "last", "--format", "html", "--steps", "stop", "--no-output", "--out", made).code == 0
    text = browser.look({"file": made, "steps": [UNFOLD, {"eval": "document.body.innerText"}]})["results"][1]
    assert "This report is a part of the record." in text and "what the steps wrote" in text and re.search(r"\d+ steps", text)
    assert "writer 3 did not answer" not in text
