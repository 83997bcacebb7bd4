#include "run/recovery.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string steps =
    "- {id: a, shell: one, outputs: {x: stdout}}\n- {id: b, shell: two}\n- {id: c, shell: three}\n- {id: d, shell: four}\n";

struct Paused : Story {
  Paused() : Story(steps) {}
  Recovery recovered(Purpose purpose = Purpose::go_on) { return recover(facts, state, values, "ada", purpose); }
  void begin(const std::string& step, std::int64_t n) { record(Proposal(event::intent, step, {}, n)); }
  void end(const std::string& step, const std::string& result) {
    record(Proposal(event::ended, step, object({{"result", result}}), of(step).attempt));
  }
};

}  // namespace

TEST_CASE("an attempt without an outcome is taken up with its own number") {
  Paused story;
  story.begin("a", 7);
  Recovery recovery = story.recovered();
  REQUIRE(recovery.taken_up.size() == 1);
  CHECK(recovery.taken_up[0].n == 7);
  CHECK(recovery.taken_up[0].takes_up);
  CHECK(recovery.taken_up[0].request->type == "shell");
  CHECK(recovery.taken_up[0].request->keeps_result);
  CHECK(recovery.events.empty());
  CHECK(open_attempts(story.state) == std::vector<std::int64_t>{7});
}

TEST_CASE("attempts that exited, ended or are in doubt are not taken up") {
  Paused story;
  story.begin("a", 1);
  story.record(Proposal(event::exited, "a", {}, 1));
  story.begin("b", 2);
  story.end("b", "succeeded");
  story.begin("c", 3);
  story.record(Proposal(event::doubted, "c", {}, 3));
  CHECK(story.recovered().taken_up.empty());
  CHECK(story.recovered().events.empty());
  CHECK(open_attempts(story.state).empty());
}

TEST_CASE("what failed, was refused or was stopped is renewed where it holds the run up, with the reason") {
  for (const char* how : {"failed", "cancelled", "refused"}) {
    CAPTURE(how);
    Paused story;
    if (std::string(how) == "refused") {
      story.record(Proposal(event::refused, "a", object({{"why", "x"}})));
    } else {
      story.begin("a", 1);
      story.end("a", how);
    }
    Recovery recovery = story.recovered();
    REQUIRE(recovery.events.size() == 1);
    CHECK(recovery.events[0].event.kind == event::renewed);
    CHECK(recovery.events[0].event.body == object({{"how", "resume"}, {"who", "ada"}, {"because", "the run was resumed"}}));
  }
}

TEST_CASE("a retry that waits for its time is not renewed") {
  Paused story;
  story.begin("a", 1);
  story.record(Proposal(event::ended, "a", object({{"result", "failed"}, {"retry_at_ms", 5}}), 1));
  CHECK(story.recovered().events.empty());
}

TEST_CASE("who resumes a run with an overdue step goes on waiting for it") {
  Paused story;
  story.begin("a", 1);
  story.record(ask_overdue(story.state, *story.facts.runbook->find("a")));
  Recovery recovery = story.recovered();
  REQUIRE(recovery.events.size() == 1);
  CHECK(recovery.events[0].event.body.text_or("choice", "") == "wait");
  CHECK(recovery.taken_up.size() == 1);
}

TEST_CASE("who cancels a run renews nothing, but the open attempt is taken up to be ended") {
  Paused story;
  story.begin("a", 1);
  story.end("a", "failed");
  story.begin("b", 2);
  Recovery recovery = story.recovered(Purpose::cancel);
  CHECK(recovery.events.empty());
  CHECK(recovery.taken_up.size() == 1);
}

TEST_CASE("an attempt of which the runbook has no step any more is no riddle: the run can be left, with the step in doubt") {
  Story story("- {section: L, for_each: [p, q], as: x, steps: [{id: pay, shell: pay}]}\n- {id: last, shell: last}\n");
  story.turn();
  story.facts = facts_of(steps_only("- {id: last, shell: last}\n"));
  for (const Purpose purpose : {Purpose::go_on, Purpose::undo})
    CHECK_THROWS_WITH_AS(recover(story.facts, story.state, story.values, "ada", purpose),
                         "`pay[p]` has begun, its end is not known, and its step is no longer in the runbook; nothing was run",
                         Error);
  story.limits.is_cancelling = true;
  CHECK(story.crashes_and_resumes(Purpose::cancel) == "doubted pay[p]; cancelling; end cancelled");
  CHECK(open_attempts(story.state).empty());
}
