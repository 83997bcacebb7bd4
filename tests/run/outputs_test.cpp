#include "run/outputs.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// The outputs as JSON, or why there are none.
std::string taken(const std::string& rules, const Outcome& outcome) {
  Story story("- {id: a, shell: one, outputs: {" + rules + "}}\n");
  std::string why;
  auto outputs =
      extract_outputs(story.facts.runbook->find("a")->outputs, outcome, RunScope(story.facts, story.state, story.values), why);
  return outputs ? to_json(outputs->values) : why;
}

Outcome that_wrote(std::vector<std::pair<std::string, std::string>> named) {
  Outcome outcome = exits(0);
  outcome.named_outputs = std::move(named);
  return outcome;
}

}  // namespace

TEST_CASE("an expression takes from the result, and null is an error") {
  CHECK(taken("id: json.vpc.id", exits(0, R"({"vpc": {"id": "vpc-1"}})")) == R"({"id":"vpc-1"})");
  CHECK(taken("id: json.vpc.id", exits(0, "{}")) == "output `id`: `json.vpc.id` is null");
}

TEST_CASE("lines make a list of text") {
  const Outcome outcome = exits(0, "10.0.0.1\r\n10.0.0.2\n\nlast");
  CHECK(taken("all: {lines: true}", outcome) == R"({"all":["10.0.0.1","10.0.0.2","","last"]})");
  CHECK(taken("all: {value: stdout, lines: true}", exits(0)) == R"({"all":[]})");
  CHECK(taken("all: {value: exit_code, lines: true}", outcome) == "output `all`: `lines` takes text, and this is 0");
}

TEST_CASE("a regex takes its first group, else the whole match, from the first line that fits") {
  const Outcome outcome = exits(0, "one\nid=7 x\nid=8 y\n");
  CHECK(taken("id: {regex: 'id=([0-9]+)'}", outcome) == R"({"id":"7"})");
  CHECK(taken("id: {regex: 'id=[0-9]+'}", outcome) == R"({"id":"id=7"})");
  CHECK(taken("id: {regex: 'ID'}", outcome) == "output `id`: nothing in standard output matches `ID`");
}

TEST_CASE("a line may be long") {
  CHECK(taken("id: {regex: 'id=(.)'}", exits(0, std::string(200'000, 'x') + "id=1\nid=2\n")) == R"({"id":"1"})");
}

TEST_CASE("a type converts, or says why not") {
  CHECK(taken("n: {value: stdout, type: int}", exits(0, "42")) == R"({"n":42})");
  CHECK(taken("n: {value: stdout, type: int}", exits(0, "many")).rfind("output `n`: ", 0) == 0);
}

TEST_CASE("a name without a rule comes from the file of outputs") {
  CHECK(taken("id: {}", that_wrote({{"id", "i-1"}})) == R"({"id":"i-1"})");
  CHECK(taken("id: {}", that_wrote({})).rfind("output `id`: nothing wrote `id=...` to $RUNBOOK_OUTPUT", 0) == 0);
}

TEST_CASE("what else was written is recorded after what was asked for") {
  CHECK(taken("id: {}", that_wrote({{"more", "x"}, {"id", "i-1"}})) == R"({"id":"i-1","more":"x"})");
}

TEST_CASE("named outputs that died with their supervisor are missing, but the result is not") {
  Outcome outcome = that_wrote({});
  outcome.result = object({{"stdout", "i-2"}});
  outcome.named_outputs_are_missing = true;
  CHECK(taken("id: {}", outcome) ==
        "output `id`: what was written to $RUNBOOK_OUTPUT can't be read, or was held by the supervisor, which died");
  CHECK(taken("x: stdout", outcome) == R"({"x":"i-2"})");
}

TEST_CASE("a result that died with its supervisor is missing, but what was written to the file is not") {
  Outcome outcome = that_wrote({{"id", "i-1"}});
  outcome.result = Value();
  outcome.why_no_result = "the output was held by the supervisor, which died";
  CHECK(taken("x: stdout", outcome) == "output `x`: the output was held by the supervisor, which died");
  CHECK(taken("id: {}", outcome) == R"({"id":"i-1"})");
}
