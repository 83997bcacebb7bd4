#pragma once
// What a runbook, a file of inputs or a command line gives, written as YAML, as a value.
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "book/node.h"

namespace runbook {

// What a plain scalar is read as.
enum class Scalars {
  typed,  // true, false, null and decimal numbers are that; `010`, `0x10` and `1.2.3` are text, and so is what is quoted
  text,   // its source text counts, whatever it looks like
};

// The value of a scalar; nullopt: it is text.
std::optional<Value> constant_of(const Node& scalar);
Value given_value(const Node& node, Scalars scalars = Scalars::typed);

// nullptr: it is no YAML; then `why` says so in one line.
NodePtr parse_given(std::string_view text, std::string& why);

}  // namespace runbook
