#include "book/scenario.h"

#include <doctest/doctest.h>

#include "tests/book/world.h"

using namespace runbook;

namespace {

std::shared_ptr<const Runbook> book() {
  return load(R"(
runbook: x
inputs: {name: {}}
steps:
  - {id: copy, shell: cp a b, outputs: {size: {value: stdout}}, done_when: {shell: test -e b, outputs: {size: {value: stdout}}}}
  - {id: ready, wait_until: {shell: look, timeout: 3h}}
outputs: {size: $steps.copy.size}
)")
      .runbook;
}

LoadedScenario scenario_of(const std::string& text) {
  return load_scenario(std::make_shared<const SourceText>("s.yaml", text), *book());
}

std::string problems_in(const std::string& text) {
  const LoadedScenario loaded = scenario_of(text);
  CHECK_FALSE(loaded.scenario);
  return render_all(loaded.diagnostics, loaded.diagnostics.size(), SourceText("s.yaml", text));
}

}  // namespace

TEST_CASE("a scenario says what the world does and what is expected of it") {
  const LoadedScenario loaded = scenario_of(R"(
scenario: All of it
inputs: {name: a}
resumes: 2
steps:
  copy:
    fails: 2
    delay: 8m
    text: copying
    outcomes: [{lost: true}, {not_started: no such program}, {times_out: true, delay: 1h}, {exit_code: 7}]
    answers: [done, {choice: retry, by: ada, because: it was not, after: 2d, set: {size: 12}}]
  ready: {sees: [no, {answer: yes, outputs: {}}, cannot_tell]}
expect:
  state: succeeded
  steps: {copy: {state: succeeded, outputs: {size: 12}}, ready: succeeded}
  outputs: {size: 12}
  events: [asked copy]
  order: [copy, ready]
  lasts: {at_least: 2d, at_most: 3d}
)");
  REQUIRE(loaded.scenario);
  using Kind = ScriptedOutcome::Kind;
  const ScriptedStep& copy = loaded.scenario->of("copy");
  REQUIRE(copy.outcomes.size() == 6);
  CHECK(copy.outcomes[1].kind == Kind::fails);
  CHECK(copy.outcomes[1].delay_ms == 8 * 60'000);
  CHECK(copy.outcomes[2].kind == Kind::lost);
  CHECK(copy.outcomes[3].reason == "no such program");
  CHECK(copy.outcomes[4].kind == Kind::times_out);
  CHECK(copy.outcomes[5].exit_code == 7);
  CHECK(copy.otherwise.kind == Kind::succeeds);
  REQUIRE(copy.answers);
  CHECK(copy.answers->at(1).who == "ada");
  CHECK(copy.answers->at(1).after_ms == 2 * 86'400'000);
  CHECK(loaded.scenario->of("ready").sees.size() == 3);
  CHECK_FALSE(loaded.scenario->of("ready").answers);
  CHECK(loaded.scenario->resumes == 2);
  CHECK(loaded.scenario->expected.order->value.size() == 2);
}

TEST_CASE("each mistake in a scenario has its place and what to type") {
  CHECK(problems_in("scenario: x\nsteps: {coppy: {fails: 1}}\n") ==
        "s.yaml:2:9: error: the runbook has no step `coppy`\n"
        "    2 | steps: {coppy: {fails: 1}}\n"
        "      |         ^~~~~\n"
        "  hint: did you mean `copy`?\n");
  struct Story {
    const char *text, *message, *hint;
  };
  for (const Story& story : {
           Story{"steps: {}\n", "s.yaml:1:1: error: this scenario has no title", "begin it with `scenario: what it tells`"},
           Story{"scenario: x\nsteps: {copy: {fail: 1}}\n", "s.yaml:2:16: error: unknown key `fail`", "did you mean `fails`?"},
           Story{"scenario: x\ninputs: {nam: 1}\n", "the runbook has no input `nam`", "did you mean `name`?"},
           Story{"scenario: x\nsteps: {copy: {outcomes: [{exit_code: 1, lost: true}]}}\n", "an attempt ends in one way",
                 "keep one of `exit_code`, `lost`, `times_out`, `not_started`"},
           Story{"scenario: x\nsteps: {copy: {outputs: {sise: 1}}}\n", "step `copy` has no output `sise`",
                 "did you mean `size`?"},
           Story{"scenario: x\nsteps: {copy: {sees: [maybe]}}\n", "`sees` can't be `maybe`",
                 "known: yes, no, cannot_tell, fails"},
           Story{"scenario: x\nsteps: {copy: {answers: [yep]}}\n", "`answers` can't be `yep`", "known: confirm"},
           Story{"scenario: x\nsteps: {copy: {delay: soon}}\n", "`soon` is no duration", "durations are written"},
           Story{"scenario: x\nexpect: {state: done}\n", "`state` can't be `done`", "known: succeeded"},
           Story{"scenario: x\nexpect: {steps: {copy: fine}}\n", "`copy` can't be `fine`", "known: pending"},
           Story{"scenario: x\nexpect: {outputs: {sise: 1}}\n", "the runbook has no output `sise`", "did you mean `size`?"},
           Story{"scenario: x\nexpect: {events: [askd copy]}\n", "there are no events `askd`", "did you mean"},
           Story{"scenario: x\nexpect: {events: [asked]}\n", "an event is named with its step", "write `asked STEP`"},
           Story{"scenario: x\nexpect: {order: [nope]}\n", "the runbook has no step `nope`", "known: copy, ready"},
           Story{"[1]\n", "`a scenario`: expected a map, got a list", "a scenario begins with"},
       }) {
    const std::string shown = problems_in(story.text);
    CHECK_MESSAGE(shown.find(story.message) != std::string::npos, shown);
    CHECK_MESSAGE(shown.find(story.hint) != std::string::npos, shown);
  }
}
