#include "report/past_durations.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

struct Past {
  DurationReader reader;
  std::int64_t seq = 0;

  Past& run() {
    reader.begin_run();
    return *this;
  }
  Past& tell(std::int64_t at_ms, std::string_view kind, const std::string& instance = {}, Value body = {}) {
    reader.read(Event{++seq, std::string(kind), instance, 0, at_ms, std::move(body)});
    return *this;
  }
  Past& took(std::int64_t ms, const std::string& instance = "a", std::string_view result = "succeeded") {
    return run().tell(1000, event::intent, instance).tell(1000 + ms, event::ended, instance, object({{"result", result}}));
  }
  PastDuration of(const std::string& name) const { return reader.durations().at(name); }
  bool knows(const std::string& name) const { return reader.durations().count(name) > 0; }
};

}  // namespace

TEST_CASE("the_median_and_the_90th_percentile_of_what_succeeded") {
  Past past;
  for (std::int64_t ms : {100, 900, 300, 200, 1000, 500, 400, 800, 700, 600}) past.took(ms);
  past.took(99'999, "a", "failed");
  CHECK(past.of("a").typical_ms == 500);
  CHECK(past.of("a").most_ms == 900);
  CHECK(past.of("a").times == 10);
}

TEST_CASE("one_former_run_is_better_than_none") {
  Past past;
  past.took(700);
  CHECK(past.of("a").typical_ms == 700);
  CHECK(past.of("a").most_ms == 700);
  CHECK_FALSE(past.knows("b"));
}

TEST_CASE("items_of_a_loop_are_one_step") {
  Past past;
  past.took(100, "inner/a[x]").took(300, "inner/a[y][z]");
  CHECK(past.of("inner/a").times == 2);
}

TEST_CASE("a_wait_counts_from_its_beginning") {
  Past past;
  past.run().tell(1000, event::waiting, "w").tell(61'000, event::ended, "w", object({{"result", "succeeded"}}));
  CHECK(past.of("w").typical_ms == 60'000);
}

TEST_CASE("the_time_of_people_is_not_that_of_the_machine") {
  Past past;
  past.run().tell(0, event::asked, "manual", object({{"about", "manual"}}));
  past.tell(9'000'000, event::ended, "manual", object({{"result", "succeeded"}}));
  CHECK_FALSE(past.knows("manual"));
  past.run().tell(0, event::asked, "approved", object({{"about", "approval"}})).tell(8'000, event::answered, "approved");
  past.tell(9'000, event::intent, "approved").tell(9'500, event::ended, "approved", object({{"result", "succeeded"}}));
  CHECK(past.of("approved").typical_ms == 500);
  past.run().tell(0, event::intent, "lost").tell(100, event::doubted, "lost").tell(150, event::asked, "lost");
  past.tell(9'000'000, event::ended, "lost", object({{"result", "succeeded"}}));
  CHECK_FALSE(past.knows("lost"));
}

TEST_CASE("what_ended_while_nobody_drove_the_run_tells_nothing") {
  Past past;
  past.run().tell(0, event::intent, "a").tell(500, event::paused).tell(9'000'000, event::driven);
  past.tell(9'000'001, event::ended, "a", object({{"result", "succeeded"}}));
  CHECK_FALSE(past.knows("a"));
}

TEST_CASE("a_step_that_was_only_ever_skipped_or_satisfied_takes_no_time") {
  Past past;
  past.run().tell(0, event::skipped, "a").run().tell(0, event::satisfied, "a");
  CHECK(past.of("a").times == 0);
  CHECK(past.of("a").typical_ms == 0);
  past.took(400);
  CHECK(past.of("a").typical_ms == 400);
}
