#pragma once
// Text as one word of a POSIX shell.
#include <string>
#include <string_view>

namespace runbook {

// Always in apostrophes, within which nothing is special but the apostrophe itself.
std::string in_apostrophes(std::string_view text);
// As it is where a shell leaves it alone, as people would type it; else in apostrophes.
std::string quoted_for_shell(std::string_view text);

}  // namespace runbook
