// Parallel sections: what the branches of one see of each other, and what reaches all of them.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// Two branches of two steps, and what comes after them.
const std::string two_branches =
    "- section: Both\n"
    "  parallel:\n"
    "    - section: Left\n"
    "      steps: [{id: a, shell: one}, {id: b, shell: two}]\n"
    "    - section: Right\n"
    "      steps: [{id: c, shell: three}, {id: d, shell: four}]\n"
    "- {id: e, shell: five}\n";

}  // namespace

TEST_CASE("all branches begin in one turn, and what follows begins when the last of them is done") {
  Story story(two_branches);
  CHECK(story.turn() == "intent a; intent c; act a; act c");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; intent d; act d");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded");
  CHECK(story.ends("d", exits(0)) == "ended d succeeded; intent e; act e");
  CHECK(story.ends("e", exits(0)) == "ended e succeeded; end succeeded");
}

TEST_CASE("attempts that begin in one turn have numbers of their own") {
  Story story(two_branches);
  story.turn();
  CHECK(story.of("a").attempt == 1);
  CHECK(story.of("c").attempt == 2);
}

TEST_CASE("a branch may be a single step") {
  Story story("- {section: S, parallel: [{id: a, shell: one}, {id: b, shell: two}]}\n");
  CHECK(story.turn() == "intent a; intent b; act a; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
}

TEST_CASE("a branch that fails lets what runs in the others end, and begins nothing more") {
  Story story(two_branches);
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "a");
  CHECK(story.of("d").state == StepState::pending);
}

TEST_CASE("two branches that fail at once are both done anew on resume, and the other goes on") {
  Story story(
      "- {section: S, parallel: [{id: a, shell: one}, {id: b, shell: two}, {section: T, steps: [{id: c, shell: x}, "
      "{id: d, shell: y}]}]}\n");
  story.turn();
  story.comes_in("a", exits(1));
  story.comes_in("b", exits(1));
  CHECK(story.turn() == "ended a failed; ended b failed");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; end failed");
  CHECK(story.crashes_and_resumes() == "renewed a resume; renewed b resume; intent a; intent b; intent d; act a; act b; act d");
}

TEST_CASE("a branch that fails ends neither a wait nor a retry of another, but they begin nothing") {
  Story story(
      "- section: S\n"
      "  parallel:\n"
      "    - {id: a, shell: one}\n"
      "    - {id: b, wait_until: {shell: look, timeout: 1h}}\n"
      "    - {id: c, shell: two, retry: {attempts: 2, delay: 1h}}\n");
  CHECK(story.turn() == "intent a; waiting b; intent c; act a; act c; look b");
  CHECK(story.ends("c", exits(1)) == "ended c failed; wake +3600000");
  CHECK(story.ends("b", no()) == "wake +2000");
  CHECK(story.ends("a", exits(1)) == "ended a failed; end failed");
  CHECK(story.of("b").state == StepState::waiting);
  CHECK(story.of("c").state == StepState::waiting);
  CHECK(story.crashes_and_resumes() == "renewed a resume; intent a; act a; look b; wake +3600000");
}

TEST_CASE("a question of one branch does not stop the others, and says which step asks") {
  Story story(
      "- section: S\n"
      "  parallel:\n"
      "    - {id: a, manual: Look}\n"
      "    - {section: Right, steps: [{id: b, shell: one}, {id: c, shell: two}]}\n");
  CHECK(story.turn() == "asked a manual; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; intent c; act c");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; end waiting");
  REQUIRE(story.end);
  CHECK(story.end->instance == "a");
  CHECK(story.answered("a", "confirm") == "answered a confirm; ended a succeeded; end succeeded");
}

TEST_CASE("two branches may ask at once, and an answer reaches the one it is for") {
  Story story("- {section: S, parallel: [{id: a, manual: One}, {id: b, manual: Two}]}\n");
  story.limits.is_interactive = true;
  CHECK(story.turn() == "asked a manual; asked b manual");
  CHECK(story.answered("b", "confirm") == "answered b confirm; ended b succeeded");
  CHECK(story.of("a").state == StepState::waiting);
  CHECK(story.answered("a", "confirm") == "answered a confirm; ended a succeeded; end succeeded");
}

TEST_CASE("a branch in doubt lets the others go on to their end, and the run pauses for it") {
  Story story(two_branches);
  story.turn();
  CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; intent d; act d");
  CHECK(story.ends("d", exits(0)) == "ended d succeeded; end in_doubt");
  REQUIRE(story.end);
  CHECK(story.end->instance == "a");
  CHECK(story.answered("a", "done") == "answered a done; ended a succeeded; intent b; act b");
}

TEST_CASE("of a branch in doubt, one that failed and one that waits, the doubt is told first") {
  Story story("- {section: S, parallel: [{id: a, manual: m}, {id: b, shell: one}, {id: c, shell: two}]}\n");
  story.turn();
  CHECK(story.ends("c", is_lost()) == "doubted c; asked c doubt");
  CHECK(story.ends("b", exits(1)) == "ended b failed; end in_doubt");
  Story later("- {section: S, parallel: [{id: a, shell: one}, {id: b, shell: two}]}\n");
  later.turn();
  CHECK(later.ends("a", exits(1)) == "ended a failed");
  CHECK(later.ends("b", is_lost()) == "doubted b; asked b doubt; end in_doubt");
  CHECK(later.answered("b", "done") == "answered b done; ended b succeeded; end failed");
}

TEST_CASE("a pause reaches all branches") {
  Story story(two_branches);
  story.turn();
  CHECK(story.pauses() == "");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent b; intent d; act b; act d");
}

TEST_CASE("a cancel ends what runs in every branch") {
  Story story(two_branches);
  story.turn();
  CHECK(story.is_cancelled() == "cancelling; cancel a; cancel c");
  CHECK(story.ends("c", is_stopped()) == "doubted c");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end cancelled");
}

TEST_CASE("after a crash all branches are taken up") {
  Story story(two_branches);
  story.turn();
  story.ends("c", exits(0));
  const std::string told = story.crashes_and_resumes();
  CHECK((told == "takes up act a; takes up act d" || told == "takes up act d; takes up act a"));
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
}

TEST_CASE("branches within branches go on by themselves") {
  Story story(
      "- section: Outer\n"
      "  parallel:\n"
      "    - {id: a, shell: one}\n"
      "    - {section: Inner, parallel: [{id: b, shell: two}, {id: c, shell: three}]}\n"
      "- {id: d, shell: four}\n");
  CHECK(story.turn() == "intent a; intent b; intent c; act a; act b; act c");
  story.ends("b", exits(0));
  story.ends("a", exits(0));
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; intent d; act d");
}

TEST_CASE("a branch whose when is false is left out, and the others are not") {
  Story story("- {section: S, parallel: [{section: T, when: 1 == 2, steps: [{id: a, shell: one}]}, {id: b, shell: two}]}\n");
  CHECK(story.turn() == "section_skipped 1.1; skipped a; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end succeeded");
}

TEST_CASE("a failure that its step bears does not stop the other branches") {
  Story story(
      "- section: S\n"
      "  parallel:\n"
      "    - {section: Left, steps: [{id: a, shell: one, on_failure: continue}, {id: b, shell: two}]}\n"
      "    - {section: Right, steps: [{id: c, shell: three}, {id: d, shell: four}]}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; intent b; act b");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; intent d; act d");
}
