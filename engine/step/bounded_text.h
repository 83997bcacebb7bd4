#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace runbook {

// What is kept of a text that is all there at once: its first and last bytes, as many as are said, and between them a line that counts what is
// left out. Characters of UTF-8 stay whole.
std::string bounded_text(std::string_view text, std::int64_t head, std::int64_t tail);

}  // namespace runbook
