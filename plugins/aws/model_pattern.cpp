#include "plugins/aws/model_pattern.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/pattern.h"

namespace runbook::aws {
namespace {

constexpr std::size_t longest_text = 256;  // bounds the time: that of a search grows with its square

// Escapes of characters beyond ASCII, classes and quotes of Java and Perl; possessive repeats; inline flags and looking behind; classes within
// classes, and such as begin with their closing bracket.
constexpr std::array<std::string_view, 24> foreign = {"\\u", "\\x", "\\p", "\\P", "\\A", "\\Z", "\\z", "\\Q",
                                                      "\\h", "\\H", "\\R", "\\G", "*+",  "++",  "?+",  "}+",
                                                      "(?<", "(?i", "(?s", "(?m", "(?x", "&&",  "[^]", "[]"};

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_foreign(const std::string& pattern) {
  return !is_ascii(pattern) || std::any_of(foreign.begin(), foreign.end(),
                                           [&](std::string_view part) { return pattern.find(part) != std::string::npos; });
}

}  // namespace

bool is_refused_by_pattern(const std::string& pattern, const std::string& text) {
  if (pattern.empty() || text.size() > longest_text || !is_ascii(text) || is_foreign(pattern)) return false;
  std::string why;
  const std::optional<Pattern> compiled = Pattern::parse(pattern, why);
  return compiled && !compiled->search(text);
}

}  // namespace runbook::aws
