#include "base/redactor.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/pattern_matcher.h"
#include "base/secret_forms.h"
#include "base/unescape.h"

// One matcher reads the stream as it is. Beside it, further readings of the same stream undo what tools do to a text when
// they print it. They read only where they differ: from an escape (or a line's end) on, beginning with the state of the
// plain reading, until everything in their own state has been read literally again.

namespace runbook {
namespace {

constexpr std::string_view mask = "[secret]";
constexpr std::size_t longest_break = 256;  // bytes between two lines of a wrapped form
constexpr std::size_t narrowest_line = 16;  // that a tool wraps at
constexpr std::size_t few = 3;              // characters that ordinary words share with a form by accident

// Offsets count from the beginning of the stream.
struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

void add_range(std::vector<Range>& ranges, Range range) {
  const bool touches = !ranges.empty() && range.start <= ranges.back().end && ranges.back().start <= range.end;
  if (!touches) {
    ranges.push_back(range);
    return;
  }
  ranges.back().start = std::min(ranges.back().start, range.start);
  ranges.back().end = std::max(ranges.back().end, range.end);
}

// The part of the stream that is in memory.
struct Window {
  std::string_view bytes;
  std::size_t base = 0;   // offset of its first byte
  std::size_t plain = 0;  // offset to which the plain reading has come
  bool is_last = false;   // nothing follows

  std::size_t end() const { return base + bytes.size(); }
  std::string_view from(std::size_t offset) const { return bytes.substr(offset - base); }
  std::string_view until(std::size_t offset) const { return bytes.substr(0, offset - base); }
};

bool is_encoding_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+/-_=").find(c) != std::string_view::npos;
}

bool ends_narrow_line(std::string_view text) {
  const std::string_view last = text.substr(text.size() - std::min(text.size(), narrowest_line));
  return last.size() < narrowest_line || !std::all_of(last.begin(), last.end(), is_encoding_character);
}

class Reading {
 public:
  enum class Lines {
    kept,
    joined,  // line ends and indentation are passed over, for wrapped base64 and hex
  };
  using Read = Unit (*)(std::string_view);

  Reading(const PatternMatcher& matcher, std::string_view triggers, Read read, Lines lines)
      : matcher_(&matcher), triggers_(triggers), read_(read), lines_(lines) {}

  std::string_view triggers() const { return triggers_; }
  bool is_live() const { return is_live_; }

  // The plain reading, in `state`, has come to a byte that this reading takes otherwise.
  void begin(std::size_t at, PatternMatcher::State state) {
    if (is_live_ || at < position_) return;
    begin_ = position_ = at;
    state_ = state;
    starts_.clear();
    literal_ = std::numeric_limits<std::size_t>::max() / 2;  // all that the plain reading has read
    passed_over_ = 0;
    visible_until_ = 0;
    is_live_ = true;
  }

  void run(const Window& window, std::vector<Range>& found) {
    while (is_live_ && position_ < window.end()) {
      Unit unit = read_(window.from(position_));
      if (unit.length == 0 && !window.is_last) return;
      if (unit.length == 0) unit = literal_unit(window.from(position_));
      if (is_passed_over(unit)) pass_over(unit, window);
      else take(unit, found);
      is_live_ = open() > literal_ || position_ < window.plain;
    }
  }

  // From where on bytes may still become a secret, as this reading sees it.
  std::size_t open_from() const { return start_of(open()); }

  void reset() {
    is_live_ = false;
    position_ = 0;
  }

 private:
  std::size_t open() const { return lines_ == Lines::joined ? matcher_->encoded_open(state_) : matcher_->open(state_); }

  std::size_t match() const { return lines_ == Lines::joined ? matcher_->encoded_match(state_) : matcher_->match(state_); }

  std::size_t start_of(std::size_t length) const {
    if (length == 0) return position_;
    const std::size_t own = starts_.size();
    return std::max(visible_until_, length <= own ? starts_[own - length] : begin_ - (length - own));
  }

  bool is_passed_over(const Unit& unit) const {
    if (lines_ == Lines::kept || unit.count != 1) return false;
    const char c = unit.bytes[0];
    return c == '\n' || c == '\r' || (passed_over_ > 0 && (c == ' ' || c == '\t'));
  }

  // Most lines end in a few characters that begin some form. If they held back the line, people would wait for its last
  // word; so outside of what looks like a wrapped block those few stay visible, and only the rest would be masked.
  void pass_over(const Unit& unit, const Window& window) {
    const bool is_first = passed_over_ == 0;
    if (is_first) is_ordinary_ = open() <= few && ends_narrow_line(window.until(position_));
    passed_over_ += unit.length;
    position_ += unit.length;
    if (is_ordinary_) visible_until_ = position_;
    if (passed_over_ > longest_break) state_ = PatternMatcher::start;
    literal_ = 0;
  }

  void take(const Unit& unit, std::vector<Range>& found) {
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

  void forget_old_starts() {
    const std::size_t needed = matcher_->longest();
    if (starts_.size() < 2 * needed) return;
    starts_.erase(starts_.begin(), starts_.end() - static_cast<std::ptrdiff_t>(needed));
  }

  const PatternMatcher* matcher_;
  std::string_view triggers_;
  Read read_;
  Lines lines_;

  bool is_live_ = false;
  std::size_t position_ = 0;  // of the next unit
  std::size_t begin_ = 0;
  std::vector<std::size_t> starts_;  // where the unit of each byte read since begin_ starts
  PatternMatcher::State state_ = PatternMatcher::start;
  std::size_t literal_ = 0;  // bytes since the last one that was read otherwise
  std::size_t passed_over_ = 0;
  bool is_ordinary_ = false;  // the line that ended just now
  std::size_t visible_until_ = 0;
};

}  // namespace

struct Redactor::State {
  explicit State(const std::vector<PatternMatcher::Pattern>& patterns) : matcher(patterns), is_idle(patterns.empty()) {
    using Lines = Reading::Lines;
    readings.emplace_back(matcher, "\\", backslash_unit, Lines::kept);
    readings.emplace_back(matcher, "\\\r\n", backslash_unit, Lines::joined);
    readings.emplace_back(matcher, "%", percent_unit, Lines::kept);
    const auto has_blank = [](const auto& pattern) { return pattern.text.find(' ') != std::string::npos; };
    if (std::any_of(patterns.begin(), patterns.end(), has_blank)) {
      readings.emplace_back(matcher, "%+", form_unit, Lines::kept);
    }
    for (const Reading& reading : readings) {
      for (const char c : reading.triggers()) is_trigger[static_cast<unsigned char>(c)] = true;
    }
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::size_t end() const { return base + buffer.size(); }

  void read_on(std::string_view bytes) {
    const std::size_t from = end();
    buffer += bytes;
    for (Reading& reading : readings) reading.run({buffer, base, from, false}, masked);
    read_plainly(from);
  }

  void read_plainly(std::size_t from) {
    const std::string_view bytes = buffer;
    PatternMatcher::State at = plain;
    for (std::size_t i = from - base; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (is_trigger[static_cast<unsigned char>(c)]) begin_readings(c, base + i, at);
      at = matcher.step(at, c);
      const std::size_t length = matcher.match(at);
      if (length > 0) add_range(masked, {base + i + 1 - length, base + i + 1});
    }
    plain = at;
  }

  void begin_readings(char trigger, std::size_t offset, PatternMatcher::State at) {
    for (Reading& reading : readings) {
      if (reading.triggers().find(trigger) == std::string_view::npos) continue;
      reading.begin(offset, at);
      reading.run({buffer, base, offset, false}, masked);
    }
  }

  std::size_t open_from() const {
    std::size_t from = end() - matcher.open(plain);
    for (const Reading& reading : readings) {
      if (reading.is_live()) from = std::min(from, reading.open_from());
    }
    return from;
  }

  // Everything before `limit`, masked. A mask that was shown may reach beyond it, and swallows what touches it later.
  std::string show_until(std::size_t limit) {
    std::sort(masked.begin(), masked.end(), [](const Range& a, const Range& b) { return a.start < b.start; });
    std::string text;
    auto range = masked.begin();
    for (; range != masked.end() && range->start < limit; ++range) {
      if (!mask_end || range->start > *mask_end) {
        show_plainly(text, range->start);
        text += mask;
        mask_end = range->end;
      }
      mask_end = std::max(*mask_end, range->end);
    }
    masked.erase(masked.begin(), range);
    show_plainly(text, limit);
    shown = std::max(shown, limit);
    forget_shown();
    return text;
  }

  void show_plainly(std::string& text, std::size_t limit) {
    const std::size_t start = std::max(shown, mask_end.value_or(0));
    if (start < limit) text.append(buffer, start - base, limit - start);
  }

  // A few bytes stay, to tell what kind of line they end.
  void forget_shown() {
    const std::size_t spent = shown - base;
    if (spent <= narrowest_line) return;
    buffer.erase(0, spent - narrowest_line);
    base = shown - narrowest_line;
  }

  std::string show_rest() {
    for (Reading& reading : readings) reading.run({buffer, base, end(), true}, masked);
    std::string text = show_until(end());
    for (Reading& reading : readings) reading.reset();
    buffer.clear();
    masked.clear();
    mask_end.reset();
    base = shown = 0;
    plain = PatternMatcher::start;
    return text;
  }

  const PatternMatcher matcher;
  const bool is_idle;
  std::vector<Reading> readings;
  std::array<bool, 256> is_trigger{};

  std::string buffer;     // some bytes that were shown, then those that were not
  std::size_t base = 0;   // offset of the buffer's first byte
  std::size_t shown = 0;  // offset up to which the stream was shown
  PatternMatcher::State plain = PatternMatcher::start;
  std::vector<Range> masked;            // found, and not shown yet
  std::optional<std::size_t> mask_end;  // of the mask shown last
};

Redactor::Redactor(const std::vector<std::string>& secrets)
    : state_(std::make_unique<State>(secret_forms(secrets, shortest_secret))) {}

Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

bool Redactor::idle() const { return state_->is_idle; }

std::string Redactor::feed(std::string_view bytes) {
  if (state_->is_idle) return std::string(bytes);
  state_->read_on(bytes);
  return state_->show_until(state_->open_from());
}

std::string Redactor::finish() { return state_->is_idle ? std::string() : state_->show_rest(); }

std::size_t Redactor::held() const { return state_->end() - state_->shown; }

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
  Redactor redactor(secrets);
  std::string shown = redactor.feed(text);
  return shown + redactor.finish();
}

}  // namespace runbook
