#include "run/probe.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// The look that an outcome makes, as "yes", "no: why", "can't tell: why".
struct Looked {
  Look look;
  explicit Looked(const std::string& keys, const Outcome& outcome) {
    Story story("- {id: a, wait_until: {shell: look, timeout: 1m" + (keys.empty() ? "" : ", " + keys) + "}}\n");
    look = judge(*story.facts.runbook->find("a")->probe, outcome, RunScope(story.facts, story.state, story.values));
  }
  std::string told() const {
    if (look.answer == Look::Answer::yes) return "yes";
    return (look.answer == Look::Answer::no ? "no: " : "can't tell: ") + look.why;
  }
};

std::string told(const std::string& keys, const Outcome& outcome) { return Looked(keys, outcome).told(); }

}  // namespace

TEST_CASE("0 is yes, 1 is no, every other exit can't tell") {
  CHECK(told("", exits(0)) == "yes");
  CHECK(told("", exits(1)) == "no: it exited with 1");
  CHECK(told("", exits(2)) == "can't tell: it exited with 2");
  CHECK(told("", exits(127)) == "can't tell: it exited with 127");
}

TEST_CASE("yes and no can name other exits") {
  CHECK(told("yes: [3], no: [0, 4]", exits(3)) == "yes");
  CHECK(told("yes: [3], no: [0, 4]", exits(0)) == "no: it exited with 0");
  CHECK(told("yes: [3], no: [0, 4]", exits(1)) == "can't tell: it exited with 1");
}

TEST_CASE("what did not end by itself can't tell") {
  CHECK(told("look_timeout: 5s", times_out()) == "can't tell: the look took longer than 5s");
  CHECK(told("", is_stopped()) == "can't tell: it was stopped");
  CHECK(told("", is_lost()) == "can't tell: nobody knows how it ended");
  CHECK(told("", is_not_started()) == "can't tell: there is no such program");
  CHECK(told("", comes_to(Outcome::Kind::failed, "it was ended by signal 9")) == "can't tell: it was ended by signal 9");
}

TEST_CASE("that decides after a yes, and only then") {
  CHECK(told("that: stdout == 'up'", exits(0, "up")) == "yes");
  CHECK(told("that: stdout == 'up'", exits(0, "down")) == "no: `stdout == 'up'` is false");
  CHECK(told("that: stdout == 'up'", exits(1, "up")) == "no: it exited with 1");
  CHECK(told("that: stdout == 'up'", exits(2, "up")) == "can't tell: it exited with 2");
}

TEST_CASE("an expression that fails, or gives no boolean, can't tell") {
  CHECK(told("that: stdout", exits(0, "up")) == "can't tell: `stdout` gives a string, not true or false");
  CHECK(told("that: stdout < 3", exits(0, "up")).rfind("can't tell: `stdout < 3`: ", 0) == 0);
}

TEST_CASE("a result that was lost can't tell") {
  Outcome outcome = exits(0);
  outcome.why_no_result = "the output was held by the supervisor, which died";
  CHECK(told("that: stdout == 'up'", outcome) == "can't tell: the output was held by the supervisor, which died");
}

TEST_CASE("a yes gives its outputs, and one that lacks an output can't tell") {
  Looked looked("outputs: {ip: stdout}", exits(0, "10.0.0.1"));
  CHECK(looked.look.outputs == object({{"ip", "10.0.0.1"}}));
  CHECK(told("outputs: {ip: json.ip}", exits(0, "{}")) == "can't tell: output `ip`: `json.ip` is null");
}

TEST_CASE("what a step type says of its look counts more than how its process ended") {
  CHECK(told("", says(Said::Answer::yes)) == "yes");
  CHECK(told("", says(Said::Answer::no, "2 of 3 are ready")) == "no: 2 of 3 are ready");
  CHECK(told("", says(Said::Answer::cannot_tell, "connection refused\n")) == "can't tell: connection refused");
  CHECK(told("", says(Said::Answer::no)) == "no: it does not say why");
}

TEST_CASE("behind a yes of a step type that decides, and what it said is told beside it") {
  Outcome outcome = says(Said::Answer::yes, "3 of 3 are ready");
  outcome.result = object({{"ready", 3}});
  CHECK(told("that: ready == `3`", outcome) == "yes");
  const Looked looked("that: ready == `4`", outcome);
  CHECK(looked.told() == "no: `ready == `4`` is false");
  CHECK(looked.look.told() == "`ready == `4`` is false (3 of 3 are ready)");
}

TEST_CASE("a no of a step type may say that waiting longer is no use; a yes can't") {
  Outcome outcome = says(Said::Answer::no, "the job has failed");
  outcome.said->fails = true;
  CHECK(Looked("", outcome).look.failure == "the job has failed");
  outcome.said->answer = Said::Answer::yes;
  CHECK(Looked("", outcome).look.failure == "");
}

TEST_CASE("fail_when is seen with yes and no, and where an output is missing") {
  CHECK(Looked("fail_when: stdout == 'broken'", exits(0, "broken")).look.failure.rfind("fail_when holds: stdout == ", 0) == 0);
  CHECK(Looked("fail_when: stdout == 'broken'", exits(1, "broken")).look.failure.rfind("fail_when holds: stdout == ", 0) == 0);
  CHECK(Looked("fail_when: stdout == 'broken'", exits(2, "broken")).look.failure == "");
  CHECK(Looked("fail_when: stdout < 3", exits(0, "broken")).look.failure == "");
  CHECK(Looked("fail_when: \"stdout == '{}'\", outputs: {ip: json.ip}", exits(0, "{}"))
            .look.failure.rfind("fail_when holds: stdout == ", 0) == 0);
}
