#pragma once
// The types that inputs and outputs have, and how text becomes a value of one.
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "book/given_value.h"

namespace runbook {

enum class ValueType {
  text,
  integer,
  number,
  boolean,
  list,
  map,
  path,      // text; relative to the runbook's folder
  duration,  // text as it was written, "1h30m", so that it can be handed to a tool
  secret,
};
std::string_view value_type_name(ValueType type);  // "string", "int", "number", "bool", "list", ...

// Lists and maps have members; all others are one value.
bool has_members(ValueType type);
// Reaches scripts as an environment variable under its own name.
bool is_exported(ValueType type);

// Converts text to the type, or says why not ("`abc` is not a whole number"). A list or map is YAML or JSON, a list also plain
// text separated by commas; `scalars` says what its leaves are read as.
std::optional<Value> convert(ValueType type, const std::string& text, std::string& why, Scalars scalars = Scalars::typed);
std::optional<Value> convert(ValueType type, const Node& node, std::string& why, Scalars scalars = Scalars::typed);

}  // namespace runbook
