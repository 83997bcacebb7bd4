#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace runbook {

// RFC 4648: section 4, and section 5 for what stands in URLs and file names. Both are padded.
enum class Base64 { standard, url };

std::string base64(std::string_view bytes, Base64 alphabet = Base64::standard);
// Of the standard alphabet; nullopt: it is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace runbook
