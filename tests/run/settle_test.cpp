#include "run/settle.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// An attempt that runs, and the event that its outcome makes.
struct Attempt : Story {
  explicit Attempt(const std::string& keys) : Story("- {id: a, shell: one" + (keys.empty() ? "" : ", " + keys) + "}\n") {
    record(Proposal(event::intent, "a", {}, 1));
  }
  Proposal settled(const Outcome& outcome, IfNotStarted if_not_started = IfNotStarted::stops) {
    RunScope scope(facts, state, values);
    return settle(*facts.runbook->find("a"), of("a"), outcome, scope, now_ms, if_not_started);
  }
};

std::string result_of(const Proposal& proposal) {
  std::string result = proposal.event.body.text_or("result", "");
  return result.empty() ? proposal.event.kind : proposal.event.kind + " " + result;
}

std::string blob_of(const Proposal& proposal, const std::string& member) {
  for (const auto& [name, bytes] : proposal.blobs) {
    if (name == member) return bytes;
  }
  return "none";
}

}  // namespace

TEST_CASE("what an outcome means depends on the effect") {
  struct Row {
    Outcome outcome;
    std::string repeatable, once;
  };
  const std::vector<Row> rows = {
      {exits(0), "ended succeeded", "ended succeeded"},
      {exits(3), "ended failed", "ended failed"},
      {is_not_started(), "ended not_started", "ended not_started"},
      {times_out(), "ended timed_out", "doubted"},
      {is_stopped(), "ended cancelled", "doubted"},
      {is_lost(), "doubted", "doubted"},
  };
  for (const Row& row : rows) {
    for (const char* effect : {"read", "idempotent", "once", "irreversible"}) {
      CAPTURE(effect);
      Effect of_step = Attempt(std::string("effect: ") + effect).facts.runbook->find("a")->effect;
      Proposal proposal = Attempt(std::string("effect: ") + effect).settled(row.outcome);
      CHECK(result_of(proposal) == (is_repeatable(of_step) ? row.repeatable : row.once));
      CHECK(proposal.event.attempt == 1);
    }
  }
}

TEST_CASE("every outcome but success carries its reason") {
  for (const Outcome& outcome : {exits(3), is_not_started(), times_out(), is_stopped(), is_lost()})
    CHECK(Attempt("").settled(outcome).event.body.text_or("why", "") == outcome.reason);
}

TEST_CASE("what a process wrote is kept with its outcome, whatever it is") {
  for (Outcome outcome : {exits(0), exits(3), times_out(), is_lost()}) {
    outcome.output = "it began\n";
    outcome.output_total = 9;
    outcome.output_sha256 = "abc";
    outcome.strays = {"pid 7 sleep"};
    outcome.left = {"pid 8 tunnel"};
    Proposal proposal = Attempt("").settled(outcome);
    CHECK(blob_of(proposal, "output") == "it began\n");
    CHECK(proposal.event.body.int_or("output_total", 0) == 9);
    CHECK(proposal.event.body.text_or("output_sha256", "") == "abc");
    CHECK(proposal.event.body.get("strays") == Value(List{"pid 7 sleep"}));
    CHECK(proposal.event.body.get("left") == Value(List{"pid 8 tunnel"}));
    CHECK(proposal.event.body.int_or("exit_code", -1) == outcome.exit_code);
  }
}

TEST_CASE("a process that exited with 0 is looked at before it has succeeded") {
  Proposal done = Attempt("done_when: {shell: look, timeout: 5s}").settled(exits(0));
  CHECK(result_of(done) == "exited");
  CHECK(done.event.body.int_or("looks_until_ms", 0) == 1'005'000);
  CHECK_FALSE(done.event.body.bool_or("verifying", false));
  Proposal verify = Attempt("verify: {shell: look, timeout: 3s}").settled(exits(0));
  CHECK(verify.event.body.bool_or("verifying", false));
  CHECK(verify.event.body.int_or("looks_until_ms", 0) == 1'003'000);
}

TEST_CASE("outputs are taken with success, and a missing one is a failure that is not repeated") {
  const std::string keys = "outputs: {id: json.id}, retry: {attempts: 3}";
  CHECK(blob_of(Attempt(keys).settled(exits(0, R"({"id": "i-1"})")), "outputs") == R"({"id":"i-1"})");
  Proposal missing = Attempt(keys).settled(exits(0, "{}"));
  CHECK(result_of(missing) == "ended failed");
  CHECK(missing.event.body.text_or("why", "") == "it ran and exited with 0, but output `id`: `json.id` is null");
  CHECK(missing.event.body.find("retry_at_ms") == nullptr);
}

TEST_CASE("a failure that is tried again says when and which attempt follows") {
  Proposal proposal = Attempt("retry: {attempts: 3, delay: 2s}").settled(exits(1));
  CHECK(proposal.event.body.int_or("retry_at_ms", 0) == 1'002'000);
  CHECK(proposal.event.body.text_or("why", "") == "it exited with 1; attempt 2 of 3 follows");
}

TEST_CASE("a process that exited with 0 is never run again by policy") {
  Outcome outcome = exits(0);
  outcome.kind = Outcome::Kind::failed;
  outcome.reason = "it ran and exited with 0, but its outputs can't be read";
  CHECK(Attempt("retry: {attempts: 3}").settled(outcome).event.body.find("retry_at_ms") == nullptr);
}

TEST_CASE("what is proven not to have started fails, or begins again where an engine died") {
  CHECK_FALSE(Attempt("").settled(is_not_started()).event.body.bool_or("again", false));
  CHECK(Attempt("").settled(is_not_started(), IfNotStarted::begins_again).event.body.bool_or("again", false));
}

TEST_CASE("a doubt is looked at for as long as done_when says") {
  CHECK(Attempt("done_when: {shell: look, timeout: 5s}").settled(is_lost()).event.body.int_or("looks_until_ms", 0) ==
        1'005'000);
  CHECK(Attempt("").settled(is_lost()).event.body.int_or("looks_until_ms", 0) == 1'000'000);
}
