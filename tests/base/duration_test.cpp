#include "base/duration.h"

#include <limits>

#include <doctest/doctest.h>

#include "base/clock.h"

using namespace runbook;

TEST_CASE("durations of the language are read") {
  CHECK(parse_duration_ms("500ms") == 500);
  CHECK(parse_duration_ms("2.5s") == 2500);
  CHECK(parse_duration_ms("10m") == 600'000);
  CHECK(parse_duration_ms("1h30m") == 5'400'000);
  CHECK(parse_duration_ms("3d") == 259'200'000);
  CHECK(parse_duration_ms("1d2h3m4s5ms") == 93'784'005);
  CHECK(parse_duration_ms("1m2.25s") == 62'250);
  CHECK(parse_duration_ms("1.5h") == 5'400'000);
  CHECK(parse_duration_ms("0s") == 0);
  CHECK(parse_duration_ms("90m") == 5'400'000);
  CHECK(parse_duration_ms("0.000050h") == 180);
}

TEST_CASE("what is no duration is refused") {
  for (const char* text :
       {"",      "5",       "s",   "5 s", " 5s",   "5s ",  "-5s",  "+5s",  "5S", "5sec", "5w",    "1m1h",   "1s1s",
        "5ms1s", "1.5h30m", "1.s", ".5s", "1..5s", "1,5s", "1e3s", "1h30", "d",  "ms",   "0.1ms", "0.0001s"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_duration_ms(text).has_value());
  }
}

TEST_CASE("a duration beyond 64 bits is refused, not wrapped around") {
  CHECK(parse_duration_ms("9223372036854775807ms") == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(parse_duration_ms("9223372036854775808ms").has_value());
  CHECK_FALSE(parse_duration_ms("106751991168d").has_value());
  CHECK_FALSE(parse_duration_ms("9223372036854775s808ms").has_value());
  CHECK_FALSE(parse_duration_ms("99999999999999999999999999s").has_value());
}

TEST_CASE("the text of a duration reads back as the same duration") {
  for (const std::int64_t ms : {0L, 1L, 999L, 1000L, 1001L, 2500L, 59'999L, 60'000L, 60'001L, 61'010L, 3'600'000L, 5'400'000L,
                                86'400'000L, 86'400'001L, 93'784'005L, 123'456'789'012L}) {
    CAPTURE(duration_text(ms));
    CHECK(parse_duration_ms(duration_text(ms)) == ms);
  }
  CHECK(duration_text(5'400'000) == "1h30m");
  CHECK(duration_text(2500) == "2.5s");
  CHECK(duration_text(90'500) == "1m30.5s");
  CHECK(duration_text(60'020) == "1m20ms");
  CHECK(duration_text(259'200'000) == "3d");
  CHECK(duration_text(0) == "0ms");
}

TEST_CASE("time that passed is shown in two parts at most") {
  CHECK(elapsed_text(0) == "0.0s");
  CHECK(elapsed_text(340) == "0.3s");
  CHECK(elapsed_text(9'999) == "9.9s");
  CHECK(elapsed_text(12'900) == "12s");
  CHECK(elapsed_text(185'000) == "3m 05s");
  CHECK(elapsed_text(7'800'000) == "2h 10m");
  CHECK(elapsed_text(7'500'000) == "2h 05m");
  CHECK(elapsed_text(266'400'000) == "3d 02h");
  CHECK(elapsed_text(-5) == "0.0s");
}

TEST_CASE("a time is written in UTC, to the second") {
  CHECK(utc_text(1'795'218'901'999) == "2026-11-20T23:55:01Z");
  CHECK(utc_text(0) == "1970-01-01T00:00:00Z");
  CHECK(utc_text(-1) == "1969-12-31T23:59:59Z");
  CHECK(utc_text(951'782'400'000) == "2000-02-29T00:00:00Z");
}
