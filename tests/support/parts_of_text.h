#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace runbook {

inline bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// How often; the next may begin within the one before.
inline std::size_t times(const std::string& text, std::string_view part) {
  std::size_t number = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

}  // namespace runbook
