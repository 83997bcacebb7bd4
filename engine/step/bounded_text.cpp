#include "step/bounded_text.h"

#include <fmt/format.h>

namespace runbook {
namespace {

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string bounded_text(std::string_view text, std::int64_t head, std::int64_t tail) {
  if (text.size() <= static_cast<std::size_t>(head + tail)) return std::string(text);
  std::size_t end_of_head = static_cast<std::size_t>(head), begin_of_tail = text.size() - static_cast<std::size_t>(tail);
  while (end_of_head > 0 && is_inside_character(text[end_of_head])) --end_of_head;
  while (begin_of_tail < text.size() && is_inside_character(text[begin_of_tail])) ++begin_of_tail;
  return fmt::format("{}\n[{} bytes left out]\n{}", text.substr(0, end_of_head), begin_of_tail - end_of_head,
                     text.substr(begin_of_tail));
}

}  // namespace runbook
