// What is recorded when a changed runbook is adopted, and how the run goes on with it.
#include "run/adopt.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "run/outline.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string loop(const std::string& steps) { return "- {section: L, for_each: [p, q], as: x, steps: [" + steps + "]}\n"; }
const std::string pay = "{id: pay, shell: pay}", last = "- {id: last, shell: last}\n";

struct Adopting : Story {
  explicit Adopting(const std::string& steps) : Story(steps) { turn(); }

  // Goes on with these steps, once they are adopted.
  std::string adopts(const std::string& steps, const std::map<std::string, Behind>& behind = {}) {
    const RunFacts next = facts_of(steps_only(steps));
    const Reconciliation changes = reconcile(*facts.runbook, *next.runbook, state, {});
    REQUIRE(changes.is_possible());
    std::vector<Proposal> adoption =
        adopt({*next.runbook, changes, state, values, make_outline(*facts.runbook), Value(), behind, "ada", ""});
    for (Proposal& event : adoption) record(std::move(event));
    facts = next;
    return crashes_and_resumes();
  }
};

}  // namespace

TEST_CASE("what failed and is gone is not waited for, each item of its loop") {
  Adopting story("- {section: L, for_each: [p, q], as: x, concurrency: 2, steps: [" + pay + "]}\n" + last);
  story.ends("pay[p]", exits(1));
  story.ends("pay[q]", exits(1));
  CHECK(story.adopts(last) == "adopted; skipped pay[p]; skipped pay[q]; intent last; act last");
}

TEST_CASE("a step in a loop that was entered is left out for every item") {
  Adopting story(loop(pay) + last);
  for (const char* id : {"pay[p]", "pay[q]"}) story.ends(id, exits(0));
  story.ends("last", exits(1));
  CHECK(story.adopts(loop("{id: pay_all, shell: pay}") + last, {{"pay_all", Behind::skip}}) ==
        "adopted; skipped pay_all[p]; skipped pay_all[q]; renewed last resume; intent last; act last");
}

TEST_CASE("what a loop would make of a step can't be left out before it is entered") {
  Adopting story("- " + pay + "\n" + last);
  story.ends("pay", exits(0));
  story.ends("last", exits(1));
  CHECK_THROWS_WITH_AS(story.adopts(loop("{id: pay_all, shell: pay}") + last, {{"pay_all", Behind::skip}}),
                       "--behind: `pay_all` stands in a loop that the run has not entered, and can't be left out beforehand; "
                       "nothing was run",
                       Error);
}

TEST_CASE("a step that failed without effect may be wrapped in a loop, and its failure holds nothing up") {
  Adopting story("- " + pay + "\n");
  story.ends("pay", is_not_started());
  CHECK(story.adopts(loop(pay)) == "adopted; skipped pay; section_entered 1; intent pay[p]; act pay[p]");
}

TEST_CASE("a person who was asked about a step is asked about each item of the loop around it") {
  Adopting story("- {id: look, manual: Look}\n");
  CHECK(story.adopts(loop("{id: look, manual: Look}")) ==
        "adopted; skipped look; section_entered 1; asked look[p] manual; end waiting");
}

TEST_CASE("a loop that has another title goes on with its list") {
  Adopting story(loop(pay));
  story.ends("pay[p]", exits(0));
  story.ends("pay[q]", exits(1));
  CHECK(story.adopts("- {section: Better, for_each: [r], as: x, steps: [" + pay + "]}\n") ==
        "adopted; renewed pay[q] resume; intent pay[q]; act pay[q]");
}

TEST_CASE("what is new in a section that was left out for an item is left out for that item") {
  const auto steps = [](const std::string& more) {
    return "- {section: L, for_each: [p, q], as: x, steps: [{section: S, when: $x == 'q', steps: [{id: a, shell: one}" + more +
           "]}]}\n";
  };
  Adopting story(steps(""));
  story.ends("a[q]", exits(1));
  CHECK(story.adopts(steps(", {id: b, shell: two}, {section: N, for_each: [n], as: y, steps: [{id: c, shell: three}]}")) ==
        "adopted; section_skipped 1.1.3[p]; skipped b[p]; renewed a[q] resume; intent a[q]; act a[q]");
}
