#include "book/input_rules.h"

#include <doctest/doctest.h>

#include "tests/book/given.h"

using namespace runbook;

TEST_CASE("what_is_rejected_says_because") {
  const std::string inputs =
      "  node_size: {default: m4.large, reject: {pattern: \"^m3\\\\.\", because: \"m3 instances behaved unpredictably\"}}\n";
  CHECK(values_of(inputs, given({})) == R"({"node_size":"m4.large"})");
  CHECK(values_of(inputs, given({{"node_size", "xm3.large"}})) == R"({"node_size":"xm3.large"})");
  CHECK(refusal_of(inputs, given({{"node_size", "m3.large"}})) ==
        "input `node_size`: `m3.large` is refused: m3 instances behaved unpredictably / -i node_size=...");
}

TEST_CASE("an_enum_names_its_values") {
  const std::string inputs = "  size: {enum: [small, large], example: large}\n";
  CHECK(values_of(inputs, given({{"size", "small"}})) == R"({"size":"small"})");
  CHECK(refusal_of(inputs, given({{"size", "medium"}})) == "input `size`: `medium` is none of: small, large / -i size=large");
  CHECK(values_of("  n: {type: int, enum: [1, 3]}\n", given({{"n", "3"}})) == R"({"n":3})");
  CHECK(refusal_of("  zones: {type: list, enum: [a, b]}\n", given({{"zones", "a,c"}})) ==
        "input `zones`: `c` is none of: a, b / -i zones=...");
}

TEST_CASE("numbers_and_durations_have_bounds") {
  const std::string count = "  count: {type: int, min: 2, max: 9}\n";
  CHECK(values_of(count, given({{"count", "2"}})) == R"({"count":2})");
  CHECK(values_of(count, given({{"count", "9"}})) == R"({"count":9})");
  CHECK(refusal_of(count, given({{"count", "1"}})) == "input `count`: `1` is less than 2 / -i count=...");
  CHECK(refusal_of(count, given({{"count", "10"}})) == "input `count`: `10` is more than 9 / -i count=...");
  CHECK(refusal_of("  ratio: {type: number, max: 0.5}\n", given({{"ratio", "0.75"}})) ==
        "input `ratio`: `0.75` is more than 0.5 / -i ratio=...");
  const std::string wait = "  wait: {type: duration, min: 1m, max: 1h30m}\n";
  CHECK(values_of(wait, given({{"wait", "90m"}})) == R"({"wait":"90m"})");
  CHECK(refusal_of(wait, given({{"wait", "59s"}})) == "input `wait`: `59s` is shorter than 1m / -i wait=...");
  CHECK(refusal_of(wait, given({{"wait", "2h"}})) == "input `wait`: `2h` is longer than 1h30m / -i wait=...");
}

TEST_CASE("lists_and_maps_have_counts") {
  const std::string zones = "  zones: {type: list, min_items: 2, max_items: 3, example: [a, b]}\n";
  CHECK(values_of(zones, given({{"zones", "a,b"}})) == R"({"zones":["a","b"]})");
  CHECK(refusal_of(zones, given({{"zones", "a"}})) == "input `zones`: it has 1 item, and at least 2 are wanted / -i zones=a,b");
  CHECK(refusal_of(zones, given({{"zones", "a,b,c,d"}})) ==
        "input `zones`: it has 4 items, and at most 3 are wanted / -i zones=a,b");
  CHECK(refusal_of("  tags: {type: map, min_items: 1, example: {a: b}}\n", given({{"tags", "{}"}})) ==
        "input `tags`: it has 0 items, and at least 1 are wanted / -i tags='{\"a\":\"b\"}'");
}

TEST_CASE("what_a_default_yields_is_held_to_the_rules_too") {
  const std::string inputs = "  a: {}\n  b: {default: \"${{ $inputs.a }}\", enum: [x, y]}\n";
  CHECK(values_of(inputs, given({{"a", "x"}})) == R"({"a":"x","b":"x"})");
  CHECK(refusal_of(inputs, given({{"a", "z"}})) == "input `b`: `z` is none of: x, y / -i b=...");
}

TEST_CASE("a_rejected_secret_is_not_repeated") {
  const std::string inputs =
      "  token: {type: secret, reject: {pattern: \"^ghp_\", because: personal tokens end with the person}}\n";
  CHECK(refusal_of(inputs, given({}, "token: ghp_1234567")) ==
        "input `token`: its value is refused: personal tokens end with the person / export RUNBOOK_INPUT_TOKEN=...");
}
