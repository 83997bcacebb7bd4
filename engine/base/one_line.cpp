#include "base/one_line.h"

#include "base/trimmed.h"
#include "base/utf8.h"

namespace runbook {

std::string one_line(std::string_view text, std::size_t most) {
  text = trimmed(text);
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    const bool is_control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    const std::string_view shown = is_control ? " " : point.is_valid ? text.substr(at, point.length) : replacement_character;
    if (line.size() + shown.size() > most) return line + "...";
    const bool is_leading_blank = is_control && line.empty();
    if (!is_leading_blank) line += shown;
    at += point.length;
  }
  return std::string(trimmed(line));
}

}  // namespace runbook
