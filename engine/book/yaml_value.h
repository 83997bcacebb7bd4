#pragma once
// YAML as data: what a node stands for by the core schema of YAML 1.2 (section 10.3.2).
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "book/node.h"

namespace runbook {

// A scalar without quotes is null, true, false or a number where it looks like one; all other text is text.
Value value_of(const Node& node);

// nullopt: the text is no YAML; then `why` says what is wrong, in one line. Nothing at all is null.
std::optional<Value> parse_yaml_text(std::string_view text, std::string& why);

// Block style, two spaces a level; ends with a newline. Reading it gives the value again, with any reader of YAML 1.1 or 1.2: text
// that one of them could take for something else stands in double quotes.
std::string to_yaml(const Value& value);
// Text as it can stand within {...}: as it is where nothing in it could be misread, else quoted.
std::string flow_text(const std::string& text);

}  // namespace runbook
