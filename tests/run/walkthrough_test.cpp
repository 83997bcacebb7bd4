// Who walks through a run lets its steps begin one by one; what fails is a question to who sits at the terminal.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const char* const three = "- {id: a, shell: one}\n- {id: b, shell: two}\n- {id: c, shell: three}\n";

Story walked(const std::string& steps) {
  Story story(steps);
  story.limits.walk = WalkLimits();
  return story;
}

Story asked_about_failures(const std::string& steps) {
  Story story(steps);
  story.limits.is_interactive = story.limits.asks_about_failures = true;
  return story;
}

}  // namespace

TEST_CASE("nothing of a step is looked at before it is let begin, and nothing behind it begins") {
  Story story = walked("- {id: a, shell: one, done_when: {shell: there}}\n- {id: b, shell: two}\n");
  CHECK(story.turn() == "end held");
  CHECK(story.end->instance == "a");
  story.limits.walk->released = {"a"};
  CHECK(story.turn() == "look a");
  CHECK(story.ends("a", no()) == "intent a; act a");
  CHECK(story.ends("a", exits(0)) == "exited a; look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; end held");
  CHECK(story.end->instance == "b");
  story.limits.walk->released.insert("b");
  CHECK(story.turn() == "intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end succeeded");
}

TEST_CASE("a step that `when` leaves out is nobody's question") {
  Story story = walked("- {id: a, shell: one, when: '`false`'}\n- {id: b, shell: two}\n");
  CHECK(story.turn() == "skipped a; end held");
  CHECK(story.end->instance == "b");
}

TEST_CASE("run to a step: all before it begin, it does not") {
  Story story = walked(three);
  story.limits.walk->until = "c";
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end held");
  CHECK(story.end->instance == "c");
}

TEST_CASE("branches are let begin one by one, and what runs is waited for") {
  Story story =
      walked("- section: S\n  parallel:\n  - {id: a, shell: one}\n  - {id: b, shell: two}\n- {id: c, shell: three}\n");
  CHECK(story.turn() == "end held");
  CHECK(story.end->instance == "a");
  story.limits.walk->released = {"a"};
  CHECK(story.turn() == "intent a; act a");
  CHECK_FALSE(story.end);
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end held");
  CHECK(story.end->instance == "b");
}

TEST_CASE("each item of a loop is a step of its own, and `until` names all of them") {
  Story story = walked("- section: S\n  for_each: [x, y]\n  as: item\n  steps: [{id: a, shell: one}]\n");
  CHECK(story.turn() == "section_entered 1; end held");
  CHECK(story.end->instance == "a[x]");
  story.limits.walk->released = {"a[x]"};
  story.turn();
  CHECK(story.ends("a[x]", exits(0)) == "ended a[x] succeeded; end held");
  story.limits.walk->until = "a";
  CHECK(story.turn() == "end held");
  CHECK(story.end->instance == "a[y]");
}

TEST_CASE("a failed step asks, and nothing goes on behind it") {
  Story story = asked_about_failures(three);
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; asked a failed");
  CHECK_FALSE(story.end);
  CHECK(story.turn() == "");
  CHECK(story.answered("a", "retry") == "answered a retry; renewed a retry; intent a; act a");
  CHECK(story.ends("a", exits(1)) == "ended a failed; asked a failed");  // a question of its own
  CHECK(story.answered("a", "skip") == "answered a skip; skipped a; intent b; act b");
  CHECK(story.state.deviations.size() == 1);
  CHECK(story.state.deviations[0].what == "skipped");
  CHECK(story.state.deviations[0].because == "she looked");
}

TEST_CASE("said to be done, it has the outputs that are given, and is undone as what a person did") {
  Story story = asked_about_failures(
      "- {id: a, shell: one, outputs: {n: {regex: 'n=(.*)'}}, undo: {shell: back}}\n- {id: b, shell: two}\n");
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.answered("a", "done", object({{"outputs", object({{"n", "5"}})}})) ==
        "answered a done; ended a succeeded; intent b; act b");
  CHECK(story.outputs_of("a").text_or("n", "") == "5");
  CHECK(story.state.deviations.at(0).what == "failed, and said to be done");
  story.ends("b", exits(0));
  CHECK(story.is_undone("a") == "undoing; intent a:undo; act a:undo");
}

TEST_CASE("to leave the question open pauses the run where it is, and a resume tries again") {
  Story story = asked_about_failures(three);
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.pauses() == "end failed");
  CHECK(story.end->instance == "a");
  CHECK(story.crashes_and_resumes() == "renewed a resume; intent a; act a");
  CHECK_FALSE(story.state.open_question("a"));
}

TEST_CASE("a failure that is rescued, or borne, asks nobody") {
  Story rescued = asked_about_failures("- section: S\n  steps: [{id: a, shell: one}]\n  rescue: [{id: r, shell: back}]\n");
  rescued.turn();
  CHECK(rescued.ends("a", exits(1)) == "ended a failed; section_failed 1; intent r; act r");
  Story borne = asked_about_failures("- {id: a, shell: one, on_failure: continue}\n- {id: b, shell: two}\n");
  borne.turn();
  CHECK(borne.ends("a", exits(1)) == "ended a failed; intent b; act b");
}

TEST_CASE("a branch that failed asks while the others end, and they go on with the answer") {
  Story story = asked_about_failures(
      "- section: S\n  parallel:\n  - {id: a, shell: one}\n  - section: T\n    steps: [{id: b, shell: two}, {id: c, shell: "
      "three}]\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; asked a failed");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded");
  CHECK(story.answered("a", "retry") == "answered a retry; renewed a retry; intent a; intent c; act a; act c");
}
