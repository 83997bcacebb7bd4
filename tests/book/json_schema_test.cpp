#include "book/json_schema.h"

#include <doctest/doctest.h>

#include "book/key_docs.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

// "a/b/c": a member of a member of a member.
Value at(Value value, std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    value = value.get(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return value;
}

Value made() { return json_schema(test_types()); }

std::vector<std::string> keys_of(const Value& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map.as_map()) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("the_schema_has_the_keys_that_the_loader_reads_and_no_other") {
  CHECK(keys_of(at(made(), "properties")) == keys::runbook.known);
  CHECK(keys_of(at(made(), "$defs/section/properties")) == keys::section.known);
  std::vector<std::string> of_step = keys::step.known;
  for (const char* type : {"shell", "exec", "wait_until", "assert", "manual", "include"}) of_step.emplace_back(type);
  CHECK(keys_of(at(made(), "$defs/step/properties")) == of_step);
  std::vector<std::string> of_wait = keys::wait_until.known;
  for (const char* type : {"shell", "exec"}) of_wait.emplace_back(type);
  CHECK(keys_of(at(made(), "$defs/wait_until/properties")) == of_wait);
  for (const char* map : {"", "$defs/section", "$defs/step", "$defs/wait_until", "$defs/before"}) {
    CAPTURE(map);
    CHECK(at(made(), map).get("additionalProperties") == Value(false));
  }
}

TEST_CASE("a_key_carries_its_sentence_its_choices_and_what_counts_without_it") {
  const Value effect = at(made(), "$defs/step/properties/effect");
  CHECK(effect.get("description") == Value(key_doc(keys::step, "effect").doc));
  CHECK(effect.get("enum") == Value(List{"read", "idempotent", "once", "irreversible"}));
  CHECK(at(made(), "$defs/step/properties/on_timeout/default") == Value("ask"));
  CHECK(at(made(), "$defs/step/required") == Value(List{"id"}));
}

TEST_CASE("a_declared_type_brings_its_own_parameters") {
  Declarations types = {{"copy",
                         "Copies a file",
                         "from",
                         {{"from", Param::Type::value, "The file.", true, {}, {}},
                          {"to", Param::Type::value, "Where to.", true, {}, {}},
                          {"mode", Param::Type::value, "How.", false, "fast", {"fast", "safe"}}},
                         Effect::idempotent,
                         false}};
  const Value schema = json_schema(types);
  const Value in_full = at(schema, "$defs/probe_type_copy/then");
  CHECK(keys_of(in_full.get("properties")) == std::vector<std::string>{"from", "to", "mode"});
  CHECK(in_full.get("required") == Value(List{"from", "to"}));
  CHECK(at(in_full, "properties/mode/default") == Value("fast"));
  CHECK(at(in_full, "properties/mode/anyOf").as_list().at(0).get("enum") == Value(List{"fast", "safe"}));
  CHECK(at(schema, "$defs/probe_type_copy/description") == Value("Copies a file"));
  CHECK(at(schema, "$defs/step/properties/shell").is_null());
  CHECK(at(schema, "properties/defaults/properties/copy/properties/mode").is_map());
  CHECK(schema.get("allOf").as_list().size() == 2);
}

TEST_CASE("a_type_without_parameters_needs_no_rule") {
  const Value schema = json_schema({{"noop", "Does nothing", "", {}, Effect::read, false}});
  CHECK(schema.get("allOf").is_null());
  CHECK(at(schema, "$defs/step_type_noop/else/type") == Value("object"));
}
