#pragma once
// Reads back, one unit at a time, what tools escape when they print a text: %2F, + for a blank, \n, \", \u00e9, \x2f, \057.
#include <array>
#include <cstddef>
#include <string_view>

namespace runbook {

struct Unit {
  std::array<char, 4> bytes{};  // what it stands for
  std::size_t count = 1;        // how many of them
  std::size_t length = 1;       // bytes that were read; 0: cut off, the rest may follow
  bool is_literal = true;       // stands for itself
};

// The unit at the beginning of a text that is not empty. What is no escape stands for itself, byte by byte.
Unit percent_unit(std::string_view text);
Unit form_unit(std::string_view text);       // percent, and + for a blank
Unit backslash_unit(std::string_view text);  // JSON, C, $'...' and "..." of shells
Unit literal_unit(std::string_view text);

}  // namespace runbook
