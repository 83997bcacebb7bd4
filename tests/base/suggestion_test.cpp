#include "base/suggestion.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

const std::vector<std::string> keys = {"title", "steps", "inputs", "when", "timeout", "wait_until"};

}  // namespace

TEST_CASE("a slip of the finger finds the name that was meant") {
  CHECK(nearest("titel", keys) == "title");       // two swapped
  CHECK(nearest("tile", keys) == "title");        // one missing
  CHECK(nearest("timeoutt", keys) == "timeout");  // one too many
  CHECK(nearest("stept", keys) == "steps");       // one wrong
  CHECK(nearest("wait-untill", keys) == "wait_until");
  CHECK(nearest("clstr", {"cluster"}) == "cluster");  // two of seven missing
  CHECK(nearest("Title", keys) == "title");
  CHECK(nearest("TIMEOUT", keys) == "timeout");
}

TEST_CASE("more than a third of the name is no slip") {
  CHECK(nearest("text", keys) == "");
  CHECK(nearest("wh", keys) == "");
  CHECK(nearest("", keys) == "");
  CHECK(nearest("titel", {}) == "");
  CHECK(nearest(std::string(100'000, 'x'), keys) == "");
}

TEST_CASE("of several near names the nearest wins, and the first of equals") {
  CHECK(nearest("step_3", {"step_11", "step_2", "step_1"}) == "step_2");
  CHECK(nearest("stepss", {"stepped", "steps"}) == "steps");
}

TEST_CASE("a suggestion asks, or lists what is known") {
  CHECK(suggestion("titel", keys) == "did you mean `title`?");
  CHECK(suggestion("xyz", {"a", "b", "c"}) == "known: a, b, c");
  CHECK(suggestion("xyz", {"a", "b", "c"}, 2) == "known: a, b and 1 more");
  CHECK(suggestion("xyz", {}) == "");
  CHECK(suggestion("xyz", {"a"}, 0) == "");
}
