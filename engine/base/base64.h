#pragma once
// Bytes as text, for JSON (RFC 4648, with padding).
#include <optional>
#include <string>
#include <string_view>

namespace runbook {

std::string to_base64(std::string_view bytes);
// nullopt: it is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace runbook
