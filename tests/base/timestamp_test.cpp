#include "base/timestamp.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace runbook;

namespace {

constexpr Timestamp new_year_2015{1'420'070'400, 0};
constexpr Timestamp first{-62'135'596'800, 0}, last{253'402'300'799, 999'999};

std::string iso(Timestamp at) { return timestamp_text(at, TimestampFormat::iso8601); }
std::string http(Timestamp at) { return timestamp_text(at, TimestampFormat::rfc822); }
std::string in_seconds(Timestamp at) { return timestamp_text(at, TimestampFormat::unix_timestamp); }

}  // namespace

TEST_CASE("one point in time, in each format") {
  CHECK(iso(new_year_2015) == "2015-01-01T00:00:00Z");
  CHECK(http(new_year_2015) == "Thu, 01 Jan 2015 00:00:00 GMT");
  CHECK(in_seconds(new_year_2015) == "1420070400");
  CHECK(timestamp_text_with_offset(new_year_2015) == "2015-01-01T00:00:00+00:00");
}

TEST_CASE("fractions are as short as they can be, but where the aws command writes six digits") {
  const Timestamp half{new_year_2015.seconds, 500'000}, tiny{0, 1};
  CHECK(iso(half) == "2015-01-01T00:00:00.5Z");
  CHECK(in_seconds(half) == "1420070400.5");
  CHECK(http(half) == "Thu, 01 Jan 2015 00:00:00 GMT");
  CHECK(timestamp_text_with_offset(half) == "2015-01-01T00:00:00.500000+00:00");
  CHECK(iso(tiny) == "1970-01-01T00:00:00.000001Z");
}

TEST_CASE("every format is read again as it was written") {
  for (const Timestamp at : {new_year_2015, first, last, Timestamp{0, 0}, Timestamp{-1, 500'000}, Timestamp{-2, 1},
                             Timestamp{951'782'400, 120'000}, Timestamp{-2'208'988'801, 999'999}}) {
    CHECK(parse_timestamp(iso(at)) == at);
    CHECK(parse_timestamp(in_seconds(at)) == at);
    CHECK(parse_timestamp(timestamp_text_with_offset(at)) == at);
    CHECK(parse_timestamp(http(at)) == Timestamp{at.seconds, 0});
  }
}

TEST_CASE("years 1 and 9999 are the bounds") {
  CHECK(iso(first) == "0001-01-01T00:00:00Z");
  CHECK(http(first) == "Mon, 01 Jan 0001 00:00:00 GMT");
  CHECK(iso(last) == "9999-12-31T23:59:59.999999Z");
  for (const char* beyond : {"0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "253402300800",
                             "-62135596801", "-62135596800.5", "99999999999999999999999999"}) {
    CAPTURE(beyond);
    CHECK(parse_timestamp(beyond) == std::nullopt);
  }
}

TEST_CASE("leap years") {
  CHECK(parse_timestamp("2000-02-29T00:00:00Z") == Timestamp{951'782'400, 0});
  CHECK(parse_timestamp("2024-02-29") == Timestamp{1'709'164'800, 0});
  CHECK(iso({1'709'164'800, 0}) == "2024-02-29T00:00:00Z");
  for (const char* wrong : {"1900-02-29", "2023-02-29", "2023-04-31", "2023-13-01", "2023-00-10", "2023-01-00"}) {
    CHECK(parse_timestamp(wrong) == std::nullopt);
  }
}

TEST_CASE("ISO 8601 as services write it") {
  for (const char* text : {"2015-01-01", "2015-01-01T00:00Z", "2015-01-01T00:00:00", "2015-01-01t00:00:00z",
                           "2015-01-01 00:00:00", "2015-01-01T02:00:00+02:00", "2014-12-31T19:00:00-0500",
                           "2015-01-01T01:00:00+01", "2015-01-01T05:30+05:30", "2015-01-01T00:00:00.0000000009Z"}) {
    CAPTURE(text);
    CHECK(parse_timestamp(text) == new_year_2015);
  }
  CHECK(parse_timestamp("2015-01-01T00:00:00.123456789Z") == Timestamp{new_year_2015.seconds, 123'456});
}

TEST_CASE("RFC 822 as services write it") {
  for (const char* text : {"Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 1 Jan 2015 00:00:00 GMT", "01 Jan 2015 00:00:00 UTC",
                           "Thu, 01 Jan 2015 02:00:00 +0200"}) {
    CAPTURE(text);
    CHECK(parse_timestamp(text) == new_year_2015);
  }
  CHECK(parse_timestamp("Thu, 01 Jan 2015 00:00:00.25 GMT") == Timestamp{new_year_2015.seconds, 250'000});
}

TEST_CASE("seconds, with and without fraction and exponent") {
  CHECK(parse_timestamp("0") == Timestamp{0, 0});
  CHECK(parse_timestamp("-0.5") == Timestamp{-1, 500'000});
  CHECK(parse_timestamp("-1.25") == Timestamp{-2, 750'000});
  CHECK(parse_timestamp("1420070400.123") == Timestamp{new_year_2015.seconds, 123'000});
  CHECK(parse_timestamp("1.4200704E9") == new_year_2015);
  CHECK(in_seconds({-1, 500'000}) == "-0.5");
  CHECK(in_seconds({-2, 750'000}) == "-1.25");
  CHECK(in_seconds({-2, 0}) == "-2");
}

TEST_CASE("numbers become the nearest microsecond") {
  CHECK(timestamp_of(1420070400.123) == Timestamp{new_year_2015.seconds, 123'000});
  CHECK(timestamp_of(-0.5) == Timestamp{-1, 500'000});
  CHECK(timestamp_of(0.9999999) == Timestamp{1, 0});
  for (const double wrong : {std::nan(""), std::numeric_limits<double>::infinity(), 1e300, -1e300, 253'402'300'800.0}) {
    CHECK(timestamp_of(wrong) == std::nullopt);
  }
}

TEST_CASE("what is no point in time is refused") {
  for (const char* wrong : {"",
                            " ",
                            "today",
                            "2015-",
                            "2015-1-1",
                            "2015-01-01T",
                            "2015-01-01T24:00:00Z",
                            "2015-01-01T00:60:00Z",
                            "2015-01-01T00:00:60Z",
                            "2015-01-01T00:00:00.Z",
                            "2015-01-01T00:00:00ZZ",
                            "2015-01-01T00:00:00+2:00",
                            "2015-01-01T00:00:00+24:00",
                            "2015-01-01T0:00:00Z",
                            "15-01-01",
                            "Thu, 01 Jan 2015 00:00:00",
                            "Thu, 01 Jan 2015 00:00:00 ",
                            "Thu, 32 Jan 2015 00:00:00 GMT",
                            "Thu, 01 Foo 2015 00:00:00 GMT",
                            "Thu 01 Jan 2015 00:00:00 GMT",
                            "Thu, 01 Jan 2015 00:00:00 CET",
                            "1.",
                            ".5",
                            "-",
                            "--1",
                            "1e",
                            "1e5x",
                            "nan",
                            "inf",
                            "0x10",
                            "1 ",
                            "1.5.2",
                            "e5"}) {
    CAPTURE(wrong);
    CHECK(parse_timestamp(wrong) == std::nullopt);
  }
}
