#include "base/clock.h"

#include <chrono>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

namespace runbook {
namespace {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

Instant instant(std::int64_t at_ms) { return Instant(std::chrono::milliseconds(at_ms)); }

std::tm local_time(std::int64_t at_ms) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(instant(at_ms)).time_since_epoch().count();
  std::tm local{};
  static const bool knows_zone = (::tzset(), true);  // localtime_r need not look at TZ by itself
  static_cast<void>(knows_zone);
  ::localtime_r(&seconds, &local);
  return local;
}

}  // namespace

std::int64_t SystemClock::now_ms() const {
  const auto now = std::chrono::system_clock::now();
  return std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
}

std::string utc_text(std::int64_t at_ms) {
  const auto day = std::chrono::floor<std::chrono::days>(instant(at_ms));
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(instant(at_ms) - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string local_text(std::int64_t at_ms) {
  const std::tm local = local_time(at_ms);
  const long minutes = local.tm_gmtoff / 60;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec, minutes < 0 ? '-' : '+', std::labs(minutes) / 60,
                     std::labs(minutes) % 60);
}

std::string local_time_text(std::int64_t at_ms) {
  const std::tm local = local_time(at_ms);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace runbook
