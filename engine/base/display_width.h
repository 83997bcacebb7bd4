#pragma once
// How many columns of a terminal a text takes. By a table of its own: wcwidth() follows the locale, and in "C" knows ASCII alone.
#include <cstddef>
#include <string_view>

namespace runbook {

// 0: marks that stand on the character before, and what is not seen; 2: East Asian wide characters and emoji; else 1.
std::size_t display_width(char32_t point);
// Of bytes that need not be UTF-8; what is not counts as one column a byte. The text has no control characters.
std::size_t display_width(std::string_view text);

}  // namespace runbook
