#pragma once
// Durations of the language: 500ms 2.5s 10m 1h30m 3d.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runbook {

// Milliseconds; nullopt if it is not a duration. Units descend, each at most once; a fraction only in the last part, and
// only one that is a whole number of milliseconds; no sign, no blanks.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// "1h30m", "2.5s", "0ms": reads back as the same duration.
std::string duration_text(std::int64_t ms);
// For people: "0.3s", "12s", "3m 05s", "2h 10m".
std::string elapsed_text(std::int64_t ms);

}  // namespace runbook
