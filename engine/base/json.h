#pragma once
// JSON (RFC 8259) to and from Value. nlohmann-json is included by json.cpp alone.
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"

namespace runbook {

// Throws Error (exit 2) naming line and column. Duplicate keys: the last counts. Integers beyond 64 bits become numbers.
Value parse_json(std::string_view text);
// nullopt where parse_json would throw.
std::optional<Value> try_parse_json(std::string_view text);

// One line. Bytes that are not UTF-8 become U+FFFD; never throws.
std::string to_json(const Value& value);
// Text as it is, all else as to_json: how a value stands within a sentence, a setting or a listing.
std::string text_or_json(const Value& value);
// Two spaces a level.
std::string to_pretty_json(const Value& value);

}  // namespace runbook
