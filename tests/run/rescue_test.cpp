// What comes when a section fails or is left: rescue, finally, and failures that are borne.
#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string rescued =
    "- section: S\n"
    "  steps: [{id: a, shell: one}, {id: b, shell: two}]\n"
    "  rescue: [{id: r, shell: three}]\n"
    "  finally: [{id: f, shell: four}]\n"
    "- {id: z, shell: last}\n";

Story with_finally(const std::string& steps, const std::string& last = "[{id: f, shell: clean}]") {
  return Story(facts_of(runbook_of("runbook: x\nsteps:\n" + steps + "finally: " + last + "\n")));
}

}  // namespace

TEST_CASE("a section that fails is rescued, then comes its finally, then what follows it") {
  Story story(rescued);
  CHECK(story.turn() == "section_entered 1; intent a; act a");
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1; skipped b; intent r; act r");
  CHECK(story.body_of(event::section_failed).text_or("why", "") == "`a` failed");
  CHECK(story.of("b").why == "section `S` was given up: `a` failed");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; intent z; act z");
  CHECK(story.ends("z", exits(0)) == "ended z succeeded; end succeeded");
}

TEST_CASE("a section that goes well is not rescued, but has its finally") {
  Story story(rescued);
  story.turn();
  story.ends("a", exits(0));
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; intent z; act z");
  CHECK(story.of("r").state == StepState::pending);
}

TEST_CASE("a failure without a rescue stops in place, and no finally runs") {
  Story story = with_finally("- {section: S, steps: [{id: a, shell: one}], finally: [{id: g, shell: clean}]}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed a resume; intent a; act a");
}

TEST_CASE("a rescue that fails pauses the run; on resume it alone is tried again, then finally") {
  Story story(rescued);
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.ends("r", exits(1)) == "ended r failed; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "r");
  CHECK(story.crashes_and_resumes() == "renewed r resume; intent r; act r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
}

TEST_CASE("a rescue that fails is rescued by the section around it") {
  Story story(
      "- section: Outer\n"
      "  steps: [{section: Inner, steps: [{id: a, shell: one}], rescue: [{id: r, shell: two}], finally: [{id: f, shell: x}]}]\n"
      "  rescue: [{id: q, shell: three}]\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1.1; intent r; act r");
  CHECK(story.ends("r", exits(1)) == "ended r failed; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; section_failed 1; intent q; act q");
  CHECK(story.ends("q", exits(0)) == "ended q succeeded; end succeeded");
}

TEST_CASE("the finally of an inner section comes before the rescue of the outer one") {
  Story story(
      "- section: Outer\n"
      "  steps: [{section: Inner, steps: [{id: a, shell: one}], finally: [{id: f, shell: two}]}, {id: b, shell: three}]\n"
      "  rescue: [{id: r, shell: four}]\n"
      "  finally: [{id: g, shell: five}]\n");
  CHECK(story.turn() == "section_entered 1; section_entered 1.1; intent a; act a");
  CHECK(story.ends("a", exits(1)) == "ended a failed; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; section_failed 1; skipped b; intent r; act r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent g; act g");
}

TEST_CASE("the finally of a section that was not entered does not run") {
  Story story(
      "- section: Outer\n"
      "  steps: [{id: a, shell: one}, {section: Inner, steps: [{id: b, shell: two}], finally: [{id: f, shell: three}]}]\n"
      "  rescue: [{id: r, shell: four}]\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1; skipped b; skipped f; intent r; act r");
}

TEST_CASE("a rescue waits until the other branches of the section have ended") {
  Story story(
      "- section: S\n"
      "  parallel: [{id: a, shell: one}, {section: T, steps: [{id: b, shell: two}, {id: c, shell: three}]}]\n"
      "  rescue: [{id: r, shell: four}]\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; section_failed 1; skipped c; intent r; act r");
}

TEST_CASE("a rescue waits for the answer about what is in doubt in the section") {
  Story story("- {section: S, parallel: [{id: a, shell: one}, {id: b, shell: two}], rescue: [{id: r, shell: three}]}\n");
  story.turn();
  story.comes_in("b", is_lost());
  story.comes_in("a", exits(1));
  CHECK(story.turn() == "doubted b; ended a failed; asked b doubt; end in_doubt");
  CHECK(story.answered("b", "not-done") == "answered b not-done; ended b failed; section_failed 1; intent r; act r");
}

TEST_CASE("a rescue ends the waits, the questions and the retries of the other branches") {
  Story story(
      "- section: S\n"
      "  parallel:\n"
      "    - {id: a, shell: one}\n"
      "    - {id: b, wait_until: {shell: look, timeout: 1h}}\n"
      "    - {id: c, shell: two, retry: {attempts: 2, delay: 1h}}\n"
      "    - {id: d, manual: m}\n"
      "  rescue: [{id: r, shell: three}]\n");
  story.turn();
  story.ends("c", exits(1));
  story.ends("b", no());
  CHECK(story.ends("a", exits(1)) ==
        "ended a failed; ended b cancelled; ended c failed; ended d cancelled; section_failed 1; skipped b; skipped d; intent "
        "r; act r");
  CHECK(story.of("c").why == "it exited with 1; attempt 2 of 2 follows; it is not tried again, for section `S` failed");
  CHECK(story.state.open_question("d") == nullptr);
}

TEST_CASE("the section that failed is not done anew when its rescue is resumed") {
  Story story(rescued);
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.crashes_and_resumes() == "takes up act r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
}

TEST_CASE("a section that failed while the run pauses is rescued when it goes on") {
  Story story(rescued);
  story.turn();
  story.pauses();
  CHECK(story.ends("a", exits(1)) == "ended a failed; end interrupted");
  CHECK(story.crashes_and_resumes() == "section_failed 1; skipped b; intent r; act r");
}

TEST_CASE("the finally of the runbook comes when all is done") {
  Story story = with_finally("- {id: a, shell: one}\n");
  story.turn();
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end succeeded");
}

TEST_CASE("a cancel ends what runs, then each finally of what was entered, the inner one first") {
  Story story = with_finally(
      "- section: Outer\n"
      "  steps: [{section: Inner, steps: [{id: a, shell: one}], finally: [{id: g, shell: two}]}]\n"
      "  finally: [{id: h, shell: three}]\n"
      "- {section: Later, steps: [{id: b, shell: four}], finally: [{id: i, shell: five}]}\n");
  story.turn();
  CHECK(story.is_cancelled() == "cancelling; cancel a");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent g; act g");
  CHECK(story.ends("g", exits(0)) == "ended g succeeded; intent h; act h");
  CHECK(story.ends("h", exits(0)) == "ended h succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
}

TEST_CASE("a cancel ends also what runs behind a step that somebody wants done anew") {
  const auto redo = [](Story& story, const std::string& id) {
    story.record(Proposal(event::renewed, id, object({{"how", "redo"}, {"who", "ada"}})));
  };
  Story steps("- {id: a, shell: one}\n- {id: b, shell: two}\n");
  steps.turn();
  steps.ends("a", exits(0));
  redo(steps, "a");
  CHECK(steps.is_cancelled() == "renewed a redo; cancelling; cancel b");
  CHECK(steps.ends("b", exits(0)) == "ended b succeeded; end cancelled");
  Story loop("- {section: L, for_each: [p, q], as: x, steps: [{id: a, shell: one}]}\n");
  loop.turn();
  loop.ends("a[p]", exits(0));
  redo(loop, "a[p]");
  CHECK(loop.is_cancelled() == "renewed a[p] redo; cancelling; cancel a[q]");
}

TEST_CASE("what failed behind a step that somebody wants done anew is done anew too when the run is resumed") {
  Story story("- {id: a, shell: one}\n- {id: b, shell: two}\n");
  story.turn();
  story.ends("a", exits(0));
  story.ends("b", exits(1));
  story.record(Proposal(event::renewed, "a", object({{"how", "redo"}, {"who", "ada"}})));
  CHECK(story.crashes_and_resumes() == "renewed a redo; renewed b resume; intent a; act a");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
}

TEST_CASE("cancelling a run that failed runs finally, and neither rescue nor what failed") {
  Story story = with_finally("- {section: S, steps: [{id: a, shell: one}], finally: [{id: g, shell: two}]}\n");
  story.turn();
  story.ends("a", exits(1));
  story.limits.is_cancelling = true;
  CHECK(story.crashes_and_resumes(Purpose::cancel) == "cancelling; intent g; act g");
  CHECK(story.ends("g", exits(0)) == "ended g succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
}

TEST_CASE("a cancel during a rescue leaves it and runs finally") {
  Story story(rescued);
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.is_cancelled() == "cancelling; cancel r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
}

TEST_CASE("what is in doubt stays so when the run is cancelled, and finally runs") {
  Story story = with_finally("- {id: a, shell: one}\n");
  story.turn();
  story.ends("a", is_lost());
  CHECK(story.is_cancelled() == "cancelling; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
  CHECK(story.of("a").state == StepState::in_doubt);
}

TEST_CASE("a crash while a cancelled run is left goes on with its finally") {
  Story story = with_finally("- {id: a, shell: one}\n", "[{id: f, shell: one}, {id: g, shell: two}]");
  story.turn();
  story.is_cancelled();
  story.ends("a", exits(0));
  CHECK(story.crashes_and_resumes(Purpose::cancel) == "takes up act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; intent g; act g");
  CHECK(story.ends("g", exits(0)) == "ended g succeeded; end cancelled");
}

TEST_CASE("a finally that fails pauses the run, and is tried again when it goes on") {
  Story story = with_finally("- {id: a, shell: one}\n");
  story.turn();
  story.ends("a", exits(0));
  CHECK(story.ends("f", exits(1)) == "ended f failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed f resume; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end succeeded");
}

TEST_CASE("a finally that fails while the run is cancelled pauses it, and is tried again whether resumed or cancelled") {
  for (const Purpose purpose : {Purpose::go_on, Purpose::cancel}) {
    Story story = with_finally("- {id: a, shell: one}\n- {id: b, shell: two}\n");
    story.turn();
    story.is_cancelled();
    story.ends("a", exits(0));
    CHECK(story.ends("f", exits(1)) == "ended f failed; end failed");
    CHECK(story.crashes_and_resumes(purpose) == "renewed f resume; intent f; act f");
    CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
  }
}

TEST_CASE("a finally that fails before an outer rescue pauses the run and hides no cause") {
  Story story(
      "- section: Outer\n"
      "  steps: [{section: Inner, steps: [{id: a, shell: one}], finally: [{id: f, shell: two}]}]\n"
      "  rescue: [{id: r, shell: four}]\n");
  story.turn();
  story.ends("a", exits(1));
  CHECK(story.ends("f", exits(2)) == "ended f failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed f resume; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; section_failed 1; intent r; act r");
  CHECK(story.body_of(event::section_failed).text_or("step", "") == "a");
}

TEST_CASE("a step that may fail does not hold up what follows, also when the run is resumed") {
  Story story("- {id: a, shell: one, on_failure: continue}\n- {id: b, shell: two}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; intent b; act b");
  CHECK(story.ends("b", exits(1)) == "ended b failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed b resume; intent b; act b");
  CHECK(story.of("a").state == StepState::failed);
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end succeeded");
}

TEST_CASE("a step that may fail is tried as often as it says first, and its doubt is no failure") {
  Story story("- {id: a, shell: one, on_failure: continue, retry: {attempts: 2, delay: 1s}}\n- {id: b, shell: two}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +1000");
  CHECK(story.after(1'000) == "intent a; act a");
  CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt; end in_doubt");
  CHECK(story.answered("a", "not-done") == "answered a not-done; ended a failed; intent b; act b");
}

TEST_CASE("a step that may fail and fails does not make its section fail") {
  Story story("- {section: S, steps: [{id: a, shell: one, on_failure: continue}], rescue: [{id: r, shell: two}]}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; end succeeded");
}

TEST_CASE("nothing in a section that is skipped runs, whatever the sections in it have to remember") {
  Story story(
      "- section: Outer\n"
      "  when: 1 == 2\n"
      "  steps:\n"
      "    - {section: A, steps: [{id: a, shell: one}], rescue: [{id: r, shell: x}], finally: [{id: f, shell: x}]}\n"
      "    - {section: B, steps: [{id: b, shell: two}], watch: [{id: w, shell: look}]}\n"
      "    - {section: C, parallel: [{section: D, when: 1 == 1, steps: [{id: d, shell: three}]}]}\n"
      "- {id: z, shell: last}\n");
  CHECK(story.turn() ==
        "section_skipped 1; section_skipped 1.1; skipped a; skipped r; skipped f; section_skipped 1.2; skipped b; "
        "section_skipped 1.3.1; skipped d; intent z; act z");
}
