#include "run/manual.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "tests/run/loop.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string by_hand =
    "- id: a\n"
    "  title: Make it\n"
    "  manual:\n"
    "    instructions: Look at ${{ $run.id }}\n"
    "    checklist: [First, Second]\n"
    "    collect: {name: {pattern: '[a-z]+'}, size: {type: int, default: 3}}\n"
    "    evidence: optional\n"
    "- {id: b, exec: [use, \"${{ $steps.a.name }}\"]}\n";

// A story in which somebody answers.
struct Person : Story {
  explicit Person(const std::string& steps = by_hand) : Story(steps) {}
  const Step& step(const std::string& id = "a") const { return *facts.runbook->find(id); }
  Question question(const std::string& id = "a") const {
    REQUIRE(state.open_question(id));
    return *state.open_question(id);
  }
  Answer given(const std::string& choice, Value fields = {}, const std::string& because = "") const {
    return {question().id, choice, "bob", because, 0, std::move(fields)};
  }
  Answer confirms(const std::string& name) const {
    return given("confirm", object({{"outputs", object({{"name", name}, {"size", 4}})}}));
  }
  std::string answers(const Answer& answer) {
    REQUIRE(why_not_confirmed(*step().manual, answer) == "");
    for (auto& proposal : answer_manual(step(), question(), answer, now_ms)) record(std::move(proposal));
    return turn();
  }
  Value form() { return values.get(question().form); }
};

Collected collected(Person& story, const std::vector<std::pair<std::string, std::string>>& given) {
  return collect(*story.step().manual, story.form(), given);
}

std::vector<std::string> messages_of(const Collected& collected) {
  std::vector<std::string> messages;
  for (const auto& problem : collected.problems) messages.push_back(problem.message + " / " + problem.hint);
  return messages;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a manual step asks with its values, waits, and is no attempt") {
  Person story;
  CHECK(story.turn() == "asked a manual; end waiting");
  CHECK(story.of("a").state == StepState::waiting);
  CHECK_FALSE(story.of("a").is_open);
  CHECK(story.of("a").all_attempts == 0);
  CHECK(story.question().text == "`a` is done by a person: Make it");
  CHECK(story.question().choices == Words{"confirm", "reject", "skip"});
  CHECK(to_json(story.form()) ==
        R"({"instructions":"Look at 20261120-2355-k3f9","checklist":["First","Second"],)"
        R"("collect":[{"name":"name","type":"string"},{"name":"size","type":"int","default":"3"}],"evidence":"optional"})");
}

TEST_CASE("after a crash it is asked still, and never in doubt") {
  Person story;
  story.turn();
  const std::string id = story.question().id;
  CHECK(story.crashes_and_resumes() == "end waiting");
  CHECK(story.question().id == id);
}

TEST_CASE("a confirmation gives the outputs, ticks what was not ticked, and the run goes on") {
  Person story;
  story.turn();
  story.record(tick(story.question(), 0, "ada"));
  const std::string told = "ticked a; ";
  CHECK(story.answers(story.confirms("web")) == told + "ticked a; answered a confirm; ended a succeeded; intent b; act b");
  CHECK(to_json(story.outputs_of("a")) == R"({"name":"web","size":4})");
  CHECK(story.of("a").answered_by == "bob");
  CHECK(story.of("a").why == "confirmed by bob");
}

TEST_CASE("a rejection fails the step with its reason, and a resumed run asks anew") {
  Person story;
  story.turn();
  const std::string first = story.question().id;
  CHECK(story.answers(story.given("reject", {}, "no room")) == "answered a reject; ended a failed; end failed");
  CHECK(story.end_why() == "rejected by bob: no room");
  CHECK(story.crashes_and_resumes() == "renewed a resume; asked a manual; end waiting");
  CHECK(story.question().id != first);
}

TEST_CASE("to skip is an answer, and a deviation") {
  Person story;
  story.turn();
  CHECK(story.answers(story.given("skip", {}, "not today")) == "answered a skip; skipped a; refused b; end failed");
  REQUIRE(story.state.deviations.size() == 1);
  CHECK(story.state.deviations[0].because == "not today");
}

TEST_CASE("an answer that is not whole is not taken") {
  Person story;
  story.turn();
  const Manual& manual = *story.step().manual;
  CHECK(why_not_confirmed(manual, story.given("confirm")) == "`name` is missing");
  CHECK(why_not_confirmed(manual, story.confirms("WEB")) == "`name`: `WEB` does not match the pattern `[a-z]+`");
  CHECK(why_not_confirmed(manual, story.given("reject")) == "`reject` needs a reason");
  CHECK(why_not_confirmed(manual, story.confirms("web")) == "");
  Person strict("- {id: a, manual: {instructions: Look, evidence: required}}\n");
  strict.turn();
  CHECK(why_not_confirmed(*strict.step().manual, strict.given("confirm")) ==
        "this step wants evidence: a note, a file or a URL");
  const Value note = object({{"evidence", List{object({{"note", "seen"}})}}});
  CHECK(why_not_confirmed(*strict.step().manual, strict.given("confirm", note)) == "");
}

TEST_CASE("what is given is read as inputs are, with the same words") {
  Person story;
  story.turn();
  CHECK(to_json(collected(story, {{"name", "x"}, {"name", "web"}}).values) == R"({"name":"web","size":3})");
  CHECK(to_json(collected(story, {{"name", "web"}, {"size", "7"}}).values) == R"({"name":"web","size":7})");
  CHECK(messages_of(collected(story, {{"nam", "web"}, {"size", "many"}})) ==
        Words{"this step does not collect `nam` / did you mean `name`?", "`name` is missing / --set name=...",
              "`size`: `many` is not a whole number / --set size=..."});
}

TEST_CASE("evidence is recorded, files with their bytes as blobs of their own") {
  Person story;
  story.turn();
  const Value file = object({{"file", "x.txt"}, {"size", 3}, {"sha256", "ab"}, {"bytes", base64("a\0b")}});
  Answer answer = story.confirms("web");
  answer.fields = with(answer.fields, "evidence", List{object({{"note", "seen"}}), file});
  story.answers(answer);
  CHECK(to_json(story.values.get(story.of("a").evidence)) == R"([{"note":"seen"},{"file":"x.txt","size":3,"sha256":"ab"}])");
  const Value answered = story.body_of(event::answered);
  CHECK(story.blobs.at(blob_digest(answered.get("file_2"))) == from_base64(base64("a\0b")).value());
  CHECK(answered.find("file_1") == nullptr);
}

TEST_CASE("what holds already is asked of nobody") {
  Person story("- {id: a, manual: Make it, done_when: {shell: test}}\n");
  CHECK(story.turn() == "look a");
  CHECK(story.ends("a", yes()) == "satisfied a; end succeeded");
}

TEST_CASE("what is confirmed is looked at, and what stood before is recorded with the question") {
  Person story(
      "- {id: a, manual: Make it, before: {shell: look, outputs: {seen: stdout}}, "
      "done_when: {shell: look, that: stdout != $before.seen}, verify: {shell: check}}\n");
  CHECK(story.turn() == "before a");
  CHECK(story.ends("a", yes("old")) == "look a");
  CHECK(story.ends("a", yes("old")) == "asked a manual; end waiting");
  CHECK(story.crashes_and_resumes() == "end waiting");
  CHECK(story.answers(story.given("confirm")) == "answered a confirm; exited a; look a");
  CHECK(story.of("a").state == StepState::running);
  CHECK(story.ends("a", yes("new")) == "verifying a; look a");
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
  CHECK(story.end_why().find("it was confirmed, but verify does not hold") == 0);
}

TEST_CASE("a crash after the confirmation looks again and asks nobody") {
  Person story("- {id: a, manual: Make it, done_when: {shell: look}}\n");
  story.turn();
  story.ends("a", no());
  story.answers(story.given("confirm"));
  CHECK(story.crashes_and_resumes() == "look a");
  CHECK(story.ends("a", no()) == "ended a failed; end failed");
}

TEST_CASE("a false when skips it, and instructions that can't be given stop the run") {
  Person skipped("- {id: a, when: 1 == 2, manual: Make it}\n- {id: b, shell: two}\n");
  CHECK(skipped.turn() == "skipped a; intent b; act b");
  Person refused(
      "- {id: a, when: 1 == 2, manual: {instructions: x, collect: {n: {}}}}\n- {id: b, manual: \"See ${{ $steps.a.n }}\"}\n");
  CHECK(refused.turn() == "skipped a; refused b; end failed");
}

TEST_CASE("ticks are committed one by one, each item once, while the question is open") {
  DrivenRun loop(by_hand);
  loop.limits.is_interactive = true;
  loop.person.on_ask = [&](const Question& question) {
    CHECK(question.details.get("checklist").is_list());
    for (std::int64_t item : {0, 0, 1}) loop.inbox.post(Ticked{question.id, item, "ada"});
    loop.inbox.post(Ticked{"another", 0, "ada"});
    loop.inbox.post(Interrupt{Interrupt::Kind::pause, "ada"});
  };
  CHECK(loop.run().end.state == "interrupted");
  CHECK(loop.witness.seen == Words{"asked a", "ticked a", "ticked a", "paused"});
  CHECK(loop.journal.fold().questions.begin()->second.ticked == std::set<std::int64_t>{0, 1});
}

TEST_CASE("an answer to an engine that died is taken up by the next") {
  DrivenRun loop(by_hand);
  CHECK(loop.run().end.state == "waiting");
  const std::string question = loop.state.open_question("a")->id;
  loop.journal.given.push_back(
      {question, "confirm", "bob", "", 0, object({{"outputs", object({{"name", "web"}, {"size", 1}})}})});
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.performer.told_of == Words{"act b"});
}

TEST_CASE("an answer of others that is not whole is turned away, and the matter is asked anew") {
  DrivenRun loop(by_hand);
  loop.run();
  const std::string first = loop.state.open_question("a")->id;
  loop.journal.given.push_back({loop.state.open_question("a")->id, "confirm", "bob", "", 0, Value()});
  CHECK(loop.resume().end.state == "waiting");
  CHECK(loop.state.open_question("a")->id != first);
  CHECK(loop.state.questions.at(first).choice == turned_away);
  CHECK(loop.state.of("a").answered_by == "");
}
