#pragma once
// A model's documentation, which is HTML, for a person at a terminal.
#include <cstddef>
#include <string>
#include <string_view>

namespace runbook::aws {

// Paragraphs as lines; `code` in backquotes.
std::string plain_text(std::string_view html);
// HTML without its boxes <note> and <important>, which often stand before what is described.
std::string without_notes(std::string html);
// The first sentence of a plain text, and the second if the first is short; cut where it is very long.
std::string first_sentences(const std::string& text);
// Broken at blanks so that no line is longer than `width`, where words allow; each line begins with `indent` blanks and ends with "\n".
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 100);

}  // namespace runbook::aws
