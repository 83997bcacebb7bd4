#pragma once
// Another reading of a stream, beside the plain one: it undoes what tools do to a text when they print it, and finds
// what the matcher looks for in the text that results. It is live only where the two differ: from an escape (or a line's
// end) on, beginning with the plain reading's state, until all that its own state depends on was read literally again.
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/pattern_matcher.h"
#include "base/unescape.h"

namespace runbook {

// Offsets count from the beginning of the stream.
struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

// Merges with the last range what overlaps or touches it.
void add_range(std::vector<Range>& ranges, Range range);

// The part of the stream that is in memory.
struct Window {
  // Bytes that stay in memory although they were dealt with: what tells a wrapped block from an ordinary line.
  static constexpr std::size_t context = 16;

  std::string_view bytes;
  std::size_t base = 0;   // offset of its first byte
  std::size_t plain = 0;  // offset to which the plain reading has come
  bool is_last = false;   // nothing follows

  std::size_t end() const { return base + bytes.size(); }
  std::string_view from(std::size_t offset) const { return bytes.substr(offset - base); }
  std::string_view until(std::size_t offset) const { return bytes.substr(0, offset - base); }
};

class Reading {
 public:
  enum class Lines {
    kept,
    joined,  // line ends and indentation are passed over, for wrapped base64 and hex; nothing else is found
  };
  using Read = Unit (*)(std::string_view);

  // The matcher must outlive the reading, which begins at one of the triggers.
  Reading(const PatternMatcher& matcher, std::string_view triggers, Read read, Lines lines)
      : matcher_(&matcher), triggers_(triggers), read_(read), lines_(lines) {}

  std::string_view triggers() const { return triggers_; }
  bool is_live() const { return is_live_; }

  // The plain reading, in `state`, has come to a trigger. Nothing happens where this reading has been already.
  void begin(std::size_t at, PatternMatcher::State state);
  // Reads as far as the window goes, and adds what it finds.
  void run(const Window& window, std::vector<Range>& found);
  // While live: from where on bytes may still become a secret.
  std::size_t open_from() const { return start_of(open()); }
  void reset();

 private:
  std::size_t open() const;
  std::size_t match() const;
  std::size_t start_of(std::size_t length) const;
  bool is_passed_over(const Unit& unit) const;
  void pass_over(const Unit& unit, const Window& window);
  void take(const Unit& unit, std::vector<Range>& found);
  void forget_old_starts();

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

}  // namespace runbook
