#pragma once
// One value of a parameter, that is no structure, list or map, against its shape.
#include <optional>
#include <string>

#include "base/value.h"
#include "plugins/aws/check_params.h"
#include "plugins/aws/shape.h"

namespace runbook::aws {

struct ValueFault {
  std::string what;  // said of the parameter: "must be a number, not text"
  std::string hint;
  ParamFault::Severity severity = ParamFault::Severity::error;
};

using IsKnown = bool (*)(const Value& text);

// The first fault. A text that is not known has none.
std::optional<ValueFault> fault_of_value(const Shape& shape, const ShapeRef& ref, const Value& value, IsKnown is_known);
// Of a text for its length, its pattern and its enum: values, and keys of maps.
std::optional<ValueFault> fault_of_text(const Shape& shape, const std::string& text);
// Of the number of a list's items, a map's entries, a text's characters (`unit`).
std::optional<ValueFault> fault_of_length(const Shape& shape, std::size_t length, const char* unit);

// "text", "a number", "a list"
std::string kind_of(const Value& value);

}  // namespace runbook::aws
