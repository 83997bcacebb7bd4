#include <doctest/doctest.h>

#include "tests/book/given.h"

using namespace runbook;

TEST_CASE("a_list_is_yaml_or_json_or_plain_text_with_commas") {
  const std::string inputs = "  zones: {type: list}\n";
  for (const char* text : {"[a, b]", R"(["a", "b"])", "a,b", " a , b ", "- a\n- b"}) {
    CAPTURE(std::string(text));
    CHECK(values_of(inputs, given({{"zones", text}})) == R"({"zones":["a","b"]})");
    CHECK(values_of(inputs, given({}, "", {{"RUNBOOK_INPUT_ZONES", text}})) == R"({"zones":["a","b"]})");
  }
  CHECK(values_of(inputs, given({}, "zones:\n  - a\n  - b")) == R"({"zones":["a","b"]})");
  CHECK(values_of(inputs, given({}, "zones: a,b")) == R"({"zones":["a","b"]})");
  CHECK(values_of(inputs, given({{"zones", "one"}})) == R"({"zones":["one"]})");
  CHECK(values_of(inputs, given({{"zones", "'a,b'"}})) == R"({"zones":["a,b"]})");
  CHECK(values_of(inputs, given({{"zones", "[]"}})) == R"({"zones":[]})");
}

TEST_CASE("items_are_numbers_where_they_look_like_it_unless_a_pattern_wants_text") {
  CHECK(values_of("  ports: {type: list}\n", given({{"ports", "80,443"}})) == R"({"ports":[80,443]})");
  CHECK(values_of("  ports: {type: list}\n", given({{"ports", "[80, '443', true, 012]"}})) ==
        R"({"ports":[80,"443",true,"012"]})");
}

TEST_CASE("a_pattern_of_a_list_is_about_the_text_of_each_item") {
  const std::string inputs = "  versions: {type: list, pattern: \"[0-9.]+\", default: [1.10, 2]}\n";
  CHECK(values_of(inputs, given({})) == R"({"versions":["1.10","2"]})");
  CHECK(values_of(inputs, given({{"versions", "1.20,3"}})) == R"({"versions":["1.20","3"]})");
  CHECK(values_of(inputs, given({}, "versions: [1.20, 010]")) == R"({"versions":["1.20","010"]})");
  CHECK(refusal_of(inputs, given({{"versions", "1,b"}})) ==
        "input `versions`: `b` does not match the pattern `[0-9.]+` / -i versions=...");
}

TEST_CASE("what_is_no_list_or_map_says_so") {
  CHECK(refusal_of("  zones: {type: list}\n", given({{"zones", "[a, b"}})).starts_with("input `zones`: `[a, b` is no list: "));
  CHECK(refusal_of("  zones: {type: list}\n", given({{"zones", "{a: b}"}})) ==
        "input `zones`: it is a map, and a list is wanted / -i zones=...");
  CHECK(refusal_of("  zones: {type: list}\n", given({{"zones", "a,,b"}})) ==
        "input `zones`: an item of the list is empty; `[]` is a list without items / -i zones=...");
  CHECK(refusal_of("  zones: {type: list}\n", given({}, "zones: {a: b}")) ==
        "input `zones`: expected a list, got a map / -i zones=...");
  CHECK(refusal_of("  tags: {type: map}\n", given({{"tags", "a"}})) ==
        "input `tags`: `a` is no map; write {key: value} / -i tags=...");
  CHECK(refusal_of("  region: {}\n", given({}, "region: [a]")) ==
        "input `region`: expected one value, got a list / -i region=...");
}

TEST_CASE("a_map_comes_from_flag_file_and_environment") {
  const std::string inputs = "  tags: {type: map}\n";
  const std::string wanted = R"({"tags":{"owner":"ana","cost":7}})";
  CHECK(values_of(inputs, given({{"tags", "{owner: ana, cost: 7}"}})) == wanted);
  CHECK(values_of(inputs, given({}, "tags: {owner: ana, cost: 7}")) == wanted);
  CHECK(values_of(inputs, given({}, "", {{"RUNBOOK_INPUT_TAGS", R"({"owner": "ana", "cost": 7})"}})) == wanted);
}

TEST_CASE("defaults_of_lists_and_maps_have_expressions_in_their_leaves") {
  const std::string inputs =
      "  region: {default: us-east-2}\n"
      "  zones: {type: list, default: [\"${{ $inputs.region }}a\", \"${{ $inputs.region }}b\"]}\n"
      "  first: {type: list, default: \"${{ $inputs.zones }}\"}\n"
      "  tags: {type: map, default: {where: \"${{ $inputs.region }}\", zones: [\"${{ $inputs.zones[0] }}\"], cost: 7}}\n"
      "  cost: {type: int, default: \"${{ $inputs.tags.cost }}\"}\n";
  CHECK(values_of(inputs, given({})) ==
        R"({"region":"us-east-2","zones":["us-east-2a","us-east-2b"],"first":["us-east-2a","us-east-2b"],)"
        R"("tags":{"where":"us-east-2","zones":["us-east-2a"],"cost":7},"cost":7})");
}

TEST_CASE("a_duration_stays_the_text_that_was_written") {
  const std::string inputs = "  wait: {type: duration, default: 90m}\n";
  CHECK(values_of(inputs, given({})) == R"({"wait":"90m"})");
  CHECK(values_of(inputs, given({{"wait", "1h30m"}})) == R"({"wait":"1h30m"})");
  CHECK(refusal_of(inputs, given({{"wait", "90"}})) ==
        "input `wait`: `90` is no duration without its unit: 90s, 90m / -i wait=...");
  CHECK(refusal_of(inputs, given({{"wait", "soon"}})) ==
        "input `wait`: `soon` is no duration; durations are written 500ms, 30s, 10m, 1h30m, 3d / -i wait=...");
}

TEST_CASE("numbers_are_read_as_decimals") {
  std::string why;
  CHECK(convert(ValueType::integer, "010", why)->as_int() == 10);
  CHECK_FALSE(convert(ValueType::integer, "1.0", why));
  CHECK(why == "`1.0` is not a whole number");
  CHECK_FALSE(convert(ValueType::integer, "99999999999999999999", why));
  CHECK_FALSE(convert(ValueType::number, "nan", why));
  CHECK_FALSE(convert(ValueType::boolean, "yes", why));
  CHECK(why == "`yes` is neither `true` nor `false`");
}
