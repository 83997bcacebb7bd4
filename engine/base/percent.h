#pragma once
// Percent-encoding (RFC 3986, section 2). Unreserved characters stay: A-Z a-z 0-9 - . _ ~
#include <string>
#include <string_view>

namespace runbook {

// Every other byte becomes %XX, upper case, but those of `kept`.
std::string percent_encoded(std::string_view text, std::string_view kept = {});
// A `%` that no two hex digits follow stays as it is. "+" is a plus.
std::string percent_decoded(std::string_view text);

}  // namespace runbook
