#include "run/frontier.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string steps =
    "- {id: a, shell: one}\n"
    "- section: Outer\n"
    "  steps:\n"
    "    - {id: b, shell: two}\n"
    "    - section: Inner\n"
    "      when: 1 == 1\n"
    "      steps: [{id: c, shell: three}]\n"
    "- {id: d, shell: four}\n";

struct Tree : Story {
  Tree() : Story(steps) {}
  std::string next() {
    const Frontier frontier(facts, state, values);
    const Section* section = &facts.runbook->root;
    while (const TreeNode* child = frontier.next_child(*section, nullptr, live.cursors)) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(child)) return (*step)->id;
      section = std::get<std::unique_ptr<Section>>(*child).get();
      if (is_recorded(*section) && !state.section(section->path)) return section->title;
    }
    return "";
  }
  Tree& is(std::string_view kind, const std::string& instance, Value body = {}) {
    record(Proposal(kind, instance, std::move(body)));
    return *this;
  }
  Tree& is_done(const std::string& id) { return is(event::satisfied, id); }
};

}  // namespace

TEST_CASE("the next is the first in written order that is not done") {
  Tree tree;
  CHECK(tree.next() == "a");
  CHECK(tree.is_done("a").next() == "b");
  CHECK(tree.is_done("b").next() == "Inner");
  CHECK(tree.is(event::section_entered, "2.2").next() == "c");
  CHECK(tree.is(event::skipped, "c").next() == "d");
  CHECK(tree.is_done("d").next() == "");
}

TEST_CASE("a step that is not done holds up all that follows") {
  Tree tree;
  tree.is_done("a").is(event::refused, "b").is_done("d");
  CHECK(tree.next() == "b");
  CHECK(tree.next() == "b");
}

TEST_CASE("an earlier step that is to be done anew is next, once the cursors are cleared") {
  Tree tree;
  tree.is_done("a").is_done("b");
  CHECK(tree.next() == "Inner");
  tree.is(event::renewed, "a");  // a record of it clears them
  CHECK(tree.next() == "a");
  CHECK(tree.is_done("a").next() == "Inner");
}

TEST_CASE("the steps of a section are those of its sections too") {
  Tree tree;
  std::string all;
  for (const Step* step : steps_of(tree.facts.runbook->root)) all += step->id;
  CHECK(all == "abcd");
}
