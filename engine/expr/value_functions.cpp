#include "expr/value_functions.h"

#include <cstdint>

#include "base/json.h"

namespace runbook {
namespace {

Value keys_of(const FunctionCall& given) {
  List names;
  for (const auto& [name, value] : given[0].as_map()) names.emplace_back(name);
  return Value(std::move(names));
}
Value values_of(const FunctionCall& given) {
  List values;
  for (const auto& [name, value] : given[0].as_map()) values.push_back(value);
  return Value(std::move(values));
}
Value merged(const FunctionCall& given) {
  Value all{Map()};
  for (std::size_t i = 0; i < given.size(); ++i) {
    for (const auto& [name, value] : given[i].as_map()) all = with(all, name, value);
  }
  return all;
}
Value first_not_null(const FunctionCall& given) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].is_null()) return given[i];
  }
  return {};
}

Value to_array(const FunctionCall& given) { return given[0].is_list() ? given[0] : Value(List{given[0]}); }
Value to_string(const FunctionCall& given) { return text_or_json(given[0]); }
Value to_number(const FunctionCall& given) {
  if (given[0].is_number()) return given[0];
  if (!given[0].is_text()) return {};
  const auto parsed = try_parse_json(given[0].as_text());
  return parsed && parsed->is_number() ? *parsed : Value();
}
Value type_of(const FunctionCall& given) {
  if (given[0].is_number()) return "number";
  if (given[0].is_bool()) return "boolean";
  if (given[0].is_list()) return "array";
  if (given[0].is_map()) return "object";
  return given[0].is_null() ? "null" : "string";
}

Value member_or_else(const FunctionCall& given) {
  Value found;
  if (given[0].is_map() && given[1].is_text()) found = given[0].get(given[1].as_text());
  if (given[0].is_list() && given[1].is_int()) {
    const List& list = given[0].as_list();
    const auto size = static_cast<std::int64_t>(list.size());
    const std::int64_t at = given[1].as_int() < 0 ? given[1].as_int() + size : given[1].as_int();
    if (at >= 0 && at < size) found = list[static_cast<std::size_t>(at)];
  }
  return found.is_null() && given.size() > 2 ? given[2] : found;
}

}  // namespace

std::vector<Function> value_functions() {
  return {
      {"keys", {accepts_map}, 1, false, false, "keys(map)", "the names in a map", keys_of},
      {"merge", {accepts_map}, 0, true, false, "merge(map, map...)", "one map of many; later members win", merged},
      {"not_null",
       {accepts_anything},
       1,
       true,
       false,
       "not_null(value, value...)",
       "the first that is not null",
       first_not_null},
      {"to_array", {accepts_anything}, 1, false, false, "to_array(value)", "a list; of one item if it was none", to_array},
      {"to_number",
       {accepts_anything},
       1,
       false,
       false,
       "to_number(value)",
       "the number that a text holds, or null",
       to_number},
      {"to_string", {accepts_anything}, 1, false, false, "to_string(value)", "text as it is, all else as JSON", to_string},
      {"type",
       {accepts_anything},
       1,
       false,
       false,
       "type(value)",
       "'number', 'string', 'boolean', 'array', 'object', 'null'",
       type_of},
      {"values", {accepts_map}, 1, false, false, "values(map)", "the values in a map", values_of},
      {"if",
       {accepts_anything, accepts_anything, accepts_anything},
       3,
       false,
       true,
       "if(condition, one, other)",
       "one of two; only that is evaluated",
       nullptr},
      {"get",
       {accepts_map | accepts_list | accepts_null, accepts_text | accepts_number, accepts_anything},
       2,
       false,
       true,
       "get(map or list, key, else)",
       "a member by a computed name; `else` where there is none",
       member_or_else},
  };
}

}  // namespace runbook
