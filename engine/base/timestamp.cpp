#include "base/timestamp.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace runbook {
namespace {

constexpr std::int64_t first_second = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int32_t micros_of_second = 1'000'000;
constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<Timestamp> in_range(Timestamp at) {
  if (at.seconds < first_second || at.seconds > last_second) return std::nullopt;
  return at;
}

// Date and time of day, as they are written.
struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int32_t micros = 0;
  int offset_s = 0;  // east of Greenwich

  explicit Civil() = default;
  explicit Civil(Timestamp at) : micros(at.micros) {
    const std::chrono::sys_seconds point{std::chrono::seconds(at.seconds)};
    const auto midnight = std::chrono::floor<std::chrono::days>(point);
    const std::chrono::year_month_day date(midnight);
    const std::chrono::hh_mm_ss time(point - midnight);
    year = static_cast<int>(date.year());
    month = static_cast<int>(static_cast<unsigned>(date.month()));
    day = static_cast<int>(static_cast<unsigned>(date.day()));
    hour = static_cast<int>(time.hours().count());
    minute = static_cast<int>(time.minutes().count());
    second = static_cast<int>(time.seconds().count());
  }

  std::chrono::year_month_day date() const {
    return std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
           std::chrono::day(static_cast<unsigned>(day));
  }

  std::optional<Timestamp> timestamp() const {
    if (!date().ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const std::chrono::seconds midnight = std::chrono::sys_days(date()).time_since_epoch();
    return in_range({midnight.count() + hour * 3600 + minute * 60 + second - offset_s, micros});
  }
};

// Reads from the left; once something was not as wanted, it stays failed.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  bool is_good() const { return !has_failed_; }
  bool is_at_end() const { return is_good() && left_.empty(); }
  bool is_at_digit() const { return !left_.empty() && left_.front() >= '0' && left_.front() <= '9'; }
  bool is_at_sign() const { return !left_.empty() && (left_.front() == '+' || left_.front() == '-'); }
  // Whether one of these comes; then it is taken.
  char take(std::string_view any) {
    if (left_.empty() || any.find(left_.front()) == std::string_view::npos) return '\0';
    const char c = left_.front();
    left_.remove_prefix(1);
    return c;
  }
  void want(std::string_view any) { has_failed_ = take(any) == '\0' || has_failed_; }

  int number(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t count = 0;
    for (; count < most && is_at_digit(); ++count) value = value * 10 + (take("0123456789") - '0');
    has_failed_ = has_failed_ || count < least;
    return value;
  }

  // Of ".5", with its point; what is finer than a microsecond is cut off.
  std::int32_t micros() {
    std::int32_t value = 0;
    if (!take(".")) return value;
    has_failed_ = has_failed_ || !is_at_digit();
    for (std::int32_t weight = micros_of_second / 10; is_at_digit(); weight /= 10) value += (take("0123456789") - '0') * weight;
    return value;
  }

  template <std::size_t count>
  int word(const std::array<const char*, count>& words) {
    for (std::size_t i = 0; i < count; ++i) {
      if (take_word(words[i])) return static_cast<int>(i);
    }
    has_failed_ = true;
    return 0;
  }
  bool take_word(std::string_view word) {
    if (!left_.starts_with(word)) return false;
    left_.remove_prefix(word.size());
    return true;
  }

  // "+02:00", "-0500", "+01"; 0 where there is none.
  int offset() { return is_at_sign() ? wanted_offset() : 0; }
  int wanted_offset() {
    has_failed_ = has_failed_ || !is_at_sign();
    const char sign = take("+-");
    const int hours = number(2, 2);
    const bool has_colon = take(":") != '\0';
    const int minutes = has_colon || is_at_digit() ? number(2, 2) : 0;
    has_failed_ = has_failed_ || hours > 23 || minutes > 59;
    return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }

 private:
  std::string_view left_;
  bool has_failed_ = false;
};

std::optional<Timestamp> read_to_end(const Cursor& cursor, const Civil& civil) {
  return cursor.is_at_end() ? civil.timestamp() : std::nullopt;
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Cursor cursor(text);
  Civil civil;
  civil.year = cursor.number(4, 4);
  cursor.want("-");
  civil.month = cursor.number(2, 2);
  cursor.want("-");
  civil.day = cursor.number(2, 2);
  if (cursor.is_at_end()) return civil.timestamp();
  cursor.want("Tt ");
  civil.hour = cursor.number(2, 2);
  cursor.want(":");
  civil.minute = cursor.number(2, 2);
  if (cursor.take(":")) {
    civil.second = cursor.number(2, 2);
    civil.micros = cursor.micros();
  }
  if (!cursor.take("Zz")) civil.offset_s = cursor.offset();
  return read_to_end(cursor, civil);
}

// The name of the weekday may be missing, and is not compared with the date.
std::optional<Timestamp> parse_rfc822(std::string_view text) {
  Cursor cursor(text);
  Civil civil;
  if (!cursor.is_at_digit()) {
    cursor.word(weekdays);
    cursor.want(",");
    cursor.want(" ");
  }
  civil.day = cursor.number(1, 2);
  cursor.want(" ");
  civil.month = cursor.word(months) + 1;
  cursor.want(" ");
  civil.year = cursor.number(4, 4);
  cursor.want(" ");
  civil.hour = cursor.number(2, 2);
  cursor.want(":");
  civil.minute = cursor.number(2, 2);
  cursor.want(":");
  civil.second = cursor.number(2, 2);
  civil.micros = cursor.micros();
  cursor.want(" ");
  const bool is_universal = cursor.take_word("GMT") || cursor.take_word("UTC") || cursor.take_word("UT");
  if (!is_universal) civil.offset_s = cursor.wanted_offset();
  return read_to_end(cursor, civil);
}

Timestamp of_parts(bool is_negative, std::int64_t whole, std::int32_t micros) {
  if (!is_negative) return {whole, micros};
  if (micros == 0) return {-whole, 0};
  return {-whole - 1, micros_of_second - micros};
}

bool has_exponent(std::string_view text) { return text.find_first_of("eE") != std::string_view::npos; }

std::optional<Timestamp> parse_unix(std::string_view text) {
  if (has_exponent(text)) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc() && end == text.data() + text.size() ? timestamp_of(seconds) : std::nullopt;
  }
  Cursor cursor(text);
  const bool is_negative = cursor.take("-") != '\0';
  std::int64_t whole = 0;
  if (!cursor.is_at_digit()) return std::nullopt;
  while (cursor.is_at_digit() && whole <= last_second) whole = whole * 10 + cursor.number(1, 1);
  const std::int32_t micros = cursor.micros();
  return cursor.is_at_end() ? in_range(of_parts(is_negative, whole, micros)) : std::nullopt;
}

// ".5", or "".
std::string fraction_text(std::int32_t micros) {
  if (micros == 0) return {};
  std::string text = fmt::format(".{:06}", micros);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::string date_and_time(const Civil& civil) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month, civil.day, civil.hour, civil.minute,
                     civil.second);
}

std::string imf_fixdate(const Civil& civil) {
  const unsigned weekday = std::chrono::weekday(std::chrono::sys_days(civil.date())).c_encoding();
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[weekday], civil.day,
                     months[static_cast<std::size_t>(civil.month - 1)], civil.year, civil.hour, civil.minute, civil.second);
}

std::string unix_text(Timestamp at) {
  if (at.seconds >= 0 || at.micros == 0) return fmt::format("{}{}", at.seconds, fraction_text(at.micros));
  return fmt::format("-{}{}", -(at.seconds + 1), fraction_text(micros_of_second - at.micros));
}

}  // namespace

std::string timestamp_text(Timestamp at, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::iso8601: return date_and_time(Civil(at)) + fraction_text(at.micros) + "Z";
    case TimestampFormat::rfc822: return imf_fixdate(Civil(at));
    case TimestampFormat::unix_timestamp: return unix_text(at);
  }
  return {};
}

std::string timestamp_text_with_offset(Timestamp at) {
  return date_and_time(Civil(at)) + (at.micros == 0 ? "" : fmt::format(".{:06}", at.micros)) + "+00:00";
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (const auto at = parse_iso8601(text)) return at;
  if (const auto at = parse_rfc822(text)) return at;
  return parse_unix(text);
}

std::optional<Timestamp> timestamp_of(double seconds) {
  if (!(seconds >= static_cast<double>(first_second) && seconds < static_cast<double>(last_second + 1))) return std::nullopt;
  const double whole = std::floor(seconds);
  const auto micros = static_cast<std::int32_t>(std::lround((seconds - whole) * micros_of_second));
  const auto rounded = static_cast<std::int64_t>(whole);
  return in_range(micros == micros_of_second ? Timestamp{rounded + 1, 0} : Timestamp{rounded, micros});
}

}  // namespace runbook
