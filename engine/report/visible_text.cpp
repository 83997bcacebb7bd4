#include "report/visible_text.h"

#include <fmt/format.h>

#include "base/cells.h"
#include "base/utf8.h"

namespace runbook {

namespace {

bool is_control(char32_t point) { return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0); }

// What would let a text be read otherwise than it is written.
bool turns_direction(char32_t point) {
  return point == 0x061C || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

// Of marks whose ASCII form means the same; "" of all others.
std::string_view in_ascii(char32_t point) {
  switch (point) {
    case 0x00A0: return " ";
    case 0x00D7: return "x";
    case 0x2010:
    case 0x2011: return "-";
    case 0x2013:
    case 0x2212: return "-";
    case 0x2014: return "--";
    case 0x2018:
    case 0x2019: return "'";
    case 0x201C:
    case 0x201D: return "\"";
    case 0x2022: return "*";
    case 0x2026: return "...";
    case 0x2190: return "<-";
    case 0x2192: return "->";
    case 0x21D2: return "=>";
    case 0x2264: return "<=";
    case 0x2265: return ">=";
    default: return "";
  }
}

std::string caret(char32_t point) {
  if (point >= 0x80) return fmt::format("<U+{:04X}>", static_cast<unsigned>(point));
  return {'^', static_cast<char>(point ^ 0x40U)};
}

}  // namespace

std::string made_visible(std::string_view text, Charset charset) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (is_control(point.value)) shown += caret(point.value);
    else if (turns_direction(point.value)) shown += fmt::format("<U+{:04X}>", static_cast<unsigned>(point.value));
    else if (point.value < 0x80) shown += static_cast<char>(point.value);
    else if (!point.is_valid) shown += charset == Charset::ascii ? "?" : replacement_character;
    else if (const auto plain = in_ascii(point.value); charset == Charset::ascii && !plain.empty()) shown += plain;
    else shown += text.substr(at, point.length);
    at += point.length;
  }
  return shown;
}

}  // namespace runbook
