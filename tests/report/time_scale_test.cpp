#include "report/time_scale.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace runbook;

namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t noon = 1'795'953'600'000;  // 2026-11-29T12:00:00Z

std::vector<std::string> labels(const TimeScale& scale) {
  std::vector<std::string> all;
  for (const TimeScale::Tick& tick : scale.ticks())
    if (!tick.label.empty()) all.push_back(tick.label);
  return all;
}

}  // namespace

TEST_CASE("without_rests_the_axis_is_the_clock") {
  const TimeScale scale({noon, noon + hour}, {{noon, noon + hour}});
  CHECK(scale.place(noon) == doctest::Approx(0));
  CHECK(scale.place(noon + 15 * minute) == doctest::Approx(0.25));
  CHECK(scale.place(noon + hour) == doctest::Approx(1));
  CHECK(scale.place(noon - day) == doctest::Approx(0));
  CHECK(scale.place(noon + day) == doctest::Approx(1));
  CHECK(scale.breaks().empty());
  CHECK(labels(scale).front() == "29 Nov 12:00");
  CHECK(labels(scale)[1] == "12:10");
}

TEST_CASE("three_days_of_rest_leave_the_minutes_their_room") {
  const std::int64_t back = noon + 10 * minute + 3 * day;
  const TimeScale scale({noon, back + 10 * minute}, {{noon, noon + 10 * minute}, {back, back + 10 * minute}});
  REQUIRE(scale.breaks().size() == 1);
  CHECK(scale.breaks()[0].to - scale.breaks()[0].from < 0.2);
  CHECK(scale.place(noon + 10 * minute) > 0.4);
  CHECK(scale.place(back) < 0.6);
  CHECK(scale.place(noon + day) > scale.place(noon + 10 * minute));  // what happens within a rest keeps its order
  CHECK(scale.place(noon + 2 * day) > scale.place(noon + day));
  const auto all = labels(scale);
  CHECK(std::find(all.begin(), all.end(), "2 Dec 12:10") != all.end());
}

TEST_CASE("many_long_rests_together_take_no_more_than_a_third") {
  std::vector<TimeSpan> busy;
  for (std::int64_t i = 0; i < 100; ++i) busy.push_back({noon + i * day, noon + i * day + minute});
  const TimeScale scale({noon, noon + 99 * day + minute}, busy);
  CHECK(scale.breaks().size() == 99);
  double rests = 0;
  for (const TimeScale::Break& rest : scale.breaks()) rests += rest.to - rest.from;
  CHECK(rests < 0.34);
  CHECK(scale.place(noon + 99 * day + minute) == doctest::Approx(1));
}

TEST_CASE("short_rests_are_as_long_as_they_are") {
  const TimeScale scale({noon, noon + 21 * minute}, {{noon, noon + 10 * minute}, {noon + 11 * minute, noon + 21 * minute}});
  CHECK(scale.breaks().empty());
}

TEST_CASE("one_instant_and_a_run_in_which_nothing_was_done_have_an_axis_too") {
  const TimeScale instant({noon, noon}, {});
  CHECK(instant.place(noon) == doctest::Approx(0));
  CHECK(labels(instant).size() == 1);
  const TimeScale waiting({noon, noon + hour}, {});
  CHECK(waiting.place(noon + 30 * minute) == doctest::Approx(0.5));
}

TEST_CASE("parts_of_a_second_can_be_told_apart") {
  const auto all = labels(TimeScale({noon, noon + 2'000}, {{noon, noon + 2'000}}));
  REQUIRE(all.size() > 2);
  CHECK(all[0] == "29 Nov 12:00:00.000");
  CHECK(all[1] == "12:00:00.500");
}

TEST_CASE("labels_keep_their_distance") {
  for (const std::int64_t length : {std::int64_t{700}, std::int64_t{9'000}, 7 * minute, 5 * hour, 40 * day}) {
    const TimeScale scale({noon + 1234, noon + 1234 + length}, {{noon + 1234, noon + 1234 + length}});
    double last = -1;
    std::size_t number = 0;
    for (const TimeScale::Tick& tick : scale.ticks()) {
      if (tick.label.empty()) continue;
      CHECK((last < 0 || tick.place - last > 0.1));
      CHECK(tick.place <= 0.91);
      last = tick.place;
      ++number;
    }
    CHECK(number >= 3);
  }
}
