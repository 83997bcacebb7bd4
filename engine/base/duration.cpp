#include "base/duration.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace runbook {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

constexpr std::array<Unit, 5> units = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Cuts off and returns the longest beginning whose characters are all wanted.
std::string_view take_while(std::string_view& text, bool (*wanted)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), wanted);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

std::optional<std::int64_t> whole_number(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digit - '0', &number)) {
      return std::nullopt;
    }
  }
  return number;
}

// 0.fraction of a unit; nullopt if that is no whole number of milliseconds, which nobody would notice being rounded.
std::optional<std::int64_t> fraction_of(std::int64_t unit_ms, std::string_view fraction) {
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > 9) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  const std::int64_t product = *whole_number(fraction) * unit_ms;
  if (product % scale != 0) return std::nullopt;
  return product / scale;
}

// Cuts off the ".5" of "1.5h"; "" if there is none, nullopt if no digit follows the point.
std::optional<std::string_view> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return std::string_view();
  text.remove_prefix(1);
  const std::string_view digits = take_while(text, is_digit);
  if (digits.empty()) return std::nullopt;
  return digits;
}

// One part, "1.5h"; `unit` moves behind the part's unit, so that units descend.
std::optional<std::int64_t> take_part(std::string_view& text, std::size_t& unit) {
  const std::string_view whole = take_while(text, is_digit);
  const auto fraction = take_fraction(text);
  const std::string_view name = take_while(text, is_letter);
  if (whole.empty() || !fraction || (!fraction->empty() && !text.empty())) return std::nullopt;

  while (unit < units.size() && units[unit].name != name) ++unit;
  if (unit == units.size()) return std::nullopt;
  const std::int64_t unit_ms = units[unit++].ms;
  const auto count = whole_number(whole);
  const auto rest = fraction_of(unit_ms, *fraction);
  std::int64_t ms = 0;
  if (!count || !rest || __builtin_mul_overflow(*count, unit_ms, &ms) || __builtin_add_overflow(ms, *rest, &ms)) {
    return std::nullopt;
  }
  return ms;
}

std::string seconds_text(std::int64_t ms) {
  std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

}  // namespace

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t unit = 0;
  while (!text.empty()) {
    const auto part = take_part(text, unit);
    if (!part || __builtin_add_overflow(total, *part, &total)) return std::nullopt;
  }
  return total;
}

std::string duration_text(std::int64_t ms) {
  std::int64_t rest = std::max<std::int64_t>(ms, 0);
  std::string text;
  for (const Unit& unit : units) {
    if (unit.name == "s") break;
    if (rest >= unit.ms) text += fmt::format("{}{}", rest / unit.ms, unit.name);
    rest %= unit.ms;
  }
  if (rest >= 1000) return text + seconds_text(rest);
  if (rest > 0 || text.empty()) text += fmt::format("{}ms", rest);
  return text;
}

std::string elapsed_text(std::int64_t ms) {
  const std::int64_t tenths = std::max<std::int64_t>(ms, 0) / 100;
  const std::int64_t seconds = tenths / 10;
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (seconds < 10) return fmt::format("{}.{}s", seconds, tenths % 10);
  if (minutes == 0) return fmt::format("{}s", seconds);
  if (hours == 0) return fmt::format("{}m {:02}s", minutes, seconds % 60);
  if (hours < 24) return fmt::format("{}h {:02}m", hours, minutes % 60);
  return fmt::format("{}d {:02}h", hours / 24, hours % 24);
}

}  // namespace runbook
