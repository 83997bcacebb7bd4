#include "os/screen_modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace runbook {

namespace {

constexpr char escape = '\x1b';
constexpr std::size_t longest_sequence = 64;

// Cursor, and lines that wrap: on where nobody said anything.
bool is_on_at_first(int mode) { return mode == 25 || mode == 7; }

bool is_alternate_screen(int mode) { return mode == 47 || mode == 1047 || mode == 1049; }

std::string private_mode(int mode, bool is_on) { return fmt::format("\x1b[?{}{}", mode, is_on ? 'h' : 'l'); }

}  // namespace

void ScreenModes::feed(std::string_view written) {
  for (const char byte : written) feed_one(byte);
}

void ScreenModes::feed_one(char byte) {
  if (byte == escape) {
    place_ = Place::escape;
    return;
  }
  switch (place_) {
    case Place::text:
      if (byte == '\n' || byte == '\r') is_line_begun_ = false;
      else if (static_cast<unsigned char>(byte) >= ' ') is_line_begun_ = true;
      return;
    case Place::escape:
      place_ = byte == '[' ? Place::sequence : Place::text;
      sequence_.clear();
      if (byte == '=' || byte == '>') has_keypad_ = byte == '=';
      return;
    case Place::sequence:
      if (byte >= '@' && byte <= '~') return end_sequence(byte);
      if (sequence_.size() < longest_sequence) sequence_ += byte;
      return;
  }
}

void ScreenModes::end_sequence(char last) {
  place_ = Place::text;
  const std::string_view all = sequence_;
  const char first = all.empty() ? '\0' : all.front();
  const bool is_mode = last == 'h' || last == 'l';
  if (is_mode && first == '?') return set_private(all.substr(1), last == 'h');
  if (last == 'm' && first == '>') reports_keys_ = all.starts_with(">4;") && all != ">4;0";
  if (last == 'm' && first != '>' && first != '?') has_attributes_ = !all.empty() && all != "0";
  if (last == 'u' && first == '>') ++keyboards_;
  if (last == 'u' && first == '<' && keyboards_ > 0) --keyboards_;
}

void ScreenModes::set_private(std::string_view numbers, bool is_on) {
  while (!numbers.empty()) {
    const std::size_t end = std::min(numbers.find(';'), numbers.size());
    int mode = 0;
    std::from_chars(numbers.data(), numbers.data() + end, mode);
    numbers.remove_prefix(std::min(end + 1, numbers.size()));
    if (mode == 0) continue;
    if (is_alternate_screen(mode)) is_line_begun_ = is_on && is_line_begun_;  // the cursor goes back to where it was
    if (is_on == is_on_at_first(mode)) modes_.erase(mode);
    else modes_[mode] = is_on;
  }
}

std::string ScreenModes::undone() const {
  std::string text;
  for (int left = keyboards_; left > 0; --left) text += "\x1b[<u";
  if (reports_keys_) text += "\x1b[>4;0m";
  for (const auto& [mode, is_on] : modes_) text += private_mode(mode, !is_on);
  if (has_keypad_) text += "\x1b>";
  if (has_attributes_) text += "\x1b[0m";
  const bool has_own_screen =
      std::any_of(modes_.begin(), modes_.end(), [](const auto& mode) { return is_alternate_screen(mode.first); });
  if (is_line_begun_ && !has_own_screen) text += "\n";
  return text;
}

std::string ScreenModes::redone() const {
  std::string text;
  for (const auto& [mode, is_on] : modes_) text += private_mode(mode, is_on);
  if (has_keypad_) text += "\x1b=";
  if (reports_keys_) text += "\x1b[>4;2m";
  for (int pushed = 0; pushed < keyboards_; ++pushed) text += "\x1b[>1u";
  return text;
}

}  // namespace runbook
