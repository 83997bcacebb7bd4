// Somebody sets the clock: what waits comes out right, and says so.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {
constexpr std::int64_t second = 1'000, minute = 60 * second, hour = 60 * minute, year = 365 * 24 * hour;
}

TEST_CASE("an hour back, a wait lasts as long as it should, counted from then, and says why") {
  Story story("- {id: a, wait_until: {shell: look, every: 1s, timeout: 1m}}\n");
  CHECK(story.turn() == "waiting a; look a");
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(-hour) == "rescheduled a; look a");
  CHECK(story.body_of(event::rescheduled).int_or("deadline_ms", 0) == story.now_ms + minute);
  CHECK(
      story.body_of(event::rescheduled).text_or("why", "").starts_with("the clock was set back; its time counts anew, until "));
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(minute) == "look a");
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
}

TEST_CASE("an hour back in a wait of three days, it is looked at as often as before, and the deadline stands") {
  Story story("- {id: a, wait_until: {shell: look, every: 1s, timeout: 3d}}\n");
  story.turn();
  story.ends("a", no());
  CHECK(story.after(5 * hour) == "look a");
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(-hour) == "look a");
  CHECK(story.ends("a", no()) == "wake +1000");
}

TEST_CASE("an hour back between two engines, a wait lasts no longer than it should") {
  Story story("- {id: a, wait_until: {shell: look, every: 1s, timeout: 1m}}\n");
  story.turn();
  story.now_ms -= hour;
  CHECK(story.crashes_and_resumes() == "rescheduled a; look a");
}

TEST_CASE("a year forward, a wait is over with one last look") {
  Story story("- {id: a, wait_until: {shell: look, every: 1s, timeout: 3d}}\n");
  story.turn();
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(year) == "look a");
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
}

TEST_CASE("an hour back, a retry waits its whole delay once more, and a year forward it comes at once") {
  Story story("- {id: a, shell: x, retry: {attempts: 4, delay: 1m, backoff: 2}}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +60000");
  CHECK(story.after(-hour) == "rescheduled a; wake +60000");
  CHECK(story.after(minute) == "intent a; act a");
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +120000");
  CHECK(story.after(-hour) == "rescheduled a; wake +120000");
  CHECK(story.after(year) == "intent a; act a");
}

TEST_CASE("an hour back, a step has its whole timeout once more; a year forward, somebody is asked, and it runs on") {
  Story story("- {id: a, shell: x, timeout: 1m}\n");
  CHECK(story.turn() == "intent a; act a; wake +60000");
  CHECK(story.after(-hour) == "rescheduled a; wake +60000");
  CHECK(story.after(year) == "overdue a; asked a overdue; end waiting");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
}

TEST_CASE("an hour back, looks after a step and in doubt go on for as long as they should") {
  const std::string looked_at =
      ", done_when: {shell: look, every: 1s, timeout: 1m}, verify: {shell: look, every: 1s, timeout: 1m}}\n";
  for (const Outcome& outcome : {exits(0), is_lost()}) {
    Story story("- {id: a, shell: x" + looked_at);
    story.turn();
    story.ends("a", no());
    story.ends("a", outcome);
    CHECK(story.ends("a", no()) == "wake +1000");
    CHECK(story.after(-hour) == "rescheduled a; look a");
    CHECK(story.body_of(event::rescheduled).int_or("looks_until_ms", 0) == story.now_ms + minute);
    CHECK(story.ends("a", no()) == "wake +1000");
  }
}

TEST_CASE("the small steps of a clock that is kept in time are not worth a word") {
  Story story("- {id: a, wait_until: {shell: look, every: 1s, timeout: 1m}}\n");
  story.turn();
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(-500) == "look a");
}
