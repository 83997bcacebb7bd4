// Watches: looks beside the steps of a section, and what comes when one trips.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string watched(const std::string& watch, const std::string& more = "") {
  return "- section: S\n  watch: [{id: w, shell: look, every: 5s" + watch +
         "}]\n  steps: [{id: a, shell: one}, {id: b, shell: two}]\n" + more + "- {id: z, shell: last}\n";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// One whose step a runs, and whose watch has been looked at once and saw good.
Story that_runs(const std::string& watch, const std::string& more = "") {
  Story story(watched(watch, more));
  story.turn();
  story.ends("w", yes());
  return story;
}

}  // namespace

TEST_CASE("a watch looks while its section's steps run, every so often, and a good look is no event") {
  Story story(watched(""));
  CHECK(story.turn() == "section_entered 1; intent a; watch w; act a");
  CHECK(story.ends("w", yes()) == "wake +5000");
  CHECK(story.after(4'999) == "wake +1");
  CHECK(story.after(1) == "watch w");
  CHECK(story.ends("w", yes()) == "wake +5000");
}

TEST_CASE("only changes of what a watch sees are events") {
  Story story = that_runs(", trips_after: 3");
  story.after(5'000);
  CHECK(story.ends("w", no()) == "watched w; wake +5000");
  CHECK(story.body_of(event::watched).text_or("state", "") == "bad");
  story.after(5'000);
  CHECK(story.ends("w", no()) == "wake +5000");
  story.after(5'000);
  CHECK(story.ends("w", yes()) == "watched w; wake +5000");
  CHECK(story.body_of(event::watched).text_or("state", "") == "good");
  for (int i = 0; i < 2; ++i) {
    story.after(5'000);
    story.ends("w", no());
  }
  story.after(5'000);
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.body_of(event::watched).text_or("state", "") == "tripped");
}

TEST_CASE("a watch that trips lets what runs end, starts nothing more, and pauses the run") {
  Story story = that_runs("");
  story.after(5'000);
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "w");
  CHECK(has(story.end_why(), "watch `w` tripped: it exited with 1"));
  CHECK(story.of("b").state == StepState::pending);
}

TEST_CASE("running: stop ends what runs when the watch trips") {
  Story story = that_runs(", running: stop");
  story.after(5'000);
  CHECK(story.ends("w", no()) == "watched w; cancel a");
  CHECK(story.ends("a", is_stopped()) == "doubted a; asked a doubt; end in_doubt");
  CHECK(story.answered("a", "not-done") == "answered a not-done; ended a failed; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "w");
}

TEST_CASE("on_trip runs when what ran has ended, and its failure is told") {
  Story story = that_runs(", on_trip: [{id: t, shell: back}]");
  story.after(5'000);
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent t; act t");
  CHECK(story.ends("t", exits(3)) == "ended t failed; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "t");
}

TEST_CASE("after on_trip the section has failed, and is rescued") {
  Story story =
      that_runs(", on_trip: [{id: t, shell: back}]", "  rescue: [{id: r, shell: x}]\n  finally: [{id: f, shell: y}]\n");
  story.after(5'000);
  story.ends("w", no());
  story.ends("a", exits(0));
  CHECK(story.ends("t", exits(0)) == "ended t succeeded; section_failed 1; skipped b; intent r; act r");
  CHECK(story.of("b").why == "section `S` was given up: watch `w` tripped: it exited with 1");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; intent z; act z");
}

TEST_CASE("a run that is resumed after a trip looks anew and goes on where the section stood") {
  Story story = that_runs(", on_trip: [{id: t, shell: back}]");
  story.after(5'000);
  story.ends("w", no());
  story.ends("a", exits(0));
  CHECK(story.ends("t", exits(0)) == "ended t succeeded; end failed");
  CHECK(story.crashes_and_resumes() == "renewed w resume; renewed t resume; intent b; watch w; act b");
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; intent t; act t");
}

TEST_CASE("a canary whose watch trips with its last step fails, whichever comes in first") {
  for (const bool look_is_first : {true, false}) {
    CAPTURE(look_is_first);
    Story story = that_runs("");
    story.ends("a", exits(0));
    story.after(5'000);
    REQUIRE(story.live.of("w").running);
    if (look_is_first) story.comes_in("w", no());
    story.comes_in("b", exits(0));
    if (!look_is_first) story.comes_in("w", no());
    CHECK(story.turn() == "ended b succeeded; watched w; end failed");
    CHECK(story.of("z").state == StepState::pending);
  }
}

TEST_CASE("a section is left when a look that began behind its last step said yes") {
  Story story = that_runs("");
  story.ends("a", exits(0));
  CHECK(story.after(1'000) == "wake +4000");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; watch w");
  CHECK(story.ends("w", yes()) == "section_left 1; intent z; act z");
}

TEST_CASE("a look that began in the millisecond in which the last step ended, but before it, is not the last") {
  Story story = that_runs("");
  story.ends("a", exits(0));
  CHECK(story.after(5'000) == "watch w");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded");
  CHECK(story.ends("w", yes()) == "watch w");
  CHECK(story.ends("w", no()) == "watched w; end failed");
}

TEST_CASE("a clock that was set back behind the last step's end asks for one more look, not for many") {
  Story story = that_runs("");
  story.ends("a", exits(0));
  story.ends("b", exits(0));
  story.now_ms -= 3'600'000;
  CHECK(story.ends("w", yes()) == "section_left 1; intent z; act z");
}

TEST_CASE("a look behind the last step that says no counts, and is repeated until it trips or is good") {
  Story story = that_runs(", trips_after: 2");
  story.ends("a", exits(0));
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; watch w");
  CHECK(story.ends("w", no()) == "watched w; wake +5000");
  CHECK(story.after(5'000) == "watch w");
  CHECK(story.ends("w", yes()) == "watched w; section_left 1; intent z; act z");
}

TEST_CASE("a run that pauses behind the last step of a watched section has not succeeded") {
  Story story = that_runs("");
  story.ends("a", exits(0));
  story.pauses();
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end interrupted");
  CHECK(story.of("z").state == StepState::pending);
  CHECK(story.crashes_and_resumes() == "watch w");
  CHECK(story.ends("w", yes()) == "section_left 1; intent z; act z");
}

TEST_CASE("a crash behind the last step looks once more before the section is left") {
  Story story = that_runs("");
  story.ends("a", exits(0));
  story.ends("b", exits(0));
  CHECK(story.crashes_and_resumes() == "watch w");
  CHECK(story.ends("w", no()) == "watched w; end failed");
}

TEST_CASE("a section is not left by a look that can't tell, also where that is borne for a while") {
  Story story = that_runs(", timeout: 8s");
  story.ends("a", exits(0));
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; watch w");
  CHECK(story.ends("w", cannot_tell()) == "wake +5000");
  CHECK(story.after(5'000) == "watch w");
  CHECK(story.ends("w", yes()) == "section_left 1; intent z; act z");
}

TEST_CASE("what a watch can't see counts once it has lasted longer than its timeout") {
  Story story = that_runs(", timeout: 8s");
  story.after(5'000);
  CHECK(story.ends("w", cannot_tell()) == "wake +5000");
  story.after(5'000);
  CHECK(story.ends("w", cannot_tell()) == "wake +5000");
  story.after(5'000);
  CHECK(story.ends("w", cannot_tell()) == "watched w");
}

TEST_CASE("of two watches the first that trips fails the section, and both must have seen it end well") {
  Story story("- {section: S, watch: [{id: v, shell: look}, {id: w, shell: look}], steps: [{id: a, shell: one}]}\n");
  CHECK(story.turn() == "section_entered 1; intent a; watch v; watch w; act a");
  story.ends("v", yes());
  story.ends("w", yes());
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; watch v; watch w");
  CHECK(story.ends("w", yes()) == "wake +2000");
  CHECK(story.ends("v", yes()) == "section_left 1; end succeeded");
}

TEST_CASE("a watch sees all branches of its section, and a trip in one does not reach beyond it") {
  Story story(
      "- section: Both\n"
      "  parallel:\n"
      "    - {section: S, watch: [{id: w, shell: look}], parallel: [{id: a, shell: one}, {section: T, steps: [{id: b, shell: "
      "two}, {id: c, shell: x}]}], rescue: [{id: r, shell: back}]}\n"
      "    - {section: U, steps: [{id: d, shell: three}, {id: e, shell: four}]}\n");
  story.turn();
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("d", exits(0)) == "ended d succeeded; intent e; act e");
  story.ends("a", exits(0));
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; section_failed 1.1; skipped c; intent r; act r");
}

TEST_CASE("a trip holds up the branches beside its section, and its on_trip runs all the same") {
  Story story(
      "- section: Both\n"
      "  parallel:\n"
      "    - {section: S, watch: [{id: w, shell: look, on_trip: [{id: t, shell: back}]}], steps: [{id: a, shell: one}]}\n"
      "    - {section: U, steps: [{id: d, shell: three}, {id: e, shell: four}]}\n");
  story.turn();
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent t; act t");
  CHECK(story.ends("d", exits(0)) == "ended d succeeded");
  CHECK(story.ends("t", exits(0)) == "ended t succeeded; end failed");
  CHECK(story.crashes_and_resumes() == "renewed w resume; renewed t resume; intent e; watch w; act e");
}

TEST_CASE("a section that fails since a watch inside it tripped says so") {
  Story story(
      "- section: Outer\n"
      "  steps: [{section: S, watch: [{id: w, shell: look}], steps: [{id: a, shell: one}]}]\n"
      "  rescue: [{id: r, shell: back}]\n");
  story.turn();
  story.ends("w", no());
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; section_failed 1; intent r; act r");
  CHECK(story.body_of(event::section_failed).text_or("why", "") == "watch `w` tripped");
  CHECK(story.body_of(event::section_failed).text_or("step", "") == "w");
}

TEST_CASE("a watch beside a loop lets the item at work end and begins no other") {
  Story story(
      "- {section: L, for_each: [p, q, r], as: x, watch: [{id: w, shell: look}], steps: [{id: a, shell: one}], rescue: [{id: "
      "s, shell: back}]}\n");
  story.turn();
  CHECK(story.ends("w", no()) == "watched w");
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; section_failed 1; intent s; act s");
  CHECK(story.of("a[q]").state == StepState::pending);
}

TEST_CASE("a step that fails in a watched section stops it, and on resume the watch looks again") {
  Story story = that_runs("");
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +5000; end failed");
  CHECK(story.crashes_and_resumes() == "renewed a resume; intent a; watch w; act a");
}

TEST_CASE("a cancel ends a watched section without another look") {
  Story story = that_runs("", "  finally: [{id: f, shell: y}]\n");
  CHECK(story.is_cancelled() == "cancelling; cancel a");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
}
