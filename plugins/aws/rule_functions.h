#pragma once
// The functions that endpoint rules call by name.
#include <string_view>

#include "base/value.h"

namespace runbook::aws {

// Null arguments, and such of another type than the function takes, give null, or false of a question. Error (exit 1): no such function.
Value call_rule_function(std::string_view name, const List& arguments, const Value& partitions);

}  // namespace runbook::aws
