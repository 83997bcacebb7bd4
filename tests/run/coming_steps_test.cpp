// What comes next, as whoever takes a run over is told.
#include "run/coming_steps.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string coming(Story& story) {
  const ComingSteps coming = coming_steps(story.facts, story.state, story.values);
  std::string text = coming.has_open_loop ? "open:" : "";
  for (const Instance& step : coming.steps) text += (text.empty() ? "" : " ") + step.id;
  return text;
}

}  // namespace

TEST_CASE("the items of a loop come when it is entered; before, each of its steps stands for them") {
  Story story(
      "- {id: first, shell: one}\n- {section: L, for_each: [p, q], as: x, steps: [{id: a, shell: two}]}\n- {id: z, shell: "
      "three}\n");
  story.turn();
  CHECK(coming(story) == "open: first a z");
  story.ends("first", exits(0));
  CHECK(coming(story) == "a[p] a[q] z");
  story.ends("a[p]", exits(0));
  CHECK(coming(story) == "a[q] z");
  story.ends("a[q]", exits(1));
  CHECK(coming(story) == "a[q] z");
}

TEST_CASE("a section that was left out has no steps to come") {
  Story story("- {section: L, when: 1 == 2, steps: [{id: a, shell: one}]}\n- {id: z, shell: two}\n");
  story.turn();
  CHECK(coming(story) == "z");
}

TEST_CASE("of a section that was given up its rescue comes") {
  Story story(
      "- section: L\n"
      "  steps: [{id: a, shell: one}, {id: b, shell: two}]\n"
      "  rescue: [{id: c, shell: three}, {id: d, shell: four}]\n"
      "- {id: z, shell: five}\n");
  story.turn();
  CHECK(coming(story) == "a b z");
  story.ends("a", exits(1));
  CHECK(coming(story) == "c d z");
  story.ends("c", exits(0));
  CHECK(coming(story) == "d z");
}
