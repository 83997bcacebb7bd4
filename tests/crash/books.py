"""The runbooks of the crash tests, and what the person does who runs them. Each effect is a line "step RUN/attempt" in a file outside."""

from dataclasses import dataclass, field

TOKEN = "hush-4711-hush-4711"


def effect(step):
    return f'echo "{step} $RUNBOOK_ATTEMPT" >> "$W/effects"'


@dataclass(frozen=True)
class Book:
    name: str
    text: str
    words: tuple = ()                                # of every run and resume
    resumed_by: tuple = ()                           # of a resume alone
    env: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)       # outputs of a step that is said to be done; of a manual step, what it collects
    mends: dict = field(default_factory=dict)        # a file that is made when this step has failed, is overdue, or was ended behind its effect
    at_pause: dict = field(default_factory=dict)     # when this step waits for a person for the first time: commands before the answer
    leaves_by: tuple = ()                            # the command that goes on once the run has paused, instead of a resume
    end: str = "succeeded"
    overlaps: bool = False                           # commits happen while a step runs
    decides_beforehand: bool = False                 # a doubt is answered by --on-doubt
    by_hand: dict = field(default_factory=dict)      # a step that is said to be done: the file, and its text, where its secret is kept
    in_process: bool = False                         # its steps die with the engine
    kept: tuple = ()                                 # files that must be the same in the end
    tries: dict = field(default_factory=dict)        # how often a step that must not run twice is begun all the same, as its `retry` says


THREE = Book("three", f"""
runbook: three
steps:
  - {{id: a, title: A, shell: '{effect("a")}'}}
  - {{id: b, title: B, exec: [sh, -c, '{effect("b")}']}}
  - {{id: c, title: C, shell: '{effect("c")}'}}
""")

EFFECTS = Book("effects", f"""
runbook: effects
steps:
  - {{id: look, title: Look, effect: read, shell: '{effect("look")}; sleep 0.02'}}
  - id: repeatable
    title: May run again
    effect: idempotent
    shell: {effect("repeatable")}
    done_when: {{shell: test -s "$W/effects" && grep -q repeatable "$W/effects"}}
  - id: first_fails
    title: Fail once, then do it
    shell: |
      [ -e "$W/tried" ] || {{ touch "$W/tried"; exit 7; }}
      {effect("first_fails")}
      sleep 0.02
    retry: {{attempts: 3, delay: 30ms}}
  - id: there
    title: Be there already
    shell: {effect("there")}
    done_when: {{shell: "true"}}
  - id: decided
    title: A look decides
    before: {{shell: 'echo 41', outputs: {{n: {{regex: "([0-9]+)", type: int}}}}}}
    shell: {effect("decided")}
    done_when: {{shell: 'grep -q decided "$W/effects"', decides: true, timeout: 200ms, every: 20ms}}
    verify: {{shell: 'grep -q decided "$W/effects"', timeout: 1s, every: 20ms}}
  - id: final
    title: No way back
    effect: irreversible
    shell: {effect("final")}
""", words=("--approve", "final=No way back"), tries={"first_fails": 3})

OUTPUTS = Book("outputs", f"""
runbook: outputs
inputs:
  token: {{type: secret}}
steps:
  - id: size
    title: Give values
    shell: |
      {effect("size")}
      echo "n=12" >> "$RUNBOOK_OUTPUT"
      echo "version: 1.4"
    outputs: {{n: {{type: int}}, version: {{regex: "version: (.*)"}}}}
  - id: login
    title: Give a secret
    shell: |
      {effect("login")}
      echo "your token: given-0815-given"
    outputs: {{session: {{regex: "your token: (.*)", secret: true, keep: {{file: session}}}}}}
  - id: use
    title: Use them all
    env: {{SESSION: "${{{{ $steps.login.session }}}}", TOKEN: "${{{{ $inputs.token }}}}"}}
    shell:
      script: |
        echo "$SESSION $TOKEN $(cat)" > "$W/used"
        {effect("use")}
        echo "I use $SESSION and $TOKEN"
      stdin: {{json: {{n: "${{{{ $steps.size.n }}}}", version: "${{{{ $steps.size.version }}}}"}}}}
  - id: sum
    title: Sum it up
    assert: {{that: $steps.size.n > `3`, because: it is too small}}
outputs: {{n: $steps.size.n, version: $steps.size.version}}
""", env={"RUNBOOK_INPUT_TOKEN": TOKEN}, values={"size": {"n": "12", "version": "1.4"}}, by_hand={"login": ("session", "given-0815-given")},
               kept=("used", "session"))

PEOPLE = Book("people", f"""
runbook: people
notify: {{exec: [sh, -c, 'cat >> "$W/told"']}}
steps:
  - {{id: first, title: The first, shell: '{effect("first")}'}}
  - {{id: unwanted, title: Left out later, when: "`false`", shell: '{effect("unwanted")}'}}
  - id: by_hand
    title: By hand
    manual: {{instructions: Do it., checklist: [One, Two], collect: {{name: {{pattern: "[a-z]+"}}}}}}
  - id: agreed
    title: Others agree
    exec: [sh, -c, '{effect("agreed")}', sh, "${{{{ $steps.by_hand.name }}}}"]
    requires_approval: {{count: 1}}
  - {{id: optional, title: Left out, shell: '{effect("optional")}'}}
  - id: fails
    title: Fail until it is mended
    shell: 'test -e "$W/mended"; {effect("fails")}'
""", values={"by_hand": {"name": "kdb"}}, mends={"fails": "mended"},
              at_pause={"by_hand": (("redo", "last", "first", "--because", "it was wrong"), ("skip", "last", "optional", "--because", "not needed"))})

WAITS = Book("waits", f"""
runbook: waits
steps:
  - section: Prepare
    steps:
      - {{id: make, title: Make it, shell: '{effect("make")}; (sleep 0.05; touch "$W/made") > /dev/null 2>&1 & wait'}}
      - id: wait
        title: Wait for it
        wait_until: {{shell: 'test -e "$W/made"', every: 20ms, timeout: 1m}}
  - section: Never
    when: "`false`"
    steps:
      - {{id: never, title: Never, shell: '{effect("never")}'}}
  - id: slow
    title: Be too slow once
    effect: idempotent
    shell: |
      [ -e "$W/was_slow" ] || {{ touch "$W/was_slow"; sleep 0.8; exit 9; }}
      {effect("slow")}
    timeout: 500ms
    on_timeout: kill
    retry: {{attempts: 2, delay: 10ms}}
  - id: loud
    title: Write much
    effect: idempotent
    shell: |
      for i in 1 2 3 4; do head -c 20000 /dev/zero | tr '\\0' x; sleep 0.02; done
      {effect("loud")}
  - id: holds
    title: It holds
    assert: {{shell: 'test -e "$W/made"', because: it was made}}
""", mends={"slow": "was_slow", "make": "made"})

OVERDUE = Book("overdue", f"""
runbook: overdue
steps:
  - id: late
    title: Be late
    shell: |
      until [ -e "$W/gate" ]; do sleep 0.01; done
      {effect("late")}
    timeout: 60ms
  - {{id: after, title: After it, shell: '{effect("after")}'}}
""", mends={"late": "gate"}, overlaps=True, decides_beforehand=True)

LEAVES = Book("leaves", f"""
runbook: leaves
steps:
  - id: tunnel
    title: Open the tunnel
    shell: |
      setsid bash -c 'until [ -e "$W/never" ]; do sleep 0.02; done' > /dev/null 2>&1 &
      {effect("tunnel")}
    leaves: [the tunnel]
  - id: stray
    title: Leave a stray
    shell: |
      setsid sleep 1 &
      {effect("stray")}
  - {{id: after, title: After it, shell: '{effect("after")}'}}
""", overlaps=True)

REFUSED = Book("refused", f"""
runbook: refused
steps:
  - id: tool
    title: Use a tool whose interpreter comes later
    exec: [./tool]
  - {{id: after, title: After it, shell: '{effect("after")}'}}
""", mends={"tool": "interpreter"})

CANCELLED = Book("cancelled", f"""
runbook: cancelled
steps:
  - {{id: done, title: Done, shell: '{effect("done")}'}}
  - id: stuck
    title: Be stuck
    shell: 'until [ -e "$W/gate" ]; do sleep 0.01; done; {effect("stuck")}'
    timeout: 60ms
""", leaves_by=("cancel", "last"), end="cancelled", overlaps=True)

OWN_EFFECT = 'echo "$RUNBOOK_STEP $RUNBOOK_ATTEMPT" >> "$W/effects"'     # under the name of the instance

# Branches, a loop in batches, a rescue, finally, an included runbook.
FLOW = Book("flow", f"""
runbook: flow
steps:
  - section: Both
    parallel:
      - {{id: one, shell: '{OWN_EFFECT}'}}
      - section: Other
        steps:
          - {{id: two, effect: idempotent, shell: '{OWN_EFFECT}'}}
          - {{id: three, shell: '{OWN_EFFECT}'}}
  - section: Items
    for_each: [a, b, c]
    as: item
    batch: [1, 2]
    concurrency: 2
    steps: [{{id: update, shell: '{OWN_EFFECT}'}}]
  - section: Guarded
    watch: {{id: heartbeat, shell: 'true', every: 30ms}}
    rescue: [{{id: back, shell: '{OWN_EFFECT}'}}]
    finally: [{{id: tidy, shell: '{OWN_EFFECT}'}}]
    steps: [{{id: bad, effect: read, shell: exit 1}}, {{id: never, shell: '{OWN_EFFECT}'}}]
  - {{id: part, include: {{file: part.yaml}}}}
finally:
  - {{id: last, shell: '{OWN_EFFECT}'}}
""", mends={"bad": "seen"}, overlaps=True)

PART = f"""
runbook: part
steps: [{{id: inner, shell: '{OWN_EFFECT}'}}]
"""

UNDONE = Book("undone", f"""
runbook: undone
steps:
  - {{id: a, shell: '{OWN_EFFECT}', undo: {{shell: '{OWN_EFFECT}'}}}}
  - section: Items
    for_each: [x, y]
    as: item
    steps: [{{id: b, shell: '{OWN_EFFECT}', undo: {{shell: '{OWN_EFFECT}'}}}}]
  - {{id: stop, effect: read, shell: exit 1}}
""", leaves_by=("undo", "last"), end="undone")

# For the binary of the tests that has the step type `counting` (counting.cpp).
COUNTING = Book("counting", f"""
runbook: counting
steps:
  - id: counted
    title: In the engine's own process
    counting: {{line: "counted ${{{{ $run.id }}}}", to: "${{{{ $run.dir }}}}/effects", begun: "${{{{ $run.dir }}}}/begun", gate: "${{{{ $run.dir }}}}/gate",
               answer: "${{{{ $run.dir }}}}/answer"}}
  - id: again
    title: May run again
    effect: idempotent
    counting: {{line: "again ${{{{ $run.id }}}}", to: "${{{{ $run.dir }}}}/effects", begun: "${{{{ $run.dir }}}}/begun", gate: "${{{{ $run.dir }}}}/gate",
               answer: "${{{{ $run.dir }}}}/answer"}}
  - {{id: after, title: After it, shell: '{effect("after")}'}}
""", in_process=True)

# The person changes the runbook when `fails` has failed; what was `first` has another name then.
ADOPTS = Book("adopts", f"""
runbook: adopts
steps:
  - {{id: first, title: The first, shell: '{effect("first")}'}}
  - {{id: fails, title: Fail until the runbook is mended, shell: exit 7}}
  - {{id: gone, title: Will be gone, shell: '{effect("gone")}'}}
""", resumed_by=("--adopt",), mends={"fails": "book"})

ADOPTED = f"""
runbook: adopts
steps:
  - {{id: renamed, was: first, title: The first, shell: '{effect("first")}'}}
  - {{id: before, title: New before what failed, shell: '{effect("before")}'}}
  - {{id: fails, title: Mended, shell: '{effect("fails")}'}}
  - {{id: new, title: New, shell: '{effect("new")}'}}
"""

OF_THE_BINARY = (THREE, EFFECTS, OUTPUTS, PEOPLE, WAITS, OVERDUE, LEAVES, REFUSED, CANCELLED, ADOPTS, FLOW, UNDONE)
BOOKS = {book.name: book for book in (*OF_THE_BINARY, COUNTING)}


def prepare(book, folder):
    """What lies in the world before the run."""
    (folder / "book.yaml").write_text(book.text)
    if book is COUNTING:
        (folder / "gate").touch()
        (folder / "answer").touch()
    if book is FLOW:
        (folder / "part.yaml").write_text(PART)
    if book is REFUSED:
        tool = folder / "tool"
        tool.write_text(f'#!{folder}/interpreter\n{effect("tool")}\n')
        tool.chmod(0o755)


def mend(book, folder, step):
    """What the person does about a step that failed or is late."""
    name = book.mends.get(step)
    if name == "interpreter":
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/bin/sh")
    elif name == "book":
        (folder / "book.yaml").write_text(ADOPTED)
    elif name:
        (folder / name).touch()
    return name is not None
