#include "state/run_state.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

const std::string digest(64, 'd');

// A run in memory: each event gets the next number.
struct Story {
  RunState run;
  std::int64_t seq = 0;

  Story& tell(std::string_view kind, const std::string& instance, Value body = {}, std::int64_t attempt = 0) {
    Event event{++seq, std::string(kind), instance, attempt, 1000 * seq, std::move(body)};
    run.apply(event);
    return *this;
  }
  const InstanceState& of(const std::string& instance) const { return run.of(instance); }
};

}  // namespace

TEST_CASE("an intent opens an attempt and its outcome closes it") {
  Story story;
  story.tell(event::intent, "a", object({{"effect", "once"}}), 1);
  CHECK(story.of("a").state == StepState::running);
  CHECK(story.of("a").is_open);
  story.tell(event::ended, "a", object({{"result", "succeeded"}, {"outputs", blob_reference(digest, 3)}}), 1);
  CHECK(story.of("a").state == StepState::succeeded);
  CHECK_FALSE(story.of("a").is_open);
  CHECK(story.of("a").outputs == digest);
}

TEST_CASE("a run that was handed off is taken over by the next engine, and not by a command") {
  Story story;
  story.tell(event::run_began, "", object({{"operator", "ada"}}));
  story.tell(event::paused, "", object({{"state", "failed"}, {"why", "x"}}));
  CHECK(story.run.open_handoff() == nullptr);
  story.tell(event::driven, "", object({{"how", "command"}, {"who", "ada"}}));
  story.tell(event::handed_off, "", object({{"who", "ada"}, {"note", "mind the cable"}}));
  story.tell(event::paused, "", object({{"state", "failed"}, {"why", "x"}}));
  REQUIRE(story.run.open_handoff() != nullptr);
  CHECK(story.run.open_handoff()->who == "ada");
  CHECK(story.run.open_handoff()->note == "mind the cable");
  CHECK(story.run.open_handoff()->at_ms == 4000);
  CHECK(story.run.paused_at_ms == 2000);
  story.tell(event::driven, "", object({{"how", "command"}, {"who", "eve"}}));
  CHECK(story.run.open_handoff() != nullptr);
  story.tell(event::driven, "", object({{"how", "resume"}, {"who", "bob"}}));
  CHECK(story.run.open_handoff() == nullptr);
  CHECK(story.run.paused_at_ms == 0);
  REQUIRE(story.run.handoffs.size() == 1);
  CHECK(story.run.handoffs[0].taken_by == "bob");
  CHECK(story.run.handoffs[0].taken_at_ms == 7000);
  CHECK(story.run.deviations.empty());
}

TEST_CASE("what is to be tried again waits for its time") {
  Story story;
  story.tell(event::intent, "a", {}, 1).tell(event::ended, "a", object({{"result", "failed"}, {"retry_at_ms", 5000}}), 1);
  CHECK(story.of("a").state == StepState::waiting);
  CHECK(story.of("a").retry_at_ms == 5000);
  CHECK(story.of("a").attempts == 1);
}

TEST_CASE("what was proven not to have started is no attempt of retry") {
  Story story;
  story.tell(event::intent, "a", {}, 1).tell(event::ended, "a", object({{"result", "not_started"}, {"again", true}}), 1);
  CHECK(story.of("a").state == StepState::pending);
  CHECK(story.of("a").attempts == 0);
  CHECK(story.of("a").all_attempts == 1);
}

TEST_CASE("in doubt stays open until somebody decides, and the decision is a deviation") {
  Story story;
  story.tell(event::intent, "a", {}, 1).tell(event::doubted, "a", object({{"why", "its supervisor died"}}), 1);
  CHECK(story.of("a").state == StepState::in_doubt);
  CHECK(story.of("a").is_open);
  story.tell(event::asked, "a", object({{"question", "q"}, {"about", "doubt"}, {"choices", Value(List{"done", "retry"})}}), 1);
  REQUIRE(story.run.open_question("a") != nullptr);
  CHECK(story.run.open_question("a")->choices == std::vector<std::string>{"done", "retry"});
  story.tell(event::answered, "a", object({{"question", "q"}, {"choice", "done"}, {"who", "ada"}, {"because", "seen"}}));
  story.tell(event::ended, "a", object({{"result", "succeeded"}}), 1);
  CHECK(story.run.open_question("a") == nullptr);
  REQUIRE(story.run.deviations.size() == 1);
  CHECK(story.run.deviations[0].who == "ada");
  CHECK(story.run.deviations[0].because == "seen");
}

TEST_CASE("what a person did before counts when they say that doing it anew had no effect") {
  Story story;
  const auto is_confirmed = [&](const std::string& question) {
    story.tell(event::asked, "m", object({{"question", question}, {"about", "manual"}, {"text", "do it"}}));
    story.tell(event::answered, "m", object({{"question", question}, {"choice", "confirm"}, {"who", "ada"}}));
    story.tell(event::exited, "m");
  };
  is_confirmed("m/manual/1");
  story.tell(event::ended, "m", object({{"result", "succeeded"}}));
  const std::int64_t deed = story.of("m").acted_seq;
  CHECK(deed == story.seq);
  story.tell(event::renewed, "m", object({{"how", "redo"}}));
  is_confirmed("m/manual/2");
  CHECK(story.of("m").acted_seq == story.seq);
  const Value asked =
      object({{"question", "m/doubt/1"}, {"about", "doubt"}, {"text", "Did it?"}, {"why", "it can't be looked at"}});
  story.tell(event::asked, "m", asked);
  CHECK(story.of("m").why == "it can't be looked at");
  SUBCASE("it had none") {
    story.tell(event::ended, "m", object({{"result", "failed"}, {"had_no_effect", true}}));
    CHECK(story.of("m").acted_seq == deed);
  }
  SUBCASE("it is looked at after all") {
    story.tell(event::answered, "m", object({{"question", "m/doubt/1"}, {"choice", looks_again}, {"who", "runbook"}}));
    CHECK(story.of("m").why == "");
    CHECK(story.of("m").has_exited);
    CHECK(story.run.deviations.size() == 1);  // that it was done anew
  }
}

TEST_CASE("a decision to do it anew begins a group without what was known of the old one") {
  Story story;
  story.tell(event::intent, "a", object({{"before", blob_reference(digest, 1)}}), 1);
  story.tell(event::ended, "a", object({{"result", "succeeded"}, {"outputs", blob_reference(digest, 1)}}), 1);
  story.tell(event::renewed, "a", object({{"how", "redo"}, {"who", "ada"}, {"because", "wrong file"}}));
  CHECK(story.of("a").state == StepState::pending);
  CHECK(story.of("a").group == 2);
  CHECK(story.of("a").attempts == 0);
  CHECK(story.of("a").before.empty());
  CHECK(story.of("a").outputs.empty());
  CHECK(story.run.deviations.size() == 1);
}

TEST_CASE("an approval holds for its group alone") {
  Story story;
  story.tell(event::asked, "a", object({{"question", "q"}, {"about", "approval"}}));
  story.tell(event::answered, "a", object({{"question", "q"}, {"choice", "approve"}}));
  CHECK(story.of("a").is_approved);
  story.tell(event::renewed, "a", object({{"how", "resume"}}));
  CHECK_FALSE(story.of("a").is_approved);
}

TEST_CASE("an approval does not outlive a change of the runbook, its inputs or its files") {
  Story story;
  story.tell(event::asked, "a", object({{"question", "q"}, {"about", "approval"}, {"phrase", "a"}, {"phrase_sha256", "1"}}));
  story.tell(event::answered, "a", object({{"question", "q"}, {"choice", "approve"}}));
  story.tell(event::asked, "a", object({{"question", "r"}, {"about", "approval"}, {"sha256", "1"}}));
  story.tell(event::answered, "a", object({{"question", "r"}, {"choice", "approve"}, {"who", "ada"}}));
  CHECK(story.of("a").phrase_sha256 == "1");
  CHECK(story.of("a").approved_by.size() == 1);
  story.tell(event::adopted, "");
  CHECK_FALSE(story.of("a").is_approved);
  CHECK(story.of("a").approved_by.empty());
}

TEST_CASE("somebody who stops an overdue step is heard after a crash too") {
  Story story;
  story.tell(event::intent, "a", object({{"deadline_ms", 5}}), 1).tell(event::overdue, "a", {}, 1);
  story.tell(event::asked, "a", object({{"question", "q"}, {"about", "overdue"}}), 1);
  story.tell(event::answered, "a", object({{"question", "q"}, {"choice", "stop"}}));
  CHECK(story.of("a").must_stop);
  CHECK_FALSE(story.of("a").deadline_ms.has_value());
}

TEST_CASE("a run pauses, is driven on, and is left once") {
  Story story;
  story.tell(event::run_began, "", object({{"runbook", "r"}, {"title", "R"}}));
  story.tell(event::paused, "", object({{"state", "failed"}, {"why", "a failed"}}));
  CHECK(story.run.state == "failed");
  story.tell(event::driven, "", object({{"epoch", 2}}));
  CHECK(story.run.state == "running");
  CHECK(story.run.epoch == 2);
  CHECK_FALSE(story.run.was_left());
  story.tell(event::left, "", object({{"state", "succeeded"}}));
  CHECK(story.run.was_left());
}

TEST_CASE("events about questions that are unknown, closed or of another step change nothing they should not") {
  // In every order of four: the fold takes them all.
  const std::vector<std::pair<std::string_view, Value>> kinds = {
      {event::asked, object({{"question", "a/manual/1"}, {"about", "manual"}, {"text", "do it"}})},
      {event::ticked, object({{"question", "a/manual/1"}, {"item", 1}})},
      {event::answered, object({{"question", "a/manual/1"}, {"choice", "confirm"}, {"who", "ada"}})},
      {event::exited, Value()},
      {event::ended, object({{"result", "failed"}})},
      {event::renewed, Value()},
      {event::asked, object({{"question", "a/approval_1/1"}, {"about", "approval"}, {"sha256", "ab"}, {"count", 1}})},
      {event::answered, object({{"question", "a/approval_1/1"}, {"choice", "approve"}, {"who", "ada"}})}};
  const std::size_t count = kinds.size();
  for (std::size_t at = 0; at < count * count * count * count; ++at) {
    RunState state;
    for (std::size_t i = 0, rest = at; i < 4; ++i, rest /= count) {
      Event event;
      event.kind = kinds[rest % count].first;
      event.instance = "a";
      event.body = kinds[rest % count].second;
      event.seq = static_cast<std::int64_t>(i) + 1;
      state.apply(event);
    }
    const Question* open = state.open_question("a");
    CHECK((!open || open->is_open));
    CHECK_FALSE(state.of("a").is_open);
  }
}

TEST_CASE("events of later versions and bodies that lack everything are passed over") {
  Story story;
  for (std::string_view kind :
       {event::run_began,       event::driven,    event::paused,      event::left,     event::section_entered,
        event::section_skipped, event::satisfied, event::rescheduled, event::skipped,  event::waiting,
        event::intent,          event::exited,    event::verifying,   event::ended,    event::refused,
        event::doubted,         event::overdue,   event::asked,       event::answered, event::renewed}) {
    story.tell(kind, "a", Value(List{1, 2}), 1).tell(kind, "", "text");
  }
  story.tell("from_the_future", "a", object({{"x", 1}}));
  CHECK(story.run.seq == story.seq);
}

TEST_CASE("a taken over run says so among its deviations") {
  Story story;
  story.tell(event::driven, "", object({{"epoch", 2}, {"how", "take-over"}, {"who", "ada"}}));
  REQUIRE(story.run.deviations.size() == 1);
  CHECK(story.run.deviations[0].who == "ada");
}

TEST_CASE("what was accepted although it is not as required is a deviation of the run") {
  Story story;
  story.tell(event::accepted, "", object({{"what", "accepted kops 1.10.0"}, {"who", "ada"}, {"because", "--accept"}}));
  REQUIRE(story.run.deviations.size() == 1);
  CHECK(story.run.deviations[0].what == "accepted kops 1.10.0");
  CHECK(story.run.deviations[0].who == "ada");
  CHECK(story.run.deviations[0].because == "--accept");
}
