#include "plugins/kubectl_streams.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

constexpr const char* no_output = "E1130 02:47:05.378129   13479 websocket.go:296] Unknown stream id 1, discarding message\n";
constexpr const char* no_errors = "E1130 02:47:05.378129   13479 websocket.go:296] Unknown stream id 2, discarding message\n";
constexpr const char* no_ending = "E1130 02:47:05.378248   13479 websocket.go:296] Unknown stream id 3, discarding message\n";

Outcome of(const std::string& written, Outcome::Kind kind = Outcome::Kind::succeeded, const char* verb = "exec") {
  Outcome outcome;
  outcome.kind = kind;
  outcome.output = written;
  return without_lost_streams(std::move(outcome), read_kubectl_words({verb, "pod", "--", "curl"}));
}

}  // namespace

TEST_CASE("a command in a container whose end kubectl discarded may have failed, whatever kubectl exits with") {
  for (const Outcome::Kind kind : {Outcome::Kind::succeeded, Outcome::Kind::failed}) {
    CHECK(of(std::string(no_output) + no_ending, kind).kind == Outcome::Kind::unknown);
    CHECK(of(no_ending, kind).reason.find("of how it ended (kubernetes/kubernetes#131189)") != std::string::npos);
  }
}

TEST_CASE("one whose output was discarded has no result, and ended as kubectl says") {
  for (const char* line : {no_output, no_errors}) {
    const Outcome outcome = of(std::string(line) + "more\n");
    CHECK(outcome.kind == Outcome::Kind::succeeded);
    CHECK(outcome.why_no_result.find("kubectl discarded a part of what the container wrote") == 0);
  }
}

TEST_CASE("what was written is what kubectl itself says, of a verb that has streams") {
  CHECK(of(no_ending, Outcome::Kind::succeeded, "get").kind == Outcome::Kind::succeeded);
  CHECK(of("Unknown stream id 3, discarding message\n").kind == Outcome::Kind::succeeded);
  CHECK(of("fine\n").why_no_result.empty());
  CHECK(of(no_ending, Outcome::Kind::cancelled).kind == Outcome::Kind::cancelled);
}

TEST_CASE("standard error is looked at where it was asked for apart") {
  Outcome outcome;
  outcome.kind = Outcome::Kind::succeeded;
  outcome.result = object({{"stdout", no_ending}, {"stderr", no_output}});
  outcome.output = std::string(no_ending) + no_output;
  const Outcome found = without_lost_streams(outcome, read_kubectl_words({"exec", "pod"}));
  CHECK(found.kind == Outcome::Kind::succeeded);
  CHECK_FALSE(found.why_no_result.empty());
}
