#include "base/redactor.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/pattern_matcher.h"
#include "base/reading.h"
#include "base/secret_forms.h"
#include "base/unescape.h"

// One matcher reads the stream as it is; beside it, readings undo escapes and join lines. What is found is a range of the
// stream; what may still become one is held back.

namespace runbook {
namespace {}  // namespace

struct Redactor::State {
  State(const std::vector<PatternMatcher::Pattern>& patterns, Mask wanted)
      : matcher(patterns), is_idle(patterns.empty()), mask(wanted) {
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
      const bool is_apart = !mask_end || range->start > *mask_end;
      if (is_apart) show_plainly(text, range->start);
      if (is_apart && mask != Mask::in_place) text += mask == Mask::secret ? secret_mask : scrub_mask;
      const std::size_t masked_until = is_apart ? range->start : *mask_end;
      mask_end = std::max(masked_until, range->end);
      if (mask == Mask::in_place) text.append(*mask_end - masked_until, '*');
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
    if (spent <= Window::context) return;
    buffer.erase(0, spent - Window::context);
    base = shown - Window::context;
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
  const Mask mask;
  std::vector<Reading> readings;
  std::array<bool, 256> is_trigger{};

  std::string buffer;     // some bytes that were shown, then those that were not
  std::size_t base = 0;   // offset of the buffer's first byte
  std::size_t shown = 0;  // offset up to which the stream was shown
  PatternMatcher::State plain = PatternMatcher::start;
  std::vector<Range> masked;            // found, and not shown yet
  std::optional<std::size_t> mask_end;  // of the mask shown last
};

Redactor::Redactor(const std::vector<std::string>& secrets, Mask mask)
    : state_(std::make_unique<State>(secret_forms(secrets, shortest_secret), mask)) {}

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

// Many texts have the same secrets, and finding out their forms takes longer than looking for them.
std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return std::string(text);
  thread_local std::vector<std::string> last;
  thread_local Redactor redactor(last);
  if (last != secrets) {
    redactor = Redactor(secrets);
    last = secrets;
  }
  std::string shown = redactor.feed(text);
  return shown + redactor.finish();
}

}  // namespace runbook
