// What becomes of a run whose runbook has changed.
#include "run/reconcile.h"

#include <doctest/doctest.h>

#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

using Kind = StepChange::Kind;

// A run of `before` in which these steps have these states; its file now reads `now`.
struct Changed {
  Changed(const std::string& before_steps, const std::string& now_steps, const std::map<std::string, StepState>& states)
      : before(facts_of(steps_only(before_steps)).runbook), now(facts_of(steps_only(now_steps)).runbook) {
    for (const auto& [id, step_state] : states) {
      state.instances[id].state = step_state;
      state.instances[id].is_open = step_state == StepState::running || step_state == StepState::in_doubt;
    }
    changes = reconcile(*before, *now, state, {});
  }

  const StepChange* of(const std::string& id) const {
    for (const StepChange& change : changes.steps)
      if (change.id == id) return &change;
    return nullptr;
  }

  std::shared_ptr<const Runbook> before, now;
  RunState state;
  Reconciliation changes;
};

const std::string a = "- {id: a, shell: one}\n", b = "- {id: b, shell: two}\n", other_b = "- {id: b, shell: other}\n";

// A step in a loop with this title.
std::string loop(const std::string& step, const std::string& title = "L") {
  return "- {section: " + title + ", for_each: [p, q], as: x, steps: [" + step + "]}\n";
}
const std::string pay = "{id: pay, shell: pay}", last = "- {id: last, shell: last}\n";

}  // namespace

TEST_CASE("only what is still to be done can change what it does") {
  using S = StepState;
  const std::map<S, bool> can_change = {{S::pending, true},    {S::failed, true},   {S::cancelled, true},
                                        {S::waiting, true},    {S::skipped, true},  {S::succeeded, false},
                                        {S::satisfied, false}, {S::running, false}, {S::in_doubt, false}};
  for (const auto& [step_state, can] : can_change) {
    const Changed changed(a + b, a + other_b, {{"b", step_state}});
    const std::string name(step_state_name(step_state));
    REQUIRE(changed.of("b"));
    INFO(name);
    CHECK(changed.of("b")->kind == Kind::deed);
    CHECK(changed.of("b")->why_not.empty() == can);
    CHECK(changed.of("b")->hint.empty() == can);
    CHECK(changed.changes.is_possible() == can);
  }
}

TEST_CASE("words may change behind what is done, and nowhere else while it runs") {
  using S = StepState;
  for (const auto& [step_state, can] : std::map<S, bool>{{S::succeeded, true}, {S::running, false}, {S::in_doubt, false}}) {
    const Changed changed(a + b, a + "- {id: b, shell: two, title: Better, note: n, hints: [{match: x, say: y}]}\n",
                          {{"b", step_state}});
    REQUIRE(changed.of("b"));
    CHECK(changed.of("b")->kind == Kind::words);
    CHECK(changed.of("b")->why_not.empty() == can);
  }
}

TEST_CASE("what reads the same is no change, however it is written") {
  const Changed changed(a + b, "- id: a  # first\n  shell: \"one\"\n" + b, {{"a", StepState::succeeded}});
  CHECK(changed.changes.is_same());
  CHECK(changed.changes.unchanged == 2);
}

TEST_CASE("a step that runs can't go away, one that is done can") {
  CHECK_FALSE(Changed(a + b, a, {{"b", StepState::running}}).changes.is_possible());
  CHECK_FALSE(Changed(a + b, a, {{"b", StepState::in_doubt}}).changes.is_possible());
  const Changed gone(a + b, a, {{"a", StepState::succeeded}, {"b", StepState::succeeded}});
  CHECK(gone.changes.is_possible());
  REQUIRE(gone.of("b"));
  CHECK(gone.of("b")->kind == Kind::removed);
}

TEST_CASE("a renamed step is the same step") {
  const Changed changed(a + b, "- {id: x, was: a, shell: one}\n" + b, {{"a", StepState::succeeded}});
  REQUIRE(changed.of("x"));
  CHECK(changed.of("x")->kind == Kind::renamed);
  CHECK(changed.of("x")->former == "a");
  CHECK(changed.of("x")->state == StepState::succeeded);
  CHECK_FALSE(changed.of("a"));
  CHECK(changed.changes.renamed == std::map<std::string, std::string>{{"a", "x"}});
}

TEST_CASE("a name that is known already is not taken for a renaming once more") {
  const std::string x = "- {id: x, was: a, shell: one}\n";
  const Changed changed(x + b, x + other_b, {{"x", StepState::succeeded}});
  CHECK(changed.changes.renamed.empty());
  CHECK_FALSE(changed.of("x"));
}

TEST_CASE("a step is behind when it is new before what has begun, not when it is new before what failed") {
  const std::string fresh = "- {id: fresh, shell: three}\n";
  CHECK(Changed(a + b, fresh + a + b, {{"a", StepState::succeeded}}).of("fresh")->is_behind);
  CHECK_FALSE(Changed(a + b, a + fresh + b, {{"a", StepState::succeeded}, {"b", StepState::failed}}).of("fresh")->is_behind);
  CHECK(Changed(a + b, a + fresh + b, {{"a", StepState::succeeded}, {"b", StepState::running}}).of("fresh")->is_behind);
}

TEST_CASE("a step that moves before what has begun is behind, one that was there before is not") {
  const std::string c = "- {id: c, shell: three}\n";
  const Changed moved(a + b + c, c + a + b, {{"a", StepState::succeeded}});
  REQUIRE(moved.of("c"));
  CHECK(moved.of("c")->is_behind);
  const Changed renewed(a + b + c, a + b + "- {id: c, shell: other}\n", {{"b", StepState::succeeded}});
  CHECK_FALSE(renewed.of("a"));
}

TEST_CASE("another id for the same deed is told from a new step") {
  const Changed twin(a + b, "- {id: x, shell: one}\n" + b, {{"a", StepState::succeeded}});
  REQUIRE(twin.of("x"));
  CHECK(twin.of("x")->twin == "a");
  CHECK(twin.of("x")->is_behind);
  CHECK(Changed(a + b, "- {id: x, shell: one}\n" + b, {}).of("x")->twin.empty());
}

TEST_CASE("order and what is around the steps are changes too") {
  CHECK(Changed(a + b, b + a, {}).changes.settings == std::vector<std::string>{"the order of steps"});
  const std::string in_section = "- {section: S, env: {X: y}, steps: [{id: a, shell: one}]}\n" + b;
  CHECK(Changed(a + b, in_section, {}).changes.settings == std::vector<std::string>{"section `S`"});
}

TEST_CASE("a step in a loop is judged by all that the loop made of it") {
  using S = StepState;
  const std::map<S, bool> can_change = {{S::pending, true},  {S::failed, true},     {S::waiting, true},
                                        {S::skipped, true},  {S::succeeded, false}, {S::satisfied, false},
                                        {S::running, false}, {S::in_doubt, false}};
  for (const auto& [step_state, can] : can_change) {
    const Changed changed(loop(pay), loop("{id: pay, shell: other}"), {{"pay[p]", S::failed}, {"pay[q]", step_state}});
    const std::string name(step_state_name(step_state));
    INFO(name);
    REQUIRE(changed.of("pay"));
    CHECK(changed.changes.is_possible() == can);
    if (!can) CHECK(changed.of("pay")->state == step_state);
    if (!can) CHECK(changed.of("pay")->why_not.starts_with("`pay[q]` "));
  }
}

TEST_CASE("an open undo and what runs in an included runbook stand for their step") {
  const std::string undone = "- {id: a, shell: one, undo: {shell: back}}\n";
  CHECK_FALSE(Changed(undone, b, {{"a", StepState::succeeded}, {"a:undo", StepState::in_doubt}}).changes.is_possible());
  CHECK_FALSE(Changed(a, b, {{"a", StepState::succeeded}, {"a/inner[x]", StepState::running}}).changes.is_possible());
  CHECK(Changed(undone + b, b, {{"a", StepState::succeeded}}).changes.is_possible());
}

TEST_CASE("a loop's step can go away as any other, but not while something of it runs or is in doubt") {
  CHECK(Changed(loop(pay) + last, last, {{"pay[p]", StepState::succeeded}}).changes.is_possible());
  for (const StepState open : {StepState::running, StepState::in_doubt}) {
    const std::map<std::string, StepState> states = {{"pay[p]", StepState::succeeded}, {"pay[q]", open}};
    CHECK_FALSE(Changed(loop(pay) + last, last, states).changes.is_possible());
    CHECK_FALSE(Changed(loop(pay), loop("{id: pay_all, was: pay, shell: pay}"), states).changes.is_possible());
  }
}

TEST_CASE("another id for what a loop did is told from a new step") {
  const Changed twin(loop(pay) + last, loop("{id: pay_all, shell: pay}") + last,
                     {{"pay[p]", StepState::succeeded}, {"pay[q]", StepState::failed}});
  REQUIRE(twin.of("pay_all"));
  CHECK(twin.of("pay_all")->twin == "pay");
  CHECK(twin.of("pay_all")->is_behind);
  CHECK(twin.of("pay")->state == StepState::succeeded);
}

TEST_CASE("a step is behind when it is new before what has begun in a loop") {
  const Changed changed(loop(pay) + last, "- {id: fresh, shell: three}\n" + loop(pay) + last,
                        {{"pay[p]", StepState::succeeded}, {"pay[q]", StepState::failed}});
  REQUIRE(changed.of("fresh"));
  CHECK(changed.of("fresh")->is_behind);
}

TEST_CASE("what was touched keeps the loops around it: in others it would be called otherwise, and be done anew") {
  using States = std::map<std::string, StepState>;
  const States plain = {{"pay", StepState::succeeded}}, looped = {{"pay[p]", StepState::succeeded}};
  const std::string bare = "- " + pay + "\n";
  const std::string deeper =
      "- {section: O, for_each: [o], as: y, steps: [{section: L, for_each: [p, q], as: x, steps: [" + pay + "]}]}\n";
  const std::string beside = loop("{id: other, shell: other}") + loop(pay, "M");
  const auto refused = [&](const std::string& before, const std::string& now, const States& states) {
    const Changed changed(before, now, states);
    const StepChange* change = changed.of("pay");
    return change && change->kind == Kind::moved && !change->why_not.empty() && !change->hint.empty();
  };
  CHECK(refused(bare, loop(pay), plain));
  CHECK(refused(loop(pay), bare, looped));
  CHECK(refused(loop(pay), deeper, looped));
  CHECK(refused(loop(pay + ", {id: other, shell: other}"), beside, looped));
  CHECK(Changed(bare, loop(pay), {}).changes.is_possible());
  CHECK(Changed(bare, loop(pay), {{"pay", StepState::failed}}).changes.is_possible());
}

TEST_CASE("a failed step that did something keeps its loops too") {
  Changed changed("- " + pay + "\n", loop(pay), {{"pay", StepState::failed}});
  changed.state.instances["pay"].acted_seq = 7;
  CHECK_FALSE(reconcile(*changed.before, *changed.now, changed.state, {}).is_possible());
}

TEST_CASE("a loop with another title is known by its steps, and one of a finally as any") {
  const std::map<std::string, StepState> states = {{"pay[p]", StepState::succeeded}};
  CHECK(Changed(loop(pay), loop(pay, "Better"), states).changes.sections == std::map<std::string, std::string>{{"1", "1"}});
  const auto tidied = [](const std::string& tidy) {
    return "- {section: S, steps: [{id: a, shell: one}], finally: [{section: L, for_each: [p], as: x, steps: [{id: pay, shell: "
           "pay, "
           "title: " +
           tidy + "}]}]}\n";
  };
  CHECK(Changed(tidied("One"), tidied("Two"), states).changes.is_possible());
}

TEST_CASE("a step that comes back is told with what the run knows of it, and not taken for another") {
  const Changed back(b, a + b, {{"a", StepState::succeeded}, {"b", StepState::failed}});
  REQUIRE(back.of("a"));
  CHECK(back.of("a")->kind == Kind::added);
  CHECK(back.of("a")->state == StepState::succeeded);
  CHECK_FALSE(back.of("a")->is_behind);
  CHECK_FALSE(Changed(b, loop("{id: a, shell: one}") + b, {{"a", StepState::succeeded}}).changes.is_possible());
}

TEST_CASE("a step can't take the name of one that is gone") {
  const Changed changed(b, "- {id: a, was: b, shell: two}\n", {{"a", StepState::succeeded}, {"b", StepState::failed}});
  REQUIRE(changed.of("a"));
  CHECK(changed.of("a")->why_not == "the run knows another step as `a`, which is gone");
}
