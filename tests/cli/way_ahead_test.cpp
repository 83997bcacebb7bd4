#include "cli/way_ahead.h"

#include <doctest/doctest.h>

#include "tests/cli/live_world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string steps = R"(
runbook: x
title: X
inputs: {items: {type: list}}
steps:
  - {id: a, title: A, shell: "true"}
  - section: Both
    parallel:
      - {section: Left, steps: [{id: left_1, title: L, shell: "true"}, {id: left_2, title: L, shell: "true"}]}
      - {section: Right, steps: [{id: right_1, title: R, shell: "true"}]}
  - section: Loop
    for_each: $inputs.items
    as: item
    concurrency: 2
    steps: [{id: first, title: F, shell: "true"}, {id: second, title: S, shell: "true"}]
  - {id: z, title: Z, shell: "true"}
finally:
  - {id: tidy, title: Tidy, shell: "true"}
)";

PastDuration takes(std::int64_t seconds) { return {seconds * 1000, seconds * 1000, 3}; }

struct Ahead {
  explicit Ahead(PastDurations durations) : runbook(loaded(steps)), past(std::move(durations)), way(*runbook, past) {}
  std::int64_t seconds(std::int64_t now_ms = 0) const { return way.rest(passage, now_ms).ms / 1000; }
  std::string next() const {
    std::string names;
    for (const Step* step : way.next(passage, 3)) names += (names.empty() ? "" : " ") + step->id;
    return names;
  }
  std::shared_ptr<const Runbook> runbook;
  PastDurations past;
  Passage passage;
  WayAhead way;
};

}  // namespace

TEST_CASE("of_branches_side_by_side_the_longest_counts") {
  Ahead ahead({{"left_1", takes(10)}, {"left_2", takes(20)}, {"right_1", takes(25)}});
  ahead.passage.ended = {{"a", 1}};
  CHECK(ahead.seconds() == 30);
  ahead.passage.ended["left_1"] = 1;
  CHECK(ahead.seconds() == 25);
}

TEST_CASE("what_is_at_work_counts_with_what_is_left_of_it") {
  Ahead ahead({{"a", takes(60)}});
  ahead.passage.at_work_since_ms = {{"a", {1'000}}};
  CHECK(ahead.seconds(31'000) == 30);
  CHECK(ahead.seconds(500'000) == 0);
}

TEST_CASE("what_is_unknown_is_said_to_be_unknown") {
  Ahead ahead({{"a", takes(60)}});
  CHECK(ahead.way.rest(ahead.passage, 0).knows_any);
  CHECK(ahead.way.rest(ahead.passage, 0).lacks_some);
  ahead.passage.ended = {{"a", 1}};
  CHECK_FALSE(ahead.way.rest(ahead.passage, 0).knows_any);
}

TEST_CASE("a_step_that_never_had_to_run_takes_no_time") {
  Ahead ahead({{"a", {}}, {"left_1", {}}, {"left_2", {}}, {"right_1", {}}, {"z", takes(5)}, {"tidy", takes(1)}});
  ahead.passage.items = {{"3", 0}};
  CHECK(ahead.seconds() == 6);
  CHECK_FALSE(ahead.way.rest(ahead.passage, 0).lacks_some);
}

TEST_CASE("items_of_a_loop_are_counted_once_it_has_been_entered") {
  Ahead ahead({{"first", takes(10)}, {"second", takes(20)}});
  CHECK(ahead.way.rest(ahead.passage, 0).lacks_some);
  CHECK(ahead.seconds() == 0);
  ahead.passage.items = {{"3", 4}};
  CHECK(ahead.seconds() == 4 * 30 / 2);
  ahead.passage.ended = {{"first", 2}, {"second", 2}};
  CHECK(ahead.seconds() == 30);
}

TEST_CASE("next_is_what_begins_when_that_which_is_at_work_has_ended") {
  Ahead ahead({});
  CHECK(ahead.next() == "a");
  ahead.passage.at_work_since_ms = {{"a", {0}}};
  CHECK(ahead.next() == "left_1 right_1");
  ahead.passage.ended = {{"a", 1}};
  ahead.passage.at_work_since_ms = {{"left_1", {0}}, {"right_1", {0}}};
  CHECK(ahead.next() == "left_2");
  ahead.passage.ended["left_1"] = 1;
  ahead.passage.at_work_since_ms = {{"left_2", {0}}, {"right_1", {0}}};
  CHECK(ahead.next() == "first");
}

TEST_CASE("an_item_of_a_loop_goes_on_before_another_begins") {
  Ahead ahead({});
  ahead.passage.ended = {{"a", 1}, {"left_1", 1}, {"left_2", 1}, {"right_1", 1}};
  ahead.passage.items = {{"3", 2}};
  ahead.passage.at_work_since_ms = {{"first", {0}}};
  CHECK(ahead.next() == "second");
  ahead.passage.ended["first"] = 1;
  ahead.passage.at_work_since_ms = {{"second", {0}}};
  CHECK(ahead.next() == "first");
  ahead.passage.ended["first"] = 2;
  ahead.passage.ended["second"] = 1;
  CHECK(ahead.next() == "z");
  ahead.passage.ended["second"] = 2;
  ahead.passage.at_work_since_ms = {{"z", {0}}};
  CHECK(ahead.next() == "tidy");
}
