#include "run/questions.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string steps = "- {id: a, title: Drop it, shell: one, effect: irreversible}\n- {id: b, shell: two}\n";

// A story with that question open.
struct Asked : Story {
  Asked() : Story(steps) {}
  const Question& doubt() {
    record(Proposal(event::intent, "b", {}, 4));
    record(Proposal(event::doubted, "b", object({{"why", "the host was started anew"}}), 4));
    record(ask_doubt(state, *facts.runbook->find("b"), "done_when says no"));
    return *state.open_question("b");
  }
  const Question& approval() {
    record(ask_approval(state, *facts.runbook->find("a"), "what it would do"));
    return *state.open_question("a");
  }
};

Answer given(const Question& question, const std::string& choice, Value fields = {}) {
  return {question.id, choice, "ada", "she looked", 0, std::move(fields)};
}

std::vector<std::string> kinds_of(const std::vector<Proposal>& proposals) {
  std::vector<std::string> kinds;
  for (const auto& proposal : proposals) kinds.push_back(proposal.event.kind);
  return kinds;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the phrase of an approval is the title, and must be typed exactly") {
  Asked story;
  const Question& question = story.approval();
  CHECK(question.phrase == "Drop it");
  CHECK(question.text == "`a` can't be undone. To go on, type: Drop it");
  CHECK(why_not_a_choice(question, given(question, "approve", object({{"phrase", "Drop it"}}))) == "");
  for (const char* wrong : {"drop it", "Drop it ", "", "yes"})
    CHECK(why_not_a_choice(question, given(question, "approve", object({{"phrase", wrong}}))) ==
          "the phrase does not fit; type exactly: Drop it");
  CHECK(why_not_a_choice(question, given(question, "approve")) != "");
  CHECK(approval_phrase(*story.facts.runbook->find("b")) == "b");
}

TEST_CASE("a choice that is not offered is refused with those that are") {
  Asked story;
  const Question& question = story.doubt();
  CHECK(why_not_a_choice(question, given(question, "perhaps")) == "`perhaps` is not one of: done, not-done, retry");
}

TEST_CASE("a question about a doubt names its attempt, what is known and what was seen") {
  Asked story;
  const Question& question = story.doubt();
  CHECK(question.id == "b/doubt/4");
  CHECK(question.text == "Did `b` take effect? the host was started anew. Looked, and done_when says no.");
}

TEST_CASE("an approval is asked once a group") {
  Asked story;
  CHECK(story.approval().id == "a/approval/1");
  story.record(Proposal(event::renewed, "a"));
  CHECK(story.approval().id == "a/approval/2");
}

TEST_CASE("what an id named once it never names again, though the step is begun anew or has the name of another") {
  Asked story;
  const Step& a = *story.facts.runbook->find("a");
  std::set<std::string> ids;
  const auto asks = [&](const Proposal& asked) {
    story.record(asked);
    const std::string id = story.state.open_question("a")->id;
    CHECK(ids.insert(id).second);
    story.record(Proposal(event::answered, "a", object({{"question", id}, {"choice", "any"}})));
  };
  const auto asks_all = [&] {
    for (int i = 0; i < 2; ++i) asks(ask_about_files(story.state, a, {{}, {{"/book/run.sh", "5a24"}}}));
    asks(ask_for_code(story.state, a, "of-ada"));
    asks(ask_manual(story.state, a, Value()));
    asks(ask_approval(story.state, a, "what it would do"));
    asks(ask_about_failure(story.state, a));
  };
  asks_all();
  story.record(Proposal(event::renewed, "a"));
  asks_all();
  story.record(Proposal(event::adopted, "", object({{"renamed", object({{"a", "former"}})}})));
  REQUIRE(story.of("a").group == 1);
  asks_all();
}

TEST_CASE("an answer is recorded with who gave it and why, before what follows from it") {
  Asked story;
  const Question question = story.doubt();
  auto done = answer(story.state, question, given(question, "done", object({{"ip", "10.0.0.1"}})));
  CHECK(kinds_of(done) == Names{"answered", "ended"});
  CHECK(done[0].event.body ==
        object({{"who", "ada"}, {"because", "she looked"}, {"question", "b/doubt/4"}, {"choice", "done"}}));
  CHECK(done[1].event.attempt == 4);
  REQUIRE(done[1].blobs.size() == 1);
  CHECK(done[1].blobs[0].second == R"({"ip":"10.0.0.1"})");
  auto not_done = answer(story.state, question, given(question, "not-done"));
  CHECK(kinds_of(not_done) == Names{"answered", "ended"});
  CHECK(not_done[1].event.body.text_or("result", "") == "failed");
  CHECK(kinds_of(answer(story.state, question, given(question, "retry"))) == Names{"answered", "ended", "renewed"});
}

TEST_CASE("an approval sets nothing in motion but itself") {
  Asked story;
  const Question question = story.approval();
  CHECK(kinds_of(answer(story.state, question, given(question, "approve"))) == Names{"answered"});
}
