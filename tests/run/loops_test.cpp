// Loops: their items, batches and bounds, and how they are called.
#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A loop with these keys over the steps a and b.
std::string loop(const std::string& keys) {
  return "- {section: L, as: x, " + keys + ", steps: [{id: a, shell: one}, {id: b, shell: two}]}\n";
}
std::string one_step(const std::string& keys) {
  return "- {section: L, as: x, " + keys + ", steps: [{id: a, shell: one}]}\n- {id: z, shell: last}\n";
}

// A loop over what an input holds.
Story over(const std::string& list, const std::string& keys = "") {
  return Story(facts_of(runbook_of("runbook: x\ninputs: {list: {type: list}}\nsteps:\n" +
                                   one_step("for_each: $inputs.list" + (keys.empty() ? "" : ", " + keys))),
                        object({{"list", *try_parse_json(list)}})));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the items of a loop come one after the other, each with all its steps") {
  Story story(loop("for_each: [p, q]"));
  CHECK(story.turn() == "section_entered 1; intent a[p]; act a[p]");
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; intent b[p]; act b[p]");
  CHECK(story.ends("b[p]", exits(0)) == "ended b[p] succeeded; intent a[q]; act a[q]");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent b[q]; act b[q]");
  CHECK(story.ends("b[q]", exits(0)) == "ended b[q] succeeded; end succeeded");
}

TEST_CASE("no more items are at work than concurrency says, and the next begins when one is done") {
  Story story(one_step("for_each: [p, q, r, s], concurrency: 2"));
  CHECK(story.turn() == "section_entered 1; intent a[p]; intent a[q]; act a[p]; act a[q]");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent a[r]; act a[r]");
  story.comes_in("a[p]", exits(0));
  story.comes_in("a[r]", exits(0));
  CHECK(story.turn() == "ended a[p] succeeded; ended a[r] succeeded; intent a[s]; act a[s]");
  CHECK(story.ends("a[s]", exits(0)) == "ended a[s] succeeded; intent z; act z");
}

TEST_CASE("a batch begins when all of the last one are done, whatever the concurrency") {
  Story story(one_step("for_each: [p, q, r, s, t], concurrency: 5, batch: [1, 2]"));
  CHECK(story.turn() == "section_entered 1; intent a[p]; act a[p]");
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; intent a[q]; intent a[r]; act a[q]; act a[r]");
  CHECK(story.ends("a[r]", exits(0)) == "ended a[r] succeeded");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent a[s]; intent a[t]; act a[s]; act a[t]");
}

TEST_CASE("batches are recorded as sizes: percentages are rounded up, the last repeats, what is left is the end") {
  const auto batches = [](const std::string& given) {
    Story story(one_step("for_each: [1, 2, 3, 4, 5, 6, 7], batch: " + given));
    story.turn();
    std::string sizes;
    for (const std::int64_t size : story.state.section("1")->batches) sizes += std::to_string(size) + " ";
    return sizes;
  };
  CHECK(batches("[1, 25%, 100%]") == "1 2 4 ");
  CHECK(batches("3") == "3 3 1 ");
  CHECK(batches("50%") == "4 3 ");
  CHECK(batches("1%") == "1 1 1 1 1 1 1 ");
  CHECK(batches("[2, 1]") == "2 1 1 1 1 1 ");
  CHECK(batches("100") == "7 ");
}

TEST_CASE("an item that fails stops the loop, and those at work come to the end of their step") {
  Story story(loop("for_each: [p, q, r], concurrency: 2"));
  story.turn();
  CHECK(story.ends("a[p]", exits(1)) == "ended a[p] failed");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; end failed");
  REQUIRE(story.end);
  CHECK(story.end->instance == "a[p]");
  CHECK(story.of("a[r]").state == StepState::pending);
  CHECK(story.crashes_and_resumes() == "renewed a[p] resume; intent a[p]; intent b[q]; act a[p]; act b[q]");
}

TEST_CASE("an item that a loop bears is left where it failed, and the next begins") {
  Story story(loop("for_each: [p, q, r], max_failures: 1"));
  story.turn();
  CHECK(story.ends("a[p]", exits(1)) == "ended a[p] failed; section_failed 1[p]; skipped b[p]; intent a[q]; act a[q]");
  CHECK(story.body_of(event::section_failed).text_or("why", "") == "`a[p]` failed; up to 1 of a batch may fail");
  CHECK(story.of("b[p]").why == "`a[p]` failed");
  CHECK(story.ends("a[q]", exits(1)) == "ended a[q] failed; end failed");
  CHECK(story.crashes_and_resumes() == "renewed a[q] resume; intent a[q]; act a[q]");
  CHECK(story.of("a[p]").state == StepState::failed);
}

TEST_CASE("max_failures counts within a batch") {
  Story story(one_step("for_each: [p, q, r, s], batch: 2, max_failures: 1"));
  story.turn();
  CHECK(story.ends("a[p]", exits(1)) == "ended a[p] failed; section_failed 1[p]; intent a[q]; act a[q]");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent a[r]; act a[r]");
  CHECK(story.ends("a[r]", exits(1)) == "ended a[r] failed; section_failed 1[r]; intent a[s]; act a[s]");
  CHECK(story.ends("a[s]", exits(1)) == "ended a[s] failed; end failed");
}

TEST_CASE("max_failures as a percentage is of the batch, rounded down") {
  Story story(one_step("for_each: [1, 2, 3, 4, 5], batch: [1, 4], max_failures: 50%, concurrency: 4"));
  story.turn();
  CHECK(story.ends("a[1]", exits(0)) ==
        "ended a[1] succeeded; intent a[2]; intent a[3]; intent a[4]; intent a[5]; act a[2]; act a[3]; act a[4]; act a[5]");
  CHECK(story.ends("a[2]", exits(1)) == "ended a[2] failed; section_failed 1[2]");
  CHECK(story.ends("a[3]", exits(1)) == "ended a[3] failed; section_failed 1[3]");
  CHECK(story.ends("a[4]", exits(1)) == "ended a[4] failed");
  CHECK(story.ends("a[5]", exits(0)) == "ended a[5] succeeded; end failed");
  Story canary(one_step("for_each: [1, 2], batch: [1], max_failures: 50%"));
  canary.turn();
  CHECK(canary.ends("a[1]", exits(1)) == "ended a[1] failed; end failed");
}

TEST_CASE("more failures in one turn than the loop bears are borne by none") {
  Story story(one_step("for_each: [p, q, r], concurrency: 3, max_failures: 1"));
  story.turn();
  story.comes_in("a[p]", exits(1));
  story.comes_in("a[q]", exits(1));
  CHECK(story.turn() == "ended a[p] failed; ended a[q] failed");
  CHECK(story.ends("a[r]", exits(0)) == "ended a[r] succeeded; end failed");
  CHECK(story.crashes_and_resumes() ==
        "renewed a[p] resume; renewed a[q] resume; intent a[p]; intent a[q]; act a[p]; act a[q]");
}

TEST_CASE("a borne failure is not done anew when the run is resumed, and counts as before") {
  Story story(one_step("for_each: [p, q, r], max_failures: 1"));
  story.turn();
  story.ends("a[p]", exits(1));
  CHECK(story.crashes_and_resumes() == "takes up act a[q]");
  CHECK(story.ends("a[q]", exits(1)) == "ended a[q] failed; end failed");
}

TEST_CASE("what a loop bears it bears also when the run was paused before it was said") {
  Story story(one_step("for_each: [p, q], max_failures: 1"));
  story.turn();
  story.pauses();
  CHECK(story.ends("a[p]", exits(1)) == "ended a[p] failed; end interrupted");
  CHECK(story.crashes_and_resumes() == "section_failed 1[p]; intent a[q]; act a[q]");
}

TEST_CASE("an item in doubt holds up the run when all others are through") {
  Story story(one_step("for_each: [p, q, r], concurrency: 2"));
  story.turn();
  CHECK(story.ends("a[p]", is_lost()) == "doubted a[p]; asked a[p] doubt");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent a[r]; act a[r]");
  CHECK(story.ends("a[r]", exits(0)) == "ended a[r] succeeded; end in_doubt");
  CHECK(story.answered("a[p]", "done") == "answered a[p] done; ended a[p] succeeded; intent z; act z");
}

TEST_CASE("keys with odd characters name their items, one and the same before and after a crash") {
  Story story = over(R"(["a/b", "[x]", "%", "a b", "ü", "%5b"])", "concurrency: 6");
  CHECK(story.turn() ==
        "section_entered 1; intent a[a/b]; intent a[%5bx%5d]; intent a[%25]; intent a[a b]; intent a[ü]; intent a[%255b]; "
        "act a[a/b]; act a[%5bx%5d]; act a[%25]; act a[a b]; act a[ü]; act a[%255b]");
  story.crashes_and_resumes();
  for (const char* name : {"a[a/b]", "a[%5bx%5d]", "a[%25]", "a[a b]", "a[ü]", "a[%255b]"}) {
    CAPTURE(name);
    REQUIRE(story.live.of(name).running);
    CHECK(story.live.of(name).running->step.frame->key == story.live.of(name).running->step.frame->item.as_text());
  }
}

TEST_CASE("a list that is null, empty or no list stops before the first item, and says why") {
  const auto why = [](const std::string& list) {
    Story story = over(list);
    CHECK(story.turn() == "end failed");
    return story.end_why();
  };
  CHECK(why("null") == "`for_each` of section `L`: the list is null; if that may be, say `empty: ok`");
  CHECK(why("[]") == "`for_each` of section `L`: the list is empty; if that may be, say `empty: ok`");
  CHECK(has(why("\"p q\""), "it gives a string, not a list"));
  CHECK(has(why(R"({"p": 1})"), "it gives a"));
}

TEST_CASE("a list that may be empty is gone by") {
  for (const char* list : {"[]", "null"}) {
    Story story = over(list, "empty: ok");
    CHECK(story.turn() == "section_entered 1; intent z; act z");
  }
}

TEST_CASE("keys that do not tell the items apart stop before the first item") {
  const auto why = [](const std::string& list, const std::string& keys = "") {
    Story story = over(list, keys);
    CHECK(story.turn() == "end failed");
    return story.end_why();
  };
  CHECK(has(why(R"(["p", "q", "p"])"), "items 1 and 3 have the same key, `p`"));
  CHECK(has(why(R"([1, "1"])"), "items 1 and 2 have the same key, `1`"));
  CHECK(has(why(R"([{"name": "p"}])"), "say what tells the items apart, as text: `key: $x.name`"));
  CHECK(has(why(R"([{"name": "p"}, {}])", "key: $x.name"), "item 2 has a null as its key"));
  CHECK(has(why(R"([null])"), "item 1 has a null as its key"));
  CHECK(has(why(R"([["p"]])"), "as its key"));
  CHECK(has(why(R"([""])"), "the key of item 1 has 0 characters; 1 to 200 are allowed"));
  CHECK(has(why("[\"" + std::string(201, 'k') + "\"]"), "the key of item 1 has 201 characters"));
}

TEST_CASE("a list that failed to be one is looked at again on resume") {
  Story story = over("[]");
  story.turn();
  story.facts.inputs = object({{"list", List{"p"}}});
  CHECK(story.crashes_and_resumes() == "section_entered 1; intent a[p]; act a[p]");
}

TEST_CASE("items that are maps have the key that is said") {
  Story story = over(R"([{"name": "p", "port": 1}, {"name": "q", "port": 2}])", "key: $x.name, concurrency: 2");
  CHECK(story.turn() == "section_entered 1; intent a[p]; intent a[q]; act a[p]; act a[q]");
}

TEST_CASE("the list is that of the beginning, also when the world has changed before the resume") {
  Story story = over(R"(["p", "q"])");
  story.turn();
  story.facts.inputs = object({{"list", List{"r", "q", "p"}}});
  CHECK(story.crashes_and_resumes() == "takes up act a[p]");
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; intent a[q]; act a[q]");
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; intent z; act z");
}

TEST_CASE("a crash in the middle of a batch goes on with the rest of that batch") {
  Story story(one_step("for_each: [p, q, r, s], batch: 2, concurrency: 2"));
  story.turn();
  story.ends("a[q]", exits(0));
  CHECK(story.crashes_and_resumes() == "takes up act a[p]");
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; intent a[r]; intent a[s]; act a[r]; act a[s]");
}

TEST_CASE("loops nest, and an inner list may come of the outer item") {
  Story nested(facts_of(
      runbook_of("runbook: x\ninputs: {list: {type: list}}\nsteps:\n"
                 "- {section: O, for_each: $inputs.list, as: x, key: '$x[0]', concurrency: 2, steps: [{section: I, for_each: "
                 "$x, as: y, steps: [{id: a, shell: one}]}, {id: b, shell: two}]}\n"),
      object({{"list", *try_parse_json(R"([["p", "q"], ["r"]])")}})));
  CHECK(nested.turn() ==
        "section_entered 1; section_entered 1.1[p]; section_entered 1.1[r]; intent a[p][p]; intent a[r][r]; "
        "act a[p][p]; act a[r][r]");
  CHECK(nested.ends("a[r][r]", exits(0)) == "ended a[r][r] succeeded; intent b[r]; act b[r]");
  CHECK(nested.ends("a[p][p]", exits(0)) == "ended a[p][p] succeeded; intent a[p][q]; act a[p][q]");
  CHECK(nested.ends("a[p][q]", exits(0)) == "ended a[p][q] succeeded; intent b[p]; act b[p]");
  nested.ends("b[p]", exits(0));
  CHECK(nested.ends("b[r]", exits(0)) == "ended b[r] succeeded; end succeeded");
}

TEST_CASE("an outer loop bears what an inner one does not") {
  Story story(
      "- {section: O, for_each: [p, q], as: x, max_failures: 1, steps: [{section: I, for_each: [1, 2], as: y, steps: [{id: a, "
      "shell: one}]}, {id: b, shell: two}]}\n");
  story.turn();
  CHECK(story.ends("a[p][1]", exits(1)) ==
        "ended a[p][1] failed; section_failed 1[p]; skipped b[p]; section_entered 1.1[q]; intent a[q][1]; act a[q][1]");
}

TEST_CASE("behind a loop its items are seen with key, state and outputs") {
  Story story(
      "- {section: L, for_each: [p, q, r], as: x, max_failures: 1, steps: [{id: a, shell: one, outputs: {out: stdout}}]}\n"
      "- {id: z, exec: [echo, '${{ to_json($steps.a.items) }}']}\n");
  story.turn();
  story.ends("a[p]", exits(0, "P"));
  story.ends("a[q]", exits(1));
  story.ends("a[r]", exits(0, "R"));
  REQUIRE(story.state.of("z").state == StepState::running);
  CHECK(has(story.blobs.at(story.state.of("z").request), R"({\"out\":\"P\",\"state\":\"succeeded\",\"key\":\"p\"})"));
  CHECK(has(story.blobs.at(story.state.of("z").request), R"({\"state\":\"failed\",\"key\":\"q\"})"));
}

TEST_CASE("inside an outer loop the items of the inner one are seen, those of this round alone") {
  Story story(
      "- {section: O, for_each: [p, q], as: x, steps: [{section: I, for_each: [1, 2], as: y, steps: [{id: a, shell: one, "
      "outputs: {out: stdout}}]}, {id: b, exec: [echo, \"${{ join(' ', $steps.a.items[].out) }}\"]}]}\n");
  story.turn();
  story.ends("a[p][1]", exits(0, "A"));
  story.ends("a[p][2]", exits(0, "B"));
  CHECK(has(story.blobs.at(story.state.of("b[p]").request), "\"A B\""));
  story.ends("b[p]", exits(0));
  story.ends("a[q][1]", exits(0, "C"));
  story.ends("a[q][2]", exits(0, "D"));
  CHECK(has(story.blobs.at(story.state.of("b[q]").request), "\"C D\""));
}

TEST_CASE("a loop in a section that is skipped is not gone through") {
  Story story("- {section: O, when: 1 == 2, steps: [{section: L, for_each: [p], as: x, steps: [{id: a, shell: one}]}]}\n");
  CHECK(story.turn() == "section_skipped 1; section_skipped 1.1; end succeeded");
}

TEST_CASE("a loop whose when is false is skipped, and its list is not looked at") {
  Story story = over("null", "when: 1 == 2");
  CHECK(story.turn() == "section_skipped 1; intent z; act z");
}

TEST_CASE("a pause in a loop begins no next item") {
  Story story(one_step("for_each: [p, q]"));
  story.turn();
  story.pauses();
  CHECK(story.ends("a[p]", exits(0)) == "ended a[p] succeeded; end interrupted");
  CHECK(story.crashes_and_resumes() == "intent a[q]; act a[q]");
}

TEST_CASE("a cancel in a loop ends what runs and begins no next item") {
  Story story(one_step("for_each: [p, q, r], concurrency: 2"));
  story.turn();
  CHECK(story.is_cancelled() == "cancelling; cancel a[p]; cancel a[q]");
  story.ends("a[p]", is_stopped());
  CHECK(story.ends("a[q]", exits(0)) == "ended a[q] succeeded; end cancelled");
}

TEST_CASE("rescue and finally of a loop come once, without its item") {
  Story story(
      "- {section: L, for_each: [p, q], as: x, steps: [{id: a, shell: one}], rescue: [{id: r, shell: two}], finally: [{id: f, "
      "shell: three}]}\n");
  story.turn();
  CHECK(story.ends("a[p]", exits(1)) == "ended a[p] failed; section_failed 1; intent r; act r");
  CHECK(story.ends("r", exits(0)) == "ended r succeeded; intent f; act f");
  CHECK(story.ends("f", exits(0)) == "ended f succeeded; end succeeded");
  CHECK(story.of("a[q]").state == StepState::pending);
}
