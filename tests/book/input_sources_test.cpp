#include <doctest/doctest.h>

#include "tests/book/given.h"

using namespace runbook;

namespace {

// What the places of `from` have: by kind and name. What is not there gives nothing.
struct Places {
  std::map<std::string, std::string> values;
  std::vector<std::string> looked_at;
};

std::string name_of(const InputSource& source) {
  switch (source.kind) {
    case InputSource::Kind::environment: return "$" + source.name;
    case InputSource::Kind::file: return source.name;
    case InputSource::Kind::command: return source.argv.front() + "/" + std::to_string(source.argv.size());
    case InputSource::Kind::ask: return "ask";
  }
  return {};
}

GivenInputs looking(GivenInputs inputs, Places& places) {
  inputs.look = [&places](const Input&, const InputSource& source) {
    const std::string name = name_of(source);
    places.looked_at.push_back(name);
    const auto found = places.values.find(name);
    if (found == places.values.end()) return Found{std::nullopt, name + " is not there", {}, {}};
    if (found->second == "refused") return Found{std::nullopt, {}, "others can read " + name, "chmod 600 " + name};
    return Found{found->second, {}, {}, {}};
  };
  return inputs;
}

const std::string name_from_all =
    "  name: {from: [{env: NAME}, {file: n.txt}, {command: [who, am, i]}, ask], default: nobody}\n";

}  // namespace

TEST_CASE("the_first_place_that_gives_something_wins_and_no_other_is_looked_at") {
  Places places{{{"who/3", "ada"}, {"ask", "ben"}}, {}};
  CHECK(values_of(name_from_all, looking(given({}), places)) == R"({"name":"ada"})");
  CHECK(places.looked_at == std::vector<std::string>{"$NAME", "n.txt", "who/3"});
}

TEST_CASE("places_come_after_flag_file_and_environment_and_before_the_default") {
  Places places{{{"$NAME", "place"}}, {}};
  CHECK(values_of(name_from_all, looking(given({{"name", "flag"}}), places)) == R"({"name":"flag"})");
  CHECK(values_of(name_from_all, looking(given({}, "name: file"), places)) == R"({"name":"file"})");
  CHECK(values_of(name_from_all, looking(given({}, "", {{"RUNBOOK_INPUT_NAME", "env"}}), places)) == R"({"name":"env"})");
  CHECK(places.looked_at.empty());
  CHECK(values_of(name_from_all, looking(given({}), places)) == R"({"name":"place"})");
  Places empty;
  CHECK(values_of(name_from_all, looking(given({}), empty)) == R"({"name":"nobody"})");
}

TEST_CASE("what_no_place_gives_is_missing_with_the_reason_of_each") {
  Places places;
  CHECK(refusal_of(*with_inputs("  token: {type: secret, from: [{env: TOKEN}, ask]}\n"), looking(given({}), places)) ==
        "input `token` is missing; $TOKEN is not there, ask is not there / export RUNBOOK_INPUT_TOKEN=...");
}

TEST_CASE("a_place_that_must_not_be_used_stops_the_search") {
  Places places{{{"t", "refused"}, {"ask", "hunter22"}}, {}};
  CHECK(refusal_of(*with_inputs("  token: {type: secret, from: [{file: t}, ask]}\n"), looking(given({}), places)) ==
        "input `token`: others can read t / chmod 600 t");
  CHECK(places.looked_at == std::vector<std::string>{"t"});
}

TEST_CASE("what_a_place_gives_is_held_to_type_and_rules") {
  Places places{{{"$PORT", "many"}}, {}};
  CHECK(refusal_of(*with_inputs("  port: {type: int, from: [{env: PORT}]}\n"), looking(given({}), places)) ==
        "input `port`: `many` is not a whole number / -i port=...");
}

TEST_CASE("on_resume_secrets_are_looked_for_again_and_nothing_else_is") {
  Places places{{{"$TOKEN", "hunter22"}}, {}};
  const auto book =
      with_inputs(name_from_all + "  token: {type: secret, from: [{env: TOKEN}]}\n  other: {type: secret, from: [ask]}\n");
  CHECK(resolve_secrets(*book, looking(given({}), places)) == std::map<std::string, std::string>{{"token", "hunter22"}});
  CHECK(places.looked_at == std::vector<std::string>{"$TOKEN", "ask"});
}

TEST_CASE("where_secrets_are_left_out_they_are_not_looked_for") {
  Places places{{{"$TOKEN", "hunter22"}}, {}};
  GivenInputs inputs = looking(given({}), places);
  inputs.leaves_out_secrets = true;
  const auto book = with_inputs("  token: {type: secret, from: [{env: TOKEN}]}\n  region: {default: x}\n");
  CHECK(to_json(resolve_inputs(*book, inputs).values) == R"({"region":"x"})");
  CHECK(places.looked_at.empty());
}
