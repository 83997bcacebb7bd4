#pragma once
// The pieces of which a JSON Schema of runbooks is put together. Everything reads scalars as a YAML 1.2 core reader gives them.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace runbook::schema {

// Regular expressions, which search.
constexpr const char* name_pattern = "^[a-z][a-z0-9_]*$";
// `state` is the state of a step.
constexpr const char* output_name_pattern = "^(?!state$)[a-z][a-z0-9_]*$";
constexpr const char* any_variable_pattern = "^[A-Za-z_][A-Za-z0-9_]*$";
// RUNBOOK_... are the engine's own.
constexpr const char* variable_pattern = "^(?!RUNBOOK_)[A-Za-z_][A-Za-z0-9_]*$";
constexpr const char* whole_pattern = "^-?[0-9]+$";
constexpr const char* number_pattern = "^-?[0-9.]+([eE][-+]?[0-9]+)?$";
constexpr const char* tool_pattern = "^[^/ \\t]+$";
constexpr const char* has_expression = "\\$\\{\\{";
constexpr const char* has_no_expression = "^(?![\\s\\S]*\\$\\{\\{)";
// Not empty, and not wrapped in ${{ }}.
constexpr const char* expression_pattern = "^\\s*(?!\\$\\{\\{)\\S";
// Not empty, and `${{` only behind another `$`.
constexpr const char* script_pattern = "^(?!\\$\\{\\{)(?![\\s\\S]*[^$]\\$\\{\\{)[\\s\\S]*[^ \\t\\n]";

// {"$ref": "#/$defs/DEFINITION"}
Value reference(std::string_view definition);
List texts_of(const std::vector<std::string>& texts);

// What is text in a runbook is also a number or true for a YAML reader.
Value scalar();
Value scalar(const char* pattern);
// A word that matches; true is one.
Value name_of(const char* pattern);
// Written as a number, or as text.
Value whole_number(std::int64_t least, std::int64_t most);
Value number(std::int64_t least);
// A number of items, or a percentage; `least` 0 or 1.
Value share(int least);
Value size();
enum class Zero { allowed, refused };
Value duration(Zero zero);

Value list_of(Value items);
Value not_empty(const Value& list);
// Keys that match, with this value each.
Value map_of(const char* key_pattern, Value value);
// These keys and no other.
Value closed_map(Map properties, List required);
// Exactly one of its keys.
Value with_one_key(const Value& map);

// A schema for each key: it is there.
List each_required(const std::vector<std::string>& keys);
Value if_else(Value condition, Value then, Value otherwise);
Value is_map();
Value is_list();
Value documented(std::string_view doc, const Value& fallback, const Value& shape);

}  // namespace runbook::schema
