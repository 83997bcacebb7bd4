// Undo: what really ran, in reverse, and what comes after it.
#include "run/undo.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A step that can be undone.
std::string act(const std::string& id, const std::string& more = "") {
  return "{id: " + id + ", shell: do" + more + ", undo: {shell: undo}}";
}
std::string three() { return "- " + act("a") + "\n- " + act("b") + "\n- " + act("c") + "\n"; }

Story done(const std::string& steps, const std::vector<std::string>& instances) {
  Story story(steps);
  story.turn();
  for (const std::string& id : instances) story.ends(id, exits(0));
  REQUIRE(story.end);
  return story;
}

std::string listed(Story& story) {
  std::string names;
  for (const UndoEntry& entry : undo_list(story.facts, story.state, story.values))
    names += (names.empty() ? "" : " ") + entry.step.id + (entry.undo ? "" : " (" + entry.why_not + ")");
  return names;
}
UndoRefusal refusal(Story& story, const std::string& to = "") {
  const std::int64_t border = to.empty() ? 0 : undo_border(story.state, to);
  return why_no_undo(story.state, undo_list(story.facts, story.state, story.values), border);
}

}  // namespace

TEST_CASE("an undo goes back in the reverse order of what ran, each with an intent of its own") {
  Story story = done(three(), {"a", "b", "c"});
  CHECK(listed(story) == "c b a");
  CHECK(story.is_undone() == "undoing; intent c:undo; act c:undo");
  CHECK(story.ends("c:undo", exits(0)) == "ended c:undo succeeded; undone c; intent b:undo; act b:undo");
  CHECK(story.ends("b:undo", exits(0)) == "ended b:undo succeeded; undone b; intent a:undo; act a:undo");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; end undone");
  CHECK(story.of("a").state == StepState::undone);
}

TEST_CASE("branches are undone in the reverse order in which their steps began") {
  Story story("- {section: S, parallel: [{section: L, steps: [" + act("a") + ", " + act("b") + "]}, {section: R, steps: [" +
              act("c") + ", " + act("d") + "]}]}\n");
  story.turn();
  for (const char* id : {"c", "d", "a", "b"}) story.ends(id, exits(0));
  CHECK(listed(story) == "b d c a");
}

TEST_CASE("what was satisfied, skipped or only read is not undone") {
  Story story("- {id: a, shell: do, done_when: {shell: look}, undo: {shell: undo}}\n- " + act("b", ", when: 1 == 2") +
              "\n- {id: c, shell: do, effect: read}\n- " + act("d") + "\n");
  story.turn();
  story.ends("a", yes());
  story.ends("c", exits(0));
  story.ends("d", exits(0));
  CHECK(listed(story) == "d");
}

TEST_CASE("what can't be undone is listed with why, and passed over") {
  Story story = done("- " + act("a") + "\n- {id: b, shell: two}\n", {"a", "b"});
  CHECK(listed(story) == "b (it has no `undo`) a");
  CHECK(story.is_undone() == "undoing; intent a:undo; act a:undo");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; end undone");
}

TEST_CASE("a step that failed is undone too, for it may have done half") {
  Story story(three());
  story.turn();
  story.ends("a", exits(0));
  story.ends("b", exits(1));
  CHECK(story.is_undone() == "undoing; intent b:undo; act b:undo");
  CHECK(story.ends("b:undo", exits(0)) == "ended b:undo succeeded; undone b; intent a:undo; act a:undo");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; end undone");
}

TEST_CASE("a step that could not be started is not undone") {
  Story story(three());
  story.turn();
  story.ends("a", exits(0));
  story.ends("b", is_not_started());
  CHECK(listed(story) == "a");
}

TEST_CASE("a step of which a later attempt could not be started is undone for what an earlier one did") {
  Story story("- {id: a, shell: do, retry: {attempts: 3, delay: 1s}, undo: {shell: undo}}\n");
  story.turn();
  story.ends("a", exits(1));
  story.after(1'000);
  story.ends("a", is_not_started());
  CHECK(listed(story) == "a");
}

TEST_CASE("what is undone of a finally is undone, and what else ran there comes again") {
  Story story = done("- {section: L, for_each: [p], as: x, steps: [" + act("a") + "], finally: [{id: f, shell: x}, " +
                         act("g") + "]}\n- {id: z, manual: m}\n",
                     {"a[p]", "f", "g"});
  story.is_undone("g");
  CHECK(story.ends("g:undo", exits(0)) == "ended g:undo succeeded; undone g; renewed f undo; undo_ended; end interrupted");
  CHECK(to_json(story.body_of(event::undone).get("reopens")) == R"(["1"])");
  CHECK(story.of("g").state == StepState::undone);
}

TEST_CASE("the finally of the runbook comes again when what is before it was undone") {
  Story story(
      facts_of(runbook_of("runbook: x\nsteps: [" + act("a") + "]\nfinally: [{id: f, shell: clean}, {id: g, shell: clean}]\n")));
  story.turn();
  story.ends("a", exits(0));
  story.ends("f", exits(0));
  CHECK(story.ends("g", exits(1)) == "ended g failed; end failed");
  story.is_undone("a");
  CHECK(story.ends("a:undo", exits(0)) ==
        "ended a:undo succeeded; undone a; renewed f undo; renewed g undo; undo_ended; end interrupted");
  story.crashes_and_resumes();
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent f; act f");
}

TEST_CASE("an undo back to a step undoes that one too, and the run can go on from there in new groups") {
  Story story = done(three() + "- {id: d, shell: x, when: 1 == 2}\n- {id: e, manual: m}\n", {"a", "b", "c"});
  REQUIRE(story.end->state == "waiting");
  CHECK(story.is_undone("b") == "undoing; intent c:undo; act c:undo");
  CHECK(story.ends("c:undo", exits(0)) == "ended c:undo succeeded; undone c; intent b:undo; act b:undo");
  CHECK(story.ends("b:undo", exits(0)) == "ended b:undo succeeded; undone b; undo_ended; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent b; act b");
  CHECK(story.body_of(event::intent).int_or("group", 0) == 2);
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; intent c; act c");
  CHECK(story.of("a").group == 1);
}

TEST_CASE("what was done anew can be undone anew, in a new group of its undo") {
  Story story = done(three() + "- {id: e, manual: m}\n", {"a", "b", "c"});
  story.is_undone("c");
  story.ends("c:undo", exits(0));
  story.crashes_and_resumes();
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; end waiting");
  CHECK(story.is_undone() == "undoing; intent c:undo; act c:undo");
  CHECK(story.body_of(event::intent).int_or("group", 0) == 2);
}

TEST_CASE("a run that was left can be undone back to a step, and is then left") {
  Story story = done(three(), {"a", "b", "c"});
  story.record(Proposal(event::left, "", object({{"state", "succeeded"}})));
  story.is_undone("c");
  CHECK(story.ends("c:undo", exits(0)) == "ended c:undo succeeded; undone c; end undone");
  CHECK(story.end_why() == "undone back to `c`");
}

TEST_CASE("past a point of no return an undo is refused, and what came after it is named") {
  Story story(three() + "- {id: d, shell: x, effect: irreversible}\n- " + act("e") + "\n");
  story.limits.approvals["d"] = approval_phrase(*story.facts.runbook->find("d"));
  story.turn();
  for (const char* id : {"a", "b", "c", "d", "e"}) story.ends(id, exits(0));
  CHECK(refusal(story).why == "`d` is a point of no return: what came before it can't be undone by this run");
  CHECK(refusal(story).hint == "what came after it can be undone: --to e");
  CHECK(refusal(story, "c").why != "");
  CHECK(refusal(story, "e").why == "");
}

TEST_CASE("while something is in doubt or runs, an undo is refused") {
  Story story("- {section: S, parallel: [" + act("a") + ", " + act("b") + "]}\n");
  story.turn();
  CHECK(refusal(story).why.find("has begun, and its end is not known") != std::string::npos);
  story.ends("a", is_lost());
  story.ends("b", exits(0));
  CHECK(refusal(story).why == "`a` is in doubt");
  CHECK(refusal(story).hint == "settle it first: runbook resolve RUN a done|not-done");
}

TEST_CASE("while a manual step is looked at, an undo is refused") {
  Story story("- " + act("a") + "\n- {id: b, manual: m, done_when: {shell: look, timeout: 1h}}\n");
  story.turn();
  story.ends("a", exits(0));
  story.ends("b", no());
  CHECK(story.answered("b", "confirm") == "answered b confirm; exited b; look b");
  CHECK(refusal(story).why == "`b` has begun, and its end is not known");
}

TEST_CASE("a crash in the middle of an undo goes on with it, and no undo runs twice") {
  Story story = done(three(), {"a", "b", "c"});
  story.is_undone();
  story.ends("c:undo", exits(0));
  CHECK(story.crashes_and_resumes() == "takes up act b:undo");
  CHECK(story.ends("b:undo", exits(0)) == "ended b:undo succeeded; undone b; intent a:undo; act a:undo");
  CHECK(story.crashes_and_resumes() == "takes up act a:undo");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; end undone");
}

TEST_CASE("an undo that fails pauses the run, and is tried again when it goes on") {
  Story story = done(three(), {"a", "b", "c"});
  story.is_undone();
  CHECK(story.ends("c:undo", exits(1)) == "ended c:undo failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed c:undo resume; intent c:undo; act c:undo");
}

TEST_CASE("an undo in doubt asks, as any step does") {
  Story story = done(three(), {"a", "b", "c"});
  story.is_undone();
  CHECK(story.ends("c:undo", is_lost()) == "doubted c:undo; asked c:undo doubt; end in_doubt");
  CHECK(story.answered("c:undo", "done") ==
        "answered c:undo done; ended c:undo succeeded; undone c; intent b:undo; act b:undo");
}

TEST_CASE("a cancel gives an undo up: what runs of it is ended, then comes what is left to clean up") {
  Story story(facts_of(runbook_of("runbook: x\nsteps: [" + act("a") + ", " + act("b") +
                                  ", {id: c, manual: m}]\nfinally: [{id: f, shell: clean}]\n")));
  story.turn();
  story.ends("a", exits(0));
  story.ends("b", exits(0));
  story.is_undone();
  CHECK(story.is_cancelled() == "cancel b:undo");
  CHECK(story.ends("b:undo", exits(0)) == "ended b:undo succeeded; undone b; undo_ended; cancelling; intent f; act f");
  CHECK(story.ends("f", exits(1)) == "ended f failed; end failed");
  CHECK(story.crashes_and_resumes(Purpose::cancel) == "renewed f resume; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end cancelled");
  CHECK(story.of("a").state == StepState::succeeded);
}

TEST_CASE("a pause holds up an undo between two steps") {
  Story story = done(three(), {"a", "b", "c"});
  story.is_undone();
  story.pauses();
  CHECK(story.ends("c:undo", exits(0)) == "ended c:undo succeeded; undone c; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent b:undo; act b:undo");
}

TEST_CASE("an undo sees what stood before its step and what it gave") {
  Story story(
      "- {id: a, shell: do, before: {shell: look, outputs: {v: stdout}}, outputs: {n: stdout}, undo: {exec: [back, '${{ "
      "$before.v }}', '${{ $steps.a.n }}']}}\n");
  story.turn();
  story.ends("a", yes("old"));
  story.ends("a", exits(0, "new"));
  story.is_undone();
  const std::string request = story.blobs.at(story.of("a:undo").request);
  CHECK(request.find("old") != std::string::npos);
  CHECK(request.find("new") != std::string::npos);
}

TEST_CASE("the items of a loop are undone one by one, and done anew one by one") {
  Story story =
      done("- {section: L, for_each: [p, q], as: x, steps: [" + act("a") + "]}\n- {id: z, manual: m}\n", {"a[p]", "a[q]"});
  CHECK(listed(story) == "a[q] a[p]");
  CHECK(story.is_undone("a[q]") == "undoing; intent a:undo[q]; act a:undo[q]");
  CHECK(story.ends("a:undo[q]", exits(0)) == "ended a:undo[q] succeeded; undone a[q]; undo_ended; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent a[q]; act a[q]");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; end waiting");
  CHECK(story.is_undone("a") == "undoing; intent a:undo[q]; act a:undo[q]");
  CHECK(story.ends("a:undo[q]", exits(0)) == "ended a:undo[q] succeeded; undone a[q]; intent a:undo[p]; act a:undo[p]");
}

TEST_CASE("a borne item that is undone is done anew wholly") {
  Story story("- {section: L, for_each: [p, q], as: x, max_failures: 1, steps: [" + act("a") + ", " + act("b") + ", " +
              act("c") + "]}\n- {id: z, manual: m}\n");
  story.turn();
  story.ends("a[p]", exits(0));
  CHECK(story.ends("b[p]", exits(1)) == "ended b[p] failed; section_failed 1[p]; skipped c[p]; intent a[q]; act a[q]");
  for (const char* id : {"a[q]", "b[q]", "c[q]"}) story.ends(id, exits(0));
  story.is_undone("b[p]");
  for (const char* id : {"c:undo[q]", "b:undo[q]", "a:undo[q]"}) story.ends(id, exits(0));
  story.ends("b:undo[p]", exits(0));
  CHECK(story.crashes_and_resumes() == "intent b[p]; act b[p]");
  CHECK(story.ends("b[p]", exits(0)) == "ended b[p] succeeded; intent c[p]; act c[p]");
}

TEST_CASE("an item that fails when it is done anew is not borne beside a later one that was borne") {
  Story story("- {section: L, for_each: [p, q, r], as: x, max_failures: 1, steps: [{id: m, manual: m}, " + act("a") +
              "]}\n- {id: z, manual: m}\n");
  story.turn();
  for (const char* key : {"p", "q"}) {
    story.answered(fmt::format("m[{}]", key), "confirm");
    story.ends(fmt::format("a[{}]", key), exits(0));
  }
  CHECK(story.answered("m[r]", "reject") ==
        "answered m[r] reject; ended m[r] failed; section_failed 1[r]; skipped a[r]; asked z manual; end waiting");
  CHECK(story.is_undone("a[q]") == "undoing; intent a:undo[q]; act a:undo[q]");
  story.ends("a:undo[q]", exits(0));
  CHECK(story.crashes_and_resumes() == "intent a[q]; act a[q]");
  CHECK(story.ends("a[q]", exits(1)) == "ended a[q] failed; end failed");
  CHECK(story.of("m[r]").state == StepState::failed);
}

TEST_CASE("a section that was given up and is undone is done anew wholly, and left anew") {
  Story story("- {section: S, steps: [" + act("a") + ", " + act("b") + ", " + act("c") +
              "], rescue: [{id: r, shell: x}], finally: [{id: f, shell: y}]}\n- {id: z, manual: m}\n");
  story.turn();
  story.ends("a", exits(0));
  CHECK(story.ends("b", exits(1)) == "ended b failed; section_failed 1; skipped c; intent r; act r");
  story.ends("r", exits(0));
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; asked z manual; end waiting");
  CHECK(story.is_undone("b") == "undoing; intent b:undo; act b:undo");
  CHECK(story.ends("b:undo", exits(0)) ==
        "ended b:undo succeeded; undone b; renewed c undo; renewed r undo; renewed f undo; undo_ended; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; intent c; act c");
  CHECK(story.ends("c", exits(0)) == "ended c succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end waiting");
}

TEST_CASE("a rescue that waits for somebody is asked about anew when its section is done anew") {
  Story story("- {section: S, steps: [" + act("a") + "], rescue: [{id: r, manual: m}]}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1; asked r manual; end waiting");
  story.is_undone("a");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; renewed r undo; undo_ended; end interrupted");
  CHECK(story.state.open_question("r") == nullptr);
}

TEST_CASE("a rescue that is approved, or to be, before it begins is approved anew when its section is done anew") {
  Story story("- {section: S, steps: [" + act("a") +
              "], rescue: [{id: r, shell: x, requires_approval: {count: 2}}]}\n- {id: z, manual: m}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1; asked r approval; end waiting");
  SUBCASE("nobody has said anything") {}
  SUBCASE("one of two has approved") {
    const Value body =
        object({{"question", story.of("r").question}, {"choice", "approve"}, {"who", "bob"}, {"approver", "bob"}});
    story.record(Proposal(event::answered, "r", body));
    CHECK(story.of("r").approved_by == std::vector<std::string>{"bob"});
  }
  story.is_undone("a");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; renewed r undo; undo_ended; end interrupted");
  CHECK(story.of("r").question.empty());
  CHECK(story.of("r").approved_by.empty());
  story.crashes_and_resumes();
  CHECK(story.ends("a", exits(1)) == "ended a failed; section_failed 1; asked r approval; end waiting");
}

TEST_CASE("a step that a person left out stays left out when its section is undone") {
  Story story("- {section: S, steps: [" + act("a") + ", " + act("b") +
              "], rescue: [{id: r, shell: x}]}\n- {id: z, manual: m}\n");
  story.turn();
  story.pauses();
  story.ends("a", exits(0));
  story.record(Proposal(event::skipped, "b", object({{"why", "left out by ada"}, {"who", "ada"}})));
  CHECK(story.crashes_and_resumes() == "skipped b; asked z manual; end waiting");
  story.is_undone("a");
  CHECK(story.ends("a:undo", exits(0)) == "ended a:undo succeeded; undone a; undo_ended; end interrupted");
  CHECK(story.of("b").state == StepState::skipped);
}

TEST_CASE("a watch that tripped is renewed when its section is done anew behind an undo") {
  Story story("- {section: S, watch: [{id: w, shell: look, on_trip: [{id: t, shell: x}]}], steps: [" + act("a") +
              "], rescue: [{id: r, shell: x}]}\n- {id: z, manual: m}\n");
  story.turn();
  story.ends("w", no());
  story.ends("a", exits(0));
  CHECK(story.ends("t", exits(0)) == "ended t succeeded; section_failed 1; intent r; act r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; asked z manual; end waiting");
  story.is_undone("a");
  CHECK(story.ends("a:undo", exits(0)) ==
        "ended a:undo succeeded; undone a; renewed w undo; renewed t undo; renewed r undo; undo_ended; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent a; watch w; act a");
}

TEST_CASE("a manual step that somebody did is undone by hand") {
  Story story("- {id: a, manual: Build it, undo: {manual: Tear it down}}\n");
  story.turn();
  story.answered("a", "confirm");
  CHECK(story.is_undone() == "undoing; asked a:undo manual; end waiting");
  CHECK(story.answered("a:undo", "confirm") == "answered a:undo confirm; ended a:undo succeeded; undone a; end undone");
}

TEST_CASE("an undo that a person left out is passed over") {
  Story story = done(three(), {"a", "b", "c"});
  story.is_undone();
  story.ends("c:undo", exits(1));
  story.record(Proposal(event::skipped, "c:undo", object({{"why", "left out by ada"}, {"who", "ada"}})));
  CHECK(story.crashes_and_resumes() == "skipped c:undo; intent b:undo; act b:undo");
}

TEST_CASE("what is no longer in the runbook stays, and an undo says so") {
  Story story =
      done("- {section: L, for_each: [p, q], as: x, steps: [" + act("a") + "]}\n- " + act("b") + "\n- " + act("c") + "\n",
           {"a[p]", "a[q]", "b", "c"});
  story.facts = facts_of(steps_only("- " + act("c") + "\n"));
  story.live = Live();
  const std::string gone = " (it is no longer in the runbook)";
  CHECK(listed(story) == "c b" + gone + " a[q]" + gone + " a[p]" + gone);
  CHECK(undo_border(story.state, "b") > 0);
  story.is_undone();
  CHECK(story.ends("c:undo", exits(0)) == "ended c:undo succeeded; undone c; end undone");
  CHECK(story.end_why() == "all but `b`, `a[q]`, `a[p]`, which are no longer in the runbook");
}

TEST_CASE("of what is no longer in the runbook the outline says whether it only read, or was a point of no return") {
  Story story = done(three(), {"a", "b", "c"});
  const List outline = {object({{"id", "a"}, {"title", "Look"}, {"effect", "read"}}),
                        object({{"id", "b"}, {"title", "Pay"}, {"effect", "irreversible"}})};
  Proposal adopted(event::adopted, "", Value(Map{}));
  story.record(std::move(adopted.attach("outline", to_json(Value(outline)))));
  story.facts = facts_of(steps_only("- " + act("c") + "\n"));
  CHECK(listed(story) == "c b (it is no longer in the runbook)");
  CHECK(undo_list(story.facts, story.state, story.values).back().title == "Pay");
  CHECK(refusal(story).why == "`b` is a point of no return: what came before it can't be undone by this run");
}
