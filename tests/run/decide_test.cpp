#include "run/decide.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string json_of(const Value& value) { return to_json(value); }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string two_steps = "- {id: a, shell: one}\n- {id: b, shell: two}\n";

}  // namespace

TEST_CASE("steps run one after the other, each after its committed intent") {
  Story story(two_steps);
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.turn() == "");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
  CHECK(story.ends("b", exits(0)) == "ended b succeeded; end succeeded");
}

TEST_CASE("an intent names the attempt, the effect, the group and the values that the definition does not say") {
  Story story("- {id: a, exec: [make, \"${{ $run.id }}\"], effect: idempotent}\n- {id: b, shell: two}\n");
  story.turn();
  const Event intent = story.events.back();
  CHECK(intent.attempt == story.launches.back().n);
  CHECK(intent.body.text_or("effect", "") == "idempotent");
  CHECK(intent.body.int_or("group", 0) == 1);
  CHECK(has(story.blobs[blob_digest(intent.body.get("request"))], story.facts.run));
  story.ends("a", exits(0));
  CHECK(story.body_of(event::intent).find("request") == nullptr);
}

TEST_CASE("nothing runs after a failure") {
  Story story(two_steps);
  story.turn();
  CHECK(story.ends("a", exits(2)) == "ended a failed; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "a");
  CHECK(story.end_why() == "it exited with 2");
  CHECK(story.after(1'000'000) == "end failed");
  CHECK(story.of("b").state == StepState::pending);
}

TEST_CASE("a resumed run goes on with the step that failed, in a new group") {
  Story story(two_steps);
  story.turn();
  story.ends("a", exits(2));
  CHECK(story.crashes_and_resumes() == "renewed a resume; intent a; act a");
  CHECK(story.of("a").group == 2);
}

TEST_CASE("a step whose when is false is skipped, with the expression as the reason") {
  Story story("- {id: a, when: 1 == 2, shell: one}\n- {id: b, shell: two}\n");
  CHECK(story.turn() == "skipped a; intent b; act b");
  CHECK(story.body_of(event::skipped).text_or("why", "") == "`when` is false: 1 == 2");
}

TEST_CASE("a when that can't be evaluated or gives no boolean stops before the effect") {
  RunFacts facts = facts_of(steps_only("- {id: a, when: $run.id, shell: one}\n"));
  Story text(facts);
  CHECK(text.turn() == "refused a; end failed");
  CHECK(text.end_why() == "`when`: `$run.id` gives a string, not true or false");
  Story error(facts_of(steps_only("- {id: a, when: $run.id < 3, shell: one}\n")));
  CHECK(error.turn() == "refused a; end failed");
  CHECK(has(error.end_why(), "`when`: `$run.id < 3`: "));
}

TEST_CASE("a section whose when is false is skipped with all its steps") {
  Story story(
      "- section: Cluster\n  when: 1 == 2\n  steps:\n    - {id: a, shell: one}\n    - section: Inner\n      steps: [{id: b, "
      "shell: two}]\n"
      "- {id: c, shell: three}\n");
  CHECK(story.turn() == "section_skipped 1; skipped a; skipped b; intent c; act c");
  CHECK(story.of("b").why == "`when` of section `Cluster` is false");
}

TEST_CASE("a section whose when holds is entered once") {
  Story story("- section: Cluster\n  when: 1 == 1\n  steps:\n    - {id: a, shell: one}\n    - {id: b, shell: two}\n");
  CHECK(story.turn() == "section_entered 1; intent a; act a");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; intent b; act b");
}

TEST_CASE("a section whose when can't be evaluated pauses the run, and says which") {
  Story story("- section: Cluster\n  when: $run.id\n  steps:\n    - {id: a, shell: one}\n");
  CHECK(story.turn() == "end failed");
  CHECK(story.end_why() == "`when` of section `Cluster`: `$run.id` gives a string, not true or false");
}

TEST_CASE("a step of a skipped section that a person wants done anew is done") {
  Story story("- section: Cluster\n  when: 1 == 2\n  steps: [{id: a, shell: one}]\n");
  CHECK(story.turn() == "section_skipped 1; skipped a; end succeeded");
  story.record(Proposal(event::renewed, "a", object({{"how", "redo"}, {"who", "ada"}})));
  CHECK(story.turn() == "renewed a redo; intent a; act a");
}

TEST_CASE("what is done already is satisfied and not run, with the outputs of the probe") {
  Story story("- {id: a, shell: one, done_when: {shell: look, outputs: {name: stdout}}}\n");
  CHECK(story.turn() == "look a");
  CHECK(story.ends("a", yes("vpc-1")) == "satisfied a; end succeeded");
  CHECK(story.of("a").all_attempts == 0);
  CHECK(json_of(story.outputs_of("a")) == R"({"name":"vpc-1"})");
}

TEST_CASE("a probe that can't tell stops the run before the effect") {
  Story story("- {id: a, shell: one, done_when: {shell: look, timeout: 10m}}\n");
  story.turn();
  CHECK(story.ends("a", cannot_tell()) == "refused a; end failed");
  CHECK(story.end_why() == "before the step: done_when can't tell: it exited with 7");
  CHECK(story.of("a").all_attempts == 0);
}

TEST_CASE("a before that can't tell stops the run before the effect") {
  Story story(
      "- {id: a, shell: one, before: {shell: look, outputs: {g: stdout}}, done_when: {shell: look, that: $before.g != "
      "stdout}}\n");
  CHECK(story.turn() == "before a");
  CHECK(story.ends("a", cannot_tell()) == "refused a; end failed");
  CHECK(story.end_why() == "before the step: can't tell what stands: it exited with 7");
}

TEST_CASE("before, done_when, intent: what held before does not count as done") {
  Story story(
      "- {id: a, shell: one, before: {shell: look, outputs: {g: stdout}}, done_when: {shell: look, that: stdout != "
      "$before.g}}\n");
  CHECK(story.turn() == "before a");
  CHECK(story.ends("a", yes("7")) == "look a");
  CHECK(story.ends("a", yes("7")) == "intent a; act a");
  CHECK(story.blobs.at(blob_digest(story.body_of(event::intent).get("before"))) == R"({"g":"7"})");
  CHECK(story.ends("a", exits(0)) == "exited a; look a");
  CHECK(story.ends("a", yes("8")) == "ended a succeeded; end succeeded");
}

TEST_CASE("a before that says no gives null outputs") {
  Story story(
      "- {id: a, shell: one, before: {shell: look, outputs: {g: stdout}}, done_when: {shell: look, that: $before.g != "
      "null}}\n");
  story.turn();
  CHECK(story.ends("a", no()) == "look a");
  CHECK(story.ends("a", yes("8")) == "intent a; act a");
  CHECK(story.blobs.at(blob_digest(story.body_of(event::intent).get("before"))) == R"({"g":null})");
}

TEST_CASE("what stood before the first attempt counts for the later ones of the group") {
  Story story(
      "- {id: a, shell: one, retry: {attempts: 2, delay: 1s}, before: {shell: look, outputs: {g: stdout}},"
      " done_when: {shell: look, that: stdout != $before.g}}\n");
  story.turn();
  story.ends("a", yes("7"));
  story.ends("a", yes("7"));
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +1000");
  CHECK(story.after(1000) == "look a");
  CHECK(story.ends("a", yes("8")) == "satisfied a; end succeeded");
}

TEST_CASE("approval is asked only after the look said no") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible, done_when: {shell: look}}\n");
  story.limits.is_interactive = true;
  CHECK(story.turn() == "look a");
  CHECK(story.ends("a", no()) == "asked a approval");
  CHECK(story.after(1'000'000) == "");  // not looked at while the question is open
  CHECK(story.answered("a", "approve", object({{"phrase", "Drop it"}})) == "answered a approve; look a");
  CHECK(story.ends("a", no()) == "intent a; act a");
}

TEST_CASE("what came to be while the question was open is not run") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible, done_when: {shell: look}}\n");
  story.limits.is_interactive = true;
  story.turn();
  story.ends("a", no());
  story.answered("a", "approve", object({{"phrase", "Drop it"}}));
  CHECK(story.ends("a", yes()) == "satisfied a; end succeeded");
}

TEST_CASE("without anybody who answers, an approval pauses the run and keeps its question") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible}\n");
  CHECK(story.turn() == "asked a approval; end waiting");
  CHECK(has(story.end_why(), "type: Drop it"));
  CHECK(story.crashes_and_resumes() == "end waiting");
}

TEST_CASE("an approval said beforehand counts if its phrase fits") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible}\n");
  story.limits.approvals["a"] = "drop";
  CHECK(story.turn() == "asked a approval; end waiting");
  CHECK(story.end_why() == "--approve a: the phrase does not fit; type exactly: Drop it");
  story.limits.approvals["a"] = "Drop it";
  CHECK(story.turn() == "answered a approve; intent a; act a");
}

TEST_CASE("a phrase holds for what would have run when it was typed") {
  Story story(
      "- {id: pick, shell: one, outputs: {disk: stdout}}\n"
      "- {id: wipe, title: Wipe it, exec: [wipe, \"${{ $steps.pick.disk }}\"], effect: irreversible}\n");
  story.turn();
  const Value phrase = object({{"phrase", "Wipe it"}});
  CHECK(story.ends("pick", exits(0, "sda")) == "ended pick succeeded; asked wipe approval; end waiting");
  story.limits.is_pausing = true;
  CHECK(story.answered("wipe", "approve", phrase) == "answered wipe approve; end interrupted");
  story.record(Proposal(event::renewed, "pick"));
  SUBCASE("the same") {
    CHECK(story.crashes_and_resumes() == "renewed pick; intent pick; act pick");
    CHECK(story.ends("pick", exits(0, "sda")) == "ended pick succeeded; intent wipe; act wipe");
  }
  SUBCASE("another") {
    CHECK(story.crashes_and_resumes() == "renewed pick; intent pick; act pick");
    CHECK(story.ends("pick", exits(0, "sdb")) == "ended pick succeeded; asked wipe approval; end waiting");
    CHECK(story.end_why() == "`wipe` can't be undone. What would run now is not what was approved. To go on, type: Wipe it");
    CHECK(story.answered("wipe", "approve", phrase) == "answered wipe approve; intent wipe; act wipe");
  }
}

TEST_CASE("a phrase that an earlier build took, which did not say what for, holds until the runbook changes") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible}\n");
  const Value old =
      object({{"question", "a/approval/1"}, {"about", "approval"}, {"choices", List{"approve"}}, {"phrase", "Drop it"}});
  story.record(Proposal(event::asked, "a", old));
  story.record(Proposal(event::answered, "a", object({{"question", "a/approval/1"}, {"choice", "approve"}})));
  SUBCASE("the same") { CHECK(story.turn() == "asked a approval; answered a approve; intent a; act a"); }
  SUBCASE("another") {
    story.record(Proposal(event::adopted, ""));
    CHECK(story.turn() == "asked a approval; answered a approve; adopted; asked a approval; end waiting");
  }
}

TEST_CASE("every new group of an irreversible step is approved anew") {
  Story story("- {id: a, title: Drop it, shell: one, effect: irreversible}\n");
  story.limits.is_interactive = true;
  story.turn();
  story.answered("a", "approve", object({{"phrase", "Drop it"}}));
  story.ends("a", exits(1));
  CHECK(story.crashes_and_resumes() == "renewed a resume; asked a approval");
}

TEST_CASE("a failed attempt is tried again at its time, not before") {
  Story story("- {id: a, shell: one, retry: {attempts: 2, delay: 5s}}\n");
  story.turn();
  CHECK(story.ends("a", exits(1)) == "ended a failed; wake +5000");
  CHECK(story.after(4'999) == "wake +1");
  CHECK(story.after(1) == "intent a; act a");
  CHECK(story.ends("a", exits(1)) == "ended a failed; end failed");
}

TEST_CASE("a retry is looked at before it is run") {
  Story story("- {id: a, shell: one, done_when: {shell: look}, retry: {attempts: 2, delay: 5s}}\n");
  story.turn();
  story.ends("a", no());
  story.ends("a", exits(1));
  CHECK(story.after(5'000) == "look a");
  CHECK(story.ends("a", no()) == "intent a; act a");
}

TEST_CASE("the time of a retry survives a crash") {
  Story story("- {id: a, shell: one, retry: {attempts: 2, delay: 5s}}\n");
  story.turn();
  story.ends("a", exits(1));
  story.now_ms += 1'000;
  CHECK(story.crashes_and_resumes() == "wake +4000");
}

TEST_CASE("a step past its timeout runs on, and somebody is asked") {
  Story story("- {id: a, shell: one, timeout: 1m}\n");
  story.limits.is_interactive = true;
  CHECK(story.turn() == "intent a; act a; wake +60000");
  CHECK(story.after(60'000) == "overdue a; asked a overdue");
  CHECK(story.answered("a", "wait") == "answered a wait");
  CHECK(story.after(1'000'000) == "");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
}

TEST_CASE("an overdue step without anybody who answers is left running") {
  Story story("- {id: a, shell: one, timeout: 1m}\n");
  story.turn();
  CHECK(story.after(60'000) == "overdue a; asked a overdue; end waiting");
  CHECK(story.crashes_and_resumes() == "answered a wait; takes up act a");
}

TEST_CASE("an overdue step that ends by itself needs no answer") {
  Story story("- {id: a, shell: one, timeout: 1m}\n");
  story.limits.is_interactive = true;
  story.turn();
  story.after(60'000);
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
  CHECK(story.state.open_question("a") == nullptr);
}

TEST_CASE("a once step that somebody stops is in doubt") {
  Story story("- {id: a, shell: one, timeout: 1m}\n");
  story.limits.is_interactive = true;
  story.turn();
  story.after(60'000);
  CHECK(story.answered("a", "stop") == "answered a stop; cancel a");
  CHECK(story.turn() == "");
  CHECK(story.ends("a", is_stopped()) == "doubted a; asked a doubt");
}

TEST_CASE("an idempotent step that somebody stops is not begun again at once") {
  Story story("- {id: a, shell: one, effect: idempotent, timeout: 1m, retry: {attempts: 3}}\n");
  story.limits.is_interactive = true;
  story.turn();
  story.after(60'000);
  story.answered("a", "stop");
  CHECK(story.ends("a", is_stopped()) == "ended a failed; end failed");
  CHECK(story.end_why() == "it ran longer than its timeout and was stopped");
}

TEST_CASE("a read step is given its timeout, and what timed out is tried again by policy") {
  Story story("- {id: a, shell: one, effect: read, timeout: 1m, retry: {attempts: 2, delay: 1s}}\n");
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.launches.back().request->timeout_ms == 60'000);
  CHECK(story.ends("a", times_out()) == "ended a timed_out; wake +1000");
}

TEST_CASE("a wait looks at once, every so often, and once at its deadline") {
  Story story("- {id: a, wait_until: {shell: look, every: 40s, timeout: 1m}}\n");
  CHECK(story.turn() == "waiting a; look a");
  CHECK(story.body_of(event::waiting).int_or("deadline_ms", 0) == 1'060'000);
  CHECK(story.ends("a", no()) == "wake +40000");
  CHECK(story.after(40'000) == "look a");
  CHECK(story.ends("a", cannot_tell()) == "wake +20000");
  CHECK(story.after(20'000) == "look a");
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
  CHECK(story.end_why() == "it did not come to be within 1m: it exited with 1");
}

TEST_CASE("a look that began before the deadline is not the last one") {
  Story story("- {id: a, wait_until: {shell: look, every: 40s, timeout: 1m}}\n");
  story.turn();
  story.ends("a", no());
  story.after(40'000);
  story.now_ms += 25'000;  // it takes until after the deadline
  CHECK(story.ends("a", no()) == "look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
}

TEST_CASE("a wait keeps its deadline in a crash, and takes its last look after it") {
  Story story("- {id: a, wait_until: {shell: look, timeout: 1m}}\n");
  story.turn();
  story.now_ms += 1'000'000;
  CHECK(story.crashes_and_resumes() == "look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
}

TEST_CASE("a wait whose fail_when holds ends early") {
  Story story("- {id: a, wait_until: {shell: look, timeout: 1h, that: stdout == 'up', fail_when: stdout == 'broken'}}\n");
  story.turn();
  CHECK(story.ends("a", yes("starting")) == "wake +2000");
  story.after(2'000);
  CHECK(story.ends("a", yes("broken")) == "ended a failed; end failed");
  CHECK(story.end_why() == "fail_when holds: stdout == 'broken'");
}

TEST_CASE("a wait ends where its step type says that waiting longer is no use, in its words") {
  Story story("- {id: a, wait_until: {shell: look, timeout: 1h}}\n");
  story.turn();
  CHECK(story.ends("a", says(Said::Answer::no, "1 of 3 is ready")) == "wake +2000");
  story.after(2'000);
  CHECK(story.ends("a", is_hopeless("its image can't be pulled")) == "ended a failed; end failed");
  CHECK(story.end_why() == "its image can't be pulled");
}

TEST_CASE("a wait whose time is over, or that is interrupted, says what was seen last") {
  Story over("- {id: a, wait_until: {shell: look, every: 40s, timeout: 1m}}\n");
  over.turn();
  over.after(60'000);
  over.ends("a", says(Said::Answer::no, "2 of 3 are ready"));
  over.turn();
  CHECK(over.ends("a", says(Said::Answer::cannot_tell, "connection refused")) == "ended a failed; end failed");
  CHECK(over.end_why() == "it did not come to be within 1m: can't tell: connection refused");
  Story stopped("- {id: a, wait_until: {shell: look, timeout: 1h}}\n");
  stopped.turn();
  stopped.ends("a", says(Said::Answer::no, "2 of 3 are ready"));
  CHECK(stopped.pauses() == "end interrupted");
  CHECK(stopped.end_why() == "stopped by ada; `a` saw last: 2 of 3 are ready");
}

TEST_CASE("an effect whose look says that it never will be done has failed at once; before the step that says nothing") {
  for (const char* probe : {"done_when", "verify"}) {
    CAPTURE(probe);
    Story story(fmt::format("- {{id: a, shell: one, {}: {{shell: look, timeout: 1h}}}}\n", probe));
    const bool is_looked_at_before = story.turn() == "look a";
    if (is_looked_at_before) CHECK(story.ends("a", is_hopeless("the last job has failed")) == "intent a; act a");
    CHECK(story.ends("a", exits(0)) == "exited a; look a");
    CHECK(story.ends("a", is_hopeless("the job has failed")) == "ended a failed; end failed");
    CHECK(story.end_why().ends_with("the job has failed"));
  }
}

TEST_CASE("an assertion that is waited for stops where waiting longer is no use") {
  Story story("- {id: a, assert: {shell: look, timeout: 1h, because: the cluster must be whole}}\n");
  story.turn();
  CHECK(story.ends("a", is_hopeless("a node is gone")) == "refused a; end failed");
  CHECK(story.end_why() == "the cluster must be whole (a node is gone)");
}

TEST_CASE("a wait gives the outputs of its probe") {
  Story story("- {id: a, wait_until: {shell: look, timeout: 1h, outputs: {ip: stdout}}}\n");
  story.turn();
  story.ends("a", yes("10.0.0.1"));
  CHECK(json_of(story.outputs_of("a")) == R"({"ip":"10.0.0.1"})");
}

namespace {

const std::string follows =
    "- {id: a, wait_until: {shell: look, follow: true, until: up, fail_on: down, every: 5s, timeout: 1m}}\n";

const Request& last_request(const Story& story) { return *story.launches.back().request; }

}  // namespace

TEST_CASE("a look that follows a stream runs until the deadline of its wait, and what it saw by then counts") {
  Story story(follows);
  CHECK(story.turn() == "waiting a; look a; wake +60000");
  CHECK(last_request(story).following->until == "up");
  CHECK(last_request(story).following->fail_on == "down");
  CHECK(last_request(story).timeout_ms == 65'000);
  CHECK(story.after(59'999) == "wake +1");
  CHECK(story.after(1) == "cancel a");
  CHECK(story.turn() == "");
  story.now_ms += 3'000;
  CHECK(story.ends("a", says(Said::Answer::no, "no line has matched")) == "ended a failed; end failed");
  CHECK(story.end_why() == "it did not come to be within 1m: no line has matched");
  Story late(follows);
  late.turn();
  late.after(60'000);
  CHECK(late.ends("a", says(Said::Answer::yes)) == "ended a succeeded; end succeeded");
}

TEST_CASE("a stream that ended is taken up again after a while, where it stopped, for the time that is left") {
  Story story(follows);
  story.turn();
  story.now_ms += 20'000;
  Outcome ended = says(Said::Answer::no, "the stream ended");
  ended.position = "line 7";
  CHECK(story.ends("a", ended) == "wake +5000");
  CHECK(story.after(5'000) == "look a; wake +35000");
  CHECK(last_request(story).following->position == "line 7");
  CHECK(last_request(story).timeout_ms == 40'000);
  CHECK(story.ends("a", says(Said::Answer::no, "the stream ended")) == "wake +5000");
  story.after(5'000);
  CHECK(last_request(story).following->position == "line 7");
  CHECK(story.ends("a", is_hopeless("fail_on matches: down")) == "ended a failed; end failed");
}

TEST_CASE("a wait whose deadline passed while nobody looked follows once more, as long as one look may take") {
  Story story(follows);
  story.turn();
  story.now_ms += 1'000'000;
  CHECK(story.crashes_and_resumes() == "look a; wake +30000");
  CHECK(last_request(story).following->position == "");
  CHECK(story.after(30'000) == "cancel a");
  CHECK(story.ends("a", says(Said::Answer::no, "no line has matched")) == "ended a failed; end failed");
}

TEST_CASE("a run that pauses or is cancelled ends the stream first") {
  Story paused(follows);
  paused.turn();
  CHECK(paused.pauses() == "cancel a");
  CHECK(paused.ends("a", says(Said::Answer::no, "no line has matched")) == "end interrupted");
  CHECK(paused.end_why() == "stopped by ada; `a` saw last: no line has matched");
  Story cancelled(follows);
  cancelled.turn();
  CHECK(cancelled.is_cancelled() == "cancelling; cancel a");
  CHECK(cancelled.ends("a", is_stopped()) == "end cancelled");
}

TEST_CASE("a clock that is set back while a stream is followed does not lengthen the wait by more than that") {
  Story story(follows);
  story.turn();
  story.now_ms -= 3'600'000;
  CHECK(story.turn() == "rescheduled a; wake +60000");
}

TEST_CASE("an assertion about what is known needs no launch") {
  Story holds("- {id: a, assert: {that: $run.id != 'x'}}\n");
  CHECK(holds.turn() == "ended a succeeded; end succeeded");
  Story fails("- {id: a, assert: {that: $run.id == 'x', because: only run x may do this}}\n");
  CHECK(fails.turn() == "refused a; end failed");
  CHECK(fails.end_why() == "only run x may do this (`$run.id == 'x'` is false)");
}

TEST_CASE("an assertion looks once") {
  Story story("- {id: a, assert: {shell: look}}\n- {id: b, assert: {shell: look}}\n");
  CHECK(story.turn() == "look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; look b");
  CHECK(story.ends("b", no()) == "refused b; end failed");
}

TEST_CASE("an assertion with a timeout is looked at until it holds, but can't tell stops it at once") {
  const std::string steps = "- {id: a, assert: {shell: look, every: 1s, timeout: 3s}}\n";
  Story patient(steps);
  CHECK(patient.turn() == "waiting a; look a");
  CHECK(patient.ends("a", no()) == "wake +1000");
  CHECK(patient.after(1'000) == "look a");
  CHECK(patient.ends("a", yes()) == "ended a succeeded; end succeeded");
  Story over(steps);
  over.turn();
  over.ends("a", no());
  CHECK(over.after(3'000) == "look a");
  CHECK(over.ends("a", no()) == "refused a; end failed");
  Story blind(steps);
  blind.turn();
  CHECK(blind.ends("a", cannot_tell()) == "refused a; end failed");
  CHECK(blind.end_why() == "can't tell: it exited with 7");
}

TEST_CASE("after the effect done_when is polled until its timeout, then verify") {
  Story story("- {id: a, shell: one, done_when: {shell: look, every: 1s, timeout: 5s}, verify: {shell: check, timeout: 2s}}\n");
  story.turn();
  story.ends("a", no());
  CHECK(story.ends("a", exits(0)) == "exited a; look a");
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(1'000) == "look a");
  CHECK(story.ends("a", yes()) == "verifying a; look a");
  CHECK(json_of(story.launches.back().request->params) == R"({"script":"check","with":"bash"})");
  CHECK(story.ends("a", cannot_tell()) == "wake +2000");
  CHECK(story.after(2'000) == "look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
}

TEST_CASE("what ran but is not done has failed and is not repeated") {
  Story story("- {id: a, shell: one, retry: {attempts: 3}, done_when: {shell: look, timeout: 0s}}\n");
  story.turn();
  story.ends("a", no());
  story.ends("a", exits(0));
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
  CHECK(story.end_why() == "it ran, but is not done: it exited with 1");
}

TEST_CASE("what does not verify has failed and is not repeated") {
  Story story("- {id: a, shell: one, retry: {attempts: 3}, verify: {shell: check}}\n");
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.ends("a", exits(0)) == "exited a; look a");
  CHECK(story.ends("a", cannot_tell()) == "ended a failed; end failed");
  CHECK(story.end_why() == "it ran, but verify does not hold: can't tell: it exited with 7");
}

TEST_CASE("a crash while done_when is polled repeats the look alone") {
  Story story("- {id: a, shell: one, done_when: {shell: look, timeout: 5s}}\n");
  story.turn();
  story.ends("a", no());
  story.ends("a", exits(0));
  CHECK(story.crashes_and_resumes() == "look a");
  CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
  CHECK(story.of("a").all_attempts == 1);
}

TEST_CASE("the step's own outputs count before those of its probes") {
  Story story(
      "- {id: a, shell: one, outputs: {x: stdout}, done_when: {shell: look, outputs: {x: stdout, y: stdout}}, verify: {shell: "
      "check, outputs: {z: stdout}}}\n");
  story.turn();
  story.ends("a", no());
  story.ends("a", exits(0, "own"));
  story.ends("a", yes("probe"));
  story.ends("a", yes("verify"));
  CHECK(story.of("a").state == StepState::succeeded);
  CHECK(story.outputs_of("a") == object({{"x", "own"}, {"y", "probe"}, {"z", "verify"}}));
}

TEST_CASE("a run that pauses starts nothing, but awaits the act that runs") {
  Story story(two_steps);
  story.turn();
  CHECK(story.pauses() == "");
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end interrupted");
  CHECK(story.end_why() == "stopped by ada");
}

TEST_CASE("a run that pauses does not await a look, a wait or a retry") {
  Story look("- {id: a, shell: one, done_when: {shell: look}}\n");
  look.turn();
  CHECK(look.pauses() == "end interrupted");
  Story wait("- {id: a, wait_until: {shell: look, timeout: 1h}}\n");
  wait.turn();
  CHECK(wait.pauses() == "end interrupted");
  Story retry("- {id: a, shell: one, retry: {attempts: 2, delay: 1h}}\n");
  retry.turn();
  retry.ends("a", exits(1));
  CHECK(retry.pauses() == "end interrupted");
  Story polling("- {id: a, shell: one, verify: {shell: look, timeout: 1h}}\n");
  polling.turn();
  polling.ends("a", exits(0));
  CHECK(polling.pauses() == "end interrupted");
}

TEST_CASE("a run whose last step ends while it pauses has succeeded") {
  Story story("- {id: a, shell: one}\n");
  story.turn();
  story.pauses();
  CHECK(story.ends("a", exits(0)) == "ended a succeeded; end succeeded");
}

TEST_CASE("a run that is cancelled ends what runs, and is left when it has ended") {
  Story story(two_steps);
  story.turn();
  story.limits.is_cancelling = true;
  CHECK(story.turn() == "cancelling; cancel a");
  CHECK(story.turn() == "");
  CHECK(story.ends("a", is_stopped()) == "doubted a; end cancelled");
  CHECK(story.end_why() == "cancelled by ada");
  REQUIRE(story.end);
  CHECK(story.end->is_left());
}

TEST_CASE("cancelling a paused run ends the step that an earlier engine left running") {
  Story story(two_steps);
  story.turn();
  story.limits.is_cancelling = true;
  CHECK(story.crashes_and_resumes(Purpose::cancel) == "takes up act a; cancelling; cancel a");
}

TEST_CASE("a run that succeeds gives the outputs of the runbook") {
  Story story(
      facts_of(runbook_of("runbook: x\nsteps: [{id: a, shell: one, outputs: {url: stdout}}]\noutputs: {url: $steps.a.url}\n")));
  story.turn();
  CHECK(story.ends("a", exits(0, "http://x")) == "ended a succeeded; end succeeded");
  REQUIRE(story.end);
  CHECK(json_of(story.end->outputs) == R"({"url":"http://x"})");
}

TEST_CASE("outputs that can't be given pause the run") {
  Story story(facts_of(runbook_of(
      "runbook: x\nsteps: [{id: a, when: 1 == 2, shell: one, outputs: {url: stdout}}]\noutputs: {url: $steps.a.url < 3}\n")));
  CHECK(story.turn() == "skipped a; end failed");
  CHECK(has(story.end_why(), "every step is done, but the outputs of the runbook can't be given: "));
}

TEST_CASE("a secret that is not there stops the step before the effect and says what to type") {
  const std::string head = "runbook: x\ninputs: {password: {type: secret}}\nenv: {PW: \"${{ $inputs.password }}\"}\nsteps:\n";
  Story act(facts_of(runbook_of(head + "- {id: a, shell: one}\n")));
  CHECK(act.turn() == "refused a; end failed");
  CHECK(has(act.end_why(), "the secret input `password` is not there"));
  CHECK(has(act.end_why(), "RUNBOOK_INPUT_PASSWORD=..."));
  Story probe(facts_of(runbook_of(head + "- {id: a, shell: one, done_when: {shell: look}}\n")));
  CHECK(probe.turn() == "refused a; end failed");
  CHECK(has(probe.end_why(), "RUNBOOK_INPUT_PASSWORD=..."));
}

TEST_CASE("null inside text stops the step before the effect") {
  Story story("- {id: a, when: 1 == 2, shell: one, outputs: {x: stdout}}\n- {id: b, exec: [echo, \"x=${{ $steps.a.x }}\"]}\n");
  CHECK(story.turn() == "skipped a; refused b; end failed");
  CHECK_FALSE(story.end_why().empty());
}
