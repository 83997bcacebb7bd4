#include "base/reading.h"

#include <algorithm>
#include <limits>

namespace runbook {
namespace {

constexpr std::size_t longest_break = 256;  // bytes between two lines of a wrapped form
constexpr std::size_t few = 3;              // characters that ordinary words share with a form by accident

bool is_encoding_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+/-_=").find(c) != std::string_view::npos;
}

// Tools wrap at 60 characters or more; nothing that is shorter than the context is a line of theirs.
bool ends_narrow_line(std::string_view text) {
  const std::string_view last = text.substr(text.size() - std::min(text.size(), Window::context));
  return last.size() < Window::context || !std::all_of(last.begin(), last.end(), is_encoding_character);
}

}  // namespace

void add_range(std::vector<Range>& ranges, Range range) {
  const bool touches = !ranges.empty() && range.start <= ranges.back().end && ranges.back().start <= range.end;
  if (!touches) {
    ranges.push_back(range);
    return;
  }
  ranges.back().start = std::min(ranges.back().start, range.start);
  ranges.back().end = std::max(ranges.back().end, range.end);
}

void Reading::begin(std::size_t at, PatternMatcher::State state) {
  if (is_live_ || at < position_) return;
  begin_ = position_ = at;
  state_ = state;
  starts_.clear();
  literal_ = std::numeric_limits<std::size_t>::max() / 2;  // all that the plain reading has read
  passed_over_ = 0;
  visible_until_ = 0;
  is_live_ = true;
}

void Reading::run(const Window& window, std::vector<Range>& found) {
  while (is_live_ && position_ < window.end()) {
    Unit unit = read_(window.from(position_));
    if (unit.length == 0 && !window.is_last) return;
    if (unit.length == 0) unit = literal_unit(window.from(position_));
    if (is_passed_over(unit)) pass_over(unit, window);
    else take(unit, found);
    is_live_ = open() > literal_ || position_ < window.plain;
  }
}

void Reading::reset() {
  is_live_ = false;
  position_ = 0;
}

std::size_t Reading::open() const { return lines_ == Lines::joined ? matcher_->encoded_open(state_) : matcher_->open(state_); }

std::size_t Reading::match() const {
  return lines_ == Lines::joined ? matcher_->encoded_match(state_) : matcher_->match(state_);
}

std::size_t Reading::start_of(std::size_t length) const {
  if (length == 0) return position_;
  const std::size_t own = starts_.size();
  return std::max(visible_until_, length <= own ? starts_[own - length] : begin_ - (length - own));
}

bool Reading::is_passed_over(const Unit& unit) const {
  if (lines_ == Lines::kept || unit.count != 1) return false;
  const char c = unit.bytes[0];
  return c == '\n' || c == '\r' || (passed_over_ > 0 && (c == ' ' || c == '\t'));
}

// Most lines end in a few characters that begin some form. If they held back the line, people would wait for its last
// word; so outside of what looks like a wrapped block those few stay visible, and only the rest would be masked.
void Reading::pass_over(const Unit& unit, const Window& window) {
  const bool is_first = passed_over_ == 0;
  if (is_first) is_ordinary_ = open() <= few && ends_narrow_line(window.until(position_));
  passed_over_ += unit.length;
  position_ += unit.length;
  if (is_ordinary_) visible_until_ = position_;
  if (passed_over_ > longest_break) state_ = PatternMatcher::start;
  literal_ = 0;
}

void Reading::take(const Unit& unit, std::vector<Range>& found) {
  const std::size_t end = position_ + unit.length;
  for (std::size_t i = 0; i < unit.count; ++i) {
    state_ = matcher_->step(state_, unit.bytes[i]);
    starts_.push_back(position_);
    if (match() > 0) add_range(found, {start_of(match()), end});
  }
  literal_ = unit.is_literal ? literal_ + 1 : 0;
  passed_over_ = 0;
  position_ = end;
  forget_old_starts();
}

void Reading::forget_old_starts() {
  const std::size_t needed = matcher_->longest();
  if (starts_.size() < 2 * needed) return;
  starts_.erase(starts_.begin(), starts_.end() - static_cast<std::ptrdiff_t>(needed));
}

}  // namespace runbook
