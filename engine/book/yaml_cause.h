#pragma once
// Why a text is not YAML, in the words of the person who wrote it: quotes, tabs, indentation, colons.
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace runbook {

// What had been read when the parser gave up. Offsets are bytes into the text.
struct ReadingState {
  std::size_t last_scalar = 0;
  std::optional<std::size_t> last_long_quote;  // the latest quoted value that goes over several lines
  std::vector<std::size_t> open;               // where the open lists and maps begin, outermost first
};

// Behind the closing quote of the quoted value at `begin`; npos if it is never closed.
std::size_t end_of_quoted(std::string_view text, std::size_t begin);

// Whether the bracket at `begin` has its partner, as far as brackets alone tell.
bool is_closed(std::string_view text, std::size_t begin);

// `parser_words` and `offset` are what the parser says; the result is what a person would say, and where.
Diagnostic yaml_cause(std::string_view text, std::string_view parser_words, std::size_t offset, const ReadingState& state);

}  // namespace runbook
