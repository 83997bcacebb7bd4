#pragma once
// Text from outside as part of a sentence.
#include <cstddef>
#include <string>
#include <string_view>

namespace runbook {

// Without line ends and other control characters, which become one blank each, and valid UTF-8; of a long one the beginning, and "...".
std::string one_line(std::string_view text, std::size_t most = 200);

}  // namespace runbook
