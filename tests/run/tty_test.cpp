// Steps that have the person's terminal: there is one, or there is none.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string two_branches =
    "- {section: S, parallel: [{id: a, tty: true, shell: one}, {id: b, tty: true, shell: two}, {id: c, shell: three}]}\n";

}  // namespace

TEST_CASE("without a terminal a step that has the person's is not begun, and the run waits") {
  Story story("- {id: a, tty: true, shell: one}\n");
  story.limits.lacks_terminal = true;
  CHECK(story.turn() == "end waiting");
  CHECK(story.end_why() == "`a` needs a terminal, and there is none here");
  CHECK(story.of("a").state == StepState::pending);
  story.limits.lacks_terminal = false;
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.body_of(event::intent).find("tty") != nullptr);
}

TEST_CASE("what is left out or done already needs no terminal") {
  Story story("- {id: a, when: 1 == 2, tty: true, shell: one}\n- {id: b, shell: two}\n");
  story.limits.lacks_terminal = true;
  CHECK(story.turn() == "skipped a; intent b; act b");
}

TEST_CASE("of branches one has the terminal at a time, and the others go on") {
  Story story(two_branches);
  CHECK(story.turn() == "intent a; intent c; act a; act c");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end succeeded");
}

TEST_CASE("one that runs at a terminal, which nobody here could be at, is left running") {
  Story story("- {id: a, tty: true, shell: one}\n");
  story.turn();
  story.limits.lacks_terminal = true;
  story.limits.out_of_reach = {story.of("a").attempt};
  CHECK(story.turn() == "end waiting");
  CHECK(story.of("a").state == StepState::running);
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
}
