#pragma once
// Points in time as web services write them. Seconds since 1970-01-01T00:00:00Z with a fraction down to microseconds; years 1 to 9999.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runbook {

struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t micros = 0;  // 0 to 999'999
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

enum class TimestampFormat {
  iso8601,         // RFC 3339: "2015-01-01T00:00:00Z", "2015-01-01T00:00:00.5Z"
  rfc822,          // RFC 9110, IMF-fixdate: "Thu, 01 Jan 2015 00:00:00 GMT"
  unix_timestamp,  // "1420070400", "1420070400.5"
};

std::string timestamp_text(Timestamp at, TimestampFormat format);
// "2015-01-01T00:00:00+00:00", with six digits of a fraction if there is one: as the `aws` command prints it.
std::string timestamp_text_with_offset(Timestamp at);
// Any of the three, whichever it is; ISO 8601 with offset, without seconds or as a date alone too. nullopt: none of them.
std::optional<Timestamp> parse_timestamp(std::string_view text);
// Of a number of seconds.
std::optional<Timestamp> timestamp_of(double seconds);

}  // namespace runbook
