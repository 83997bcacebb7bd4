"""A wait that follows what a process writes: real streams, that match, end, hang, flood and are killed."""

import os
import signal

import pytest

from test_clocks import HOUR, clock, library  # noqa: F401  (fixtures)
from world import command_line, is_alive, kill, until, world  # noqa: F401  (the fixture)

EXHAUST = os.environ.get("RUNBOOK_EXHAUST") == "1"

BOOK = """
runbook: following
{more}
steps:
  - id: started
    title: Wait until it has started
    wait_until:
      shell: |
{script}
      follow: true
{keys}
  - id: after
    title: Come after it
    shell: echo after >> "$W/effects"
"""


def book(script, more="", **keys):
    keys = {"until": "started", "timeout": "1h", "every": "10ms"} | keys
    return BOOK.format(more=more, script="".join(f"        {line}\n" for line in script.splitlines()).rstrip("\n"),
                       keys="\n".join(f"      {key}: {value}" for key, value in keys.items() if value))


def why(world, step="started"):
    return world.step(step)["why"]


def begins(world, **kwargs):
    """An engine, and the processes of its look: bash and tail, which is forked before `looking` is written and may be begun after it."""
    engine = world.start(**kwargs)
    until((world.folder / "looking").exists, "the look")
    until(lambda: any(command_line(pid).startswith("tail ") for pid in world.step_processes()), "tail")
    return engine, world.step_processes()


TAIL = """touch log; echo look >> "$W/looks"
tail -n +1 -f log & touch "$W/looking"; wait"""


def test_it_goes_on_when_the_line_comes_and_nothing_of_the_stream_lives_on(world):
    world.write(book(TAIL, outputs='{version: {regex: "version ([0-9.]+)"}}').replace(
        "shell: echo after", "shell: until [ -e \"$W/gate\" ]; do sleep 0.02; done; echo $version").replace(
        "    title: Come after it", "    title: Come after it\n    env: {version: '${{ $steps.started.version }}'}"))
    engine, looking = begins(world)
    assert len(looking) >= 2        # bash and tail
    with open(world.folder / "log", "a") as log:
        log.write("starting\nstarted version 1.2.3 on node 7\nstarted version 4\n")
    world.until_state("after", "running")
    assert not [pid for pid in looking if is_alive(pid)]
    assert world.step("started")["outputs"] == {"version": "1.2.3"}
    world.open_gate()
    assert engine.wait(timeout=300) == 0 and len(world.lines("looks")) == 1


def test_a_line_of_fail_on_ends_it_with_that_line(world):
    world.write(book("echo starting; echo 'FATAL: no \x1b[31mspace\x1b[0m left'; echo started; sleep 1000", fail_on="^FATAL|^PANIC").replace("\x1b", r"\033").replace("echo 'FATAL", "printf '%b\\n' 'FATAL"))
    assert world.run().code == 1
    assert why(world) == "fail_on matches: FATAL: no  [31mspace [0m left"
    assert world.state_of("after") == "pending"


def test_a_stream_that_ends_is_taken_up_again(world):
    world.write(book("""echo look >> "$W/looks"
[ "$(wc -l < "$W/looks")" -lt 3 ] || echo "it has started"
exit $(( 4 - $(wc -l < "$W/looks") ))""", until='"has started$"'))
    assert world.run().code == 0
    assert len(world.lines("looks")) == 3


def test_the_last_line_needs_no_end(world):
    world.write(book("printf 'it has\\r\\nstarted'", until="^started$"))
    assert world.run().code == 0


def test_at_its_deadline_it_is_ended_and_says_what_it_read_last(world, clock):  # noqa: F811
    world.write(book("""echo 'waiting for the database'; touch "$W/looking"; sleep 1000""", timeout="2h"))
    engine = world.start()
    until((world.folder / "looking").exists, "the line")    # however long it takes to begin the look
    clock.pass_by(2 * HOUR, 2 * HOUR, 2 * HOUR)
    assert engine.wait(timeout=300) == 1
    assert why(world) == "it did not come to be within 2h: no line has matched (the last line: waiting for the database)"


def test_what_can_not_be_begun_can_not_tell_and_what_fails_says_how(world, clock):  # noqa: F811
    world.write(book("unused", timeout="100ms").replace("shell: |\n        unused", "exec: [no-such-program]"))
    assert world.run().code == 1
    assert why(world) == "it did not come to be within 100ms: can't tell: there is no program `no-such-program` in PATH"
    world.write(book("echo 'error: refused' >&2; exit 3", timeout="2h", every="3h"))
    engine = world.start()
    until(lambda: " sees " in engine.log.read_text(), "the end of the stream")
    clock.pass_by(2 * HOUR, 2 * HOUR, 2 * HOUR)
    assert engine.wait(timeout=300) == 1
    assert why(world) == "it did not come to be within 2h: the stream ended: it exited with 3 (the last line: error: refused)"


def test_a_secret_in_the_stream_is_masked_before_anything_is_matched_or_told(world):
    world.write(book("""for i in 1 2 3; do printf 'password %s' "${secret:0:5}"; sleep 0.05; printf '%s ok\\n' "${secret:5}"; done""",
                     fail_on='"password (.*) ok"', more="inputs: {secret: {type: secret, from: [{env: SECRET}]}}").replace(
        "    wait_until:", "    env: {secret: '${{ $inputs.secret }}'}\n    wait_until:"))
    done = world.run(SECRET="hunter22xyz")
    assert done.code == 1 and why(world) == "fail_on matches: password [secret] ok"
    for path in world.folder.rglob("*"):
        assert not path.is_file() or b"hunter22xyz" not in path.read_bytes(), path


def test_an_engine_that_dies_leaves_no_stream_behind_and_the_next_one_looks_again(world):
    world.write(book(TAIL))
    engine, looking = begins(world)
    kill(engine.pid)
    engine.wait(timeout=300)     # its other threads too: they hold the lock of the run
    (world.folder / "looking").unlink()
    again = world.start("--resume", "last")
    until((world.folder / "looking").exists, "the next look")
    until(lambda: not [pid for pid in looking if is_alive(pid)], "the end of the first look")
    (world.folder / "log").write_text("started\n")
    assert again.wait(60) == 0
    assert len(world.lines("looks")) == 2 and world.lines() == ["after"]


@pytest.mark.parametrize("killed", ["engine and supervisor", "supervisor"])
def test_a_supervisor_that_dies_leaves_no_stream_behind(world, killed):
    world.write(book(TAIL))
    engine, looking = begins(world)
    kill(*([engine.pid] if killed == "engine and supervisor" else []), world.supervisor())
    engine.wait(timeout=300)
    if killed == "supervisor":
        assert world.show()["state"] == "interrupted"
        assert not [pid for pid in looking if is_alive(pid)]
    again = world.start("--resume", "last")
    (world.folder / "log").write_text("started\n")
    assert again.wait(60) == 0 and world.lines() == ["after"]
    with open(world.folder / "log", "a") as log:    # nobody reads what the first one writes
        log.write("more\n")
    until(lambda: not [pid for pid in looking if is_alive(pid)], "the end of the first look")


def test_ctrl_c_ends_the_stream_and_pauses(world):
    world.write(book(TAIL))
    engine, looking = begins(world)
    (world.folder / "log").write_text("still starting\n")
    engine.send_signal(signal.SIGINT)
    engine.wait(timeout=300)
    assert world.show()["state"] == "interrupted"
    assert "`started` saw last: no line has matched" in world.show()["why"]
    assert not [pid for pid in looking if is_alive(pid)]
    again = world.start("--resume", "last")
    (world.folder / "log").write_text("started\n")
    assert again.wait(60) == 0


def test_a_cancelled_run_ends_the_stream(world):
    world.write(book(TAIL))
    engine, looking = begins(world)
    engine.send_signal(signal.SIGTERM)
    engine.wait(timeout=300)
    assert not [pid for pid in looking if is_alive(pid)]
    assert world("cancel", "last", "--because", "enough").code == 0


BRANCHES = """
runbook: branches
steps:
  - section: Both
    rescue: [{id: mend, title: Mend it, shell: 'echo mended >> "$W/effects"'}]
    parallel:
      - section: One
        steps:
          - id: started
            title: Wait until it has started
            wait_until: {shell: 'touch "$W/looking"; sleep 1000', follow: true, until: started, timeout: 1h}
      - section: Other
        steps: [{id: breaks, title: Break, shell: 'until [ -e "$W/looking" ]; do sleep 0.02; done; exit 1'}]
"""


def test_a_section_that_is_given_up_ends_the_stream_in_it(world):
    world.write(BRANCHES)
    assert world.run(timeout=300).code == 0
    assert world.state_of("started") == "skipped" and world.lines() == ["mended"]


def peak_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


FLOOD = """yes 'nothing of interest happens here, and it goes on and on and on and on; a line of a hundred bytes' | head -c {size}M || true
head -c 10M /dev/zero | tr '\\0' x; echo
echo; touch "$W/flooded"
until [ -e "$W/gate" ]; do sleep 0.02; done
echo started; sleep 1000"""


def test_a_flood_without_a_match_and_a_line_of_ten_megabytes_take_no_memory(world):
    world.write(book(FLOOD.format(size=1000 if EXHAUST else 20), until='"^started$"', fail_on="ERR[O0]R"))
    engine = world.start()
    until((world.folder / "flooded").exists, "the flood to be read", seconds=1500 if EXHAUST else 100)
    peaks = [peak_kb(engine.pid), peak_kb(world.supervisor())]
    world.open_gate()
    assert engine.wait(timeout=300) == 0
    assert max(peaks) < 64 << 10, peaks
    spools = sum(path.stat().st_size for path in world.run_folder().rglob("*") if path.is_file())
    assert spools < 1 << 20
