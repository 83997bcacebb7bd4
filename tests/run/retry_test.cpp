#include "run/retry.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// The delay before the attempt that follows the given one; -1: none does.
std::int64_t delay_after(int attempts, const std::string& retry, const Outcome& outcome = exits(1)) {
  Story story("- {id: a, shell: one, retry: {" + retry + "}}\n");
  InstanceState it;
  it.attempts = attempts;
  RunScope scope(story.facts, story.state, story.values);
  auto at_ms = retry_at_ms(*story.facts.runbook->find("a"), it, outcome, scope, 1'000'000);
  return at_ms ? *at_ms - 1'000'000 : -1;
}

}  // namespace

TEST_CASE("attempts counts the first") {
  CHECK(delay_after(1, "attempts: 1") == -1);
  CHECK(delay_after(1, "attempts: 3, delay: 2s") == 2'000);
  CHECK(delay_after(2, "attempts: 3, delay: 2s") == 2'000);
  CHECK(delay_after(3, "attempts: 3, delay: 2s") == -1);
}

TEST_CASE("the delay grows by backoff up to max_delay") {
  const std::string retry = "attempts: 2000, delay: 1s, backoff: 2, max_delay: 10s";
  CHECK(delay_after(1, retry) == 1'000);
  CHECK(delay_after(2, retry) == 2'000);
  CHECK(delay_after(4, retry) == 8'000);
  CHECK(delay_after(5, retry) == 10'000);
  CHECK(delay_after(1'999, retry) == 10'000);
}

TEST_CASE("only failures that retry.when holds for are tried again") {
  const std::string retry = "attempts: 3, delay: 1s, when: exit_code == 75";
  CHECK(delay_after(1, retry, exits(75)) == 1'000);
  CHECK(delay_after(1, retry, exits(1)) == -1);
}

TEST_CASE("a failure that can't be judged is not tried again") {
  CHECK(delay_after(1, "attempts: 3, when: stdout") == -1);
  CHECK(delay_after(1, "attempts: 3, when: stdout < 3") == -1);
}
