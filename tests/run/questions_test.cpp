#include "run/questions.h"

#include <doctest/doctest.h>

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
    record(ask_doubt(*facts.runbook->find("b"), of("b"), "done_when says no"));
    return *state.open_question("b");
  }
  const Question& approval() {
    record(ask_approval(*facts.runbook->find("a"), of("a")));
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
