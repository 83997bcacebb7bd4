// What two versions of a runbook are compared by.
#include "book/step_text.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

RunbookText texts(const std::string& text) { return texts_of(SourceText("test.yaml", "runbook: x\n" + text)); }

RunbookText section(const std::string& keys) { return texts("steps: [{section: S, " + keys + "}]\n"); }

constexpr const char* one_step = "steps: [{id: a, shell: ls}]";

bool is_same(const RunbookText& a, const RunbookText& b) {
  if (a.settings != b.settings || a.steps.size() != b.steps.size()) return false;
  for (const auto& [id, text] : a.steps) {
    const auto found = b.steps.find(id);
    if (found == b.steps.end() || found->second.deed != text.deed || found->second.words != text.words) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("steps_are_found_wherever_they_stand") {
  const RunbookText text = texts(
      "finally: [{id: f, shell: ls}]\n"
      "steps: [{section: S, parallel: [{id: a, shell: ls}, {section: T, steps: [{id: b, shell: ls}]}], rescue: [{id: c, shell: "
      "ls}],\n"
      "         finally: [{id: d, shell: ls}], watch: {id: w, shell: ls, on_trip: [{id: e, shell: ls}]}}]\n");
  std::string ids;
  for (const auto& [id, step] : text.steps) ids += id;
  CHECK(ids == "abcdefw");
}

TEST_CASE("what_a_section_does_with_its_steps_is_compared") {
  const RunbookText loop = section(std::string("for_each: [1], as: n, batch: 1, ") + one_step);
  CHECK(is_same(loop, section(std::string("as: n, batch: '1', for_each: [1], ") + one_step)));
  CHECK_FALSE(is_same(loop, section(std::string("for_each: [1, 2], as: n, batch: 1, ") + one_step)));
  CHECK_FALSE(is_same(loop, section(std::string("for_each: [1], as: n, batch: 2, ") + one_step)));
  CHECK_FALSE(is_same(loop, section(std::string("for_each: [1], as: n, batch: 1, concurrency: 2, ") + one_step)));
  CHECK_FALSE(is_same(section(one_step), section("parallel: [{id: a, shell: ls}]")));
}

TEST_CASE("a_step_that_moves_beside_its_section_is_seen") {
  const RunbookText all = section("steps: [{id: a, shell: ls}, {id: b, shell: ls}]");
  CHECK_FALSE(is_same(all, section("steps: [{id: a, shell: ls}], rescue: [{id: b, shell: ls}]")));
  CHECK_FALSE(is_same(section("steps: [{id: a, shell: ls}], rescue: [{id: b, shell: ls}]"),
                      section("steps: [{id: a, shell: ls}], finally: [{id: b, shell: ls}]")));
}

TEST_CASE("a_watch_that_changes_is_seen") {
  const auto watched = [](const std::string& watch) { return section("watch: {id: w, shell: ls" + watch + "}, " + one_step); };
  CHECK(is_same(watched(""), section(std::string("watch: [{id: w, shell: ls}], ") + one_step)));
  CHECK_FALSE(is_same(watched(""), watched(", trips_after: 3")));
  CHECK_FALSE(is_same(watched(", on_trip: [{id: b, shell: ls}]"),
                      section(std::string("watch: {id: w, shell: ls}, rescue: [{id: b, shell: ls}], ") + one_step)));
}

TEST_CASE("an_undo_may_change_behind_a_step_that_is_done") {
  const RunbookText before = texts("steps: [{id: a, shell: ls, undo: {shell: rm}}]\n"),
                    now = texts("steps: [{id: a, shell: ls, undo: {shell: rm -f}}]\n");
  CHECK(before.steps.at("a").deed == now.steps.at("a").deed);
  CHECK(before.steps.at("a").words != now.steps.at("a").words);
}
