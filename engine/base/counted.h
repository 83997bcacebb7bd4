#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace runbook {

// "1 step", "3 steps"; of nouns that take an s.
inline std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace runbook
