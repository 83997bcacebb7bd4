// Branches write their events in whatever order they come: the state that these add up to is the same.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "base/json.h"
#include "tests/run/chance.h"
#include "tests/run/random_book.h"
#include "tests/run/tree.h"
#include "tests/run/world.h"
#include "tests/support/seed.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// Somebody and the world, by chance.
class RandomStory : public Story {
 public:
  RandomStory(RunFacts given, Chance& chance) : Story(std::move(given)), chance_(chance) {}

  void goes_on(int turns) {
    turn();
    for (; turns > 0 && !(end && end->is_left()); --turns) something_happens();
  }

 private:
  void something_happens() {
    std::set<std::string> running, asked;
    for (const auto& [id, step] : live.steps)
      if (step.running) running.insert(id);
    for (const auto& [id, question] : state.questions)
      if (question.is_open && state.of(question.instance).question == id) asked.insert(question.instance);
    if (!running.empty() && chance_.of(80)) ends(some(running), some_outcome());
    else if (!asked.empty() && chance_.of(80)) settle_question(some(asked));
    else if (end) crashes_and_resumes();
    else after(static_cast<std::int64_t>(chance_.below(40'000)));
  }
  const std::string& some(const std::set<std::string>& all) {
    auto at = all.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(chance_.below(all.size())));
    return *at;
  }
  Outcome some_outcome() {
    const std::size_t kind = chance_.below(12);
    return kind == 0 ? exits(1) : kind == 1 ? is_lost() : kind == 2 ? is_not_started() : exits(0, "v");
  }
  void settle_question(const std::string& instance) {
    const Question question = *state.open_question(instance);
    if (question.about == "doubt" || question.about == "overdue") {
      answered(instance, chance_.among(question.choices));
      return;
    }
    record(Proposal(event::skipped, instance, object({{"why", "left out"}, {"who", "ada"}, {"because", "wanted"}})));
    turn();
  }

  Chance& chance_;
};

template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? std::to_string(*value) : "-";
}

// All but the places of events in the run.
std::string shown(const InstanceState& it) {
  return fmt::format(
      "{} {} n{} {}/{} g{} {}{}{} looks {} retry {} until {} {}{}{}{}{} q {} {} {} {} {} {} by {} {} {} {} {} {} "
      "exit {} left {} {} {} {}",
      step_state_name(it.state), it.why, it.attempt, it.attempts, it.all_attempts, it.group, it.is_open, it.has_exited,
      it.is_verifying, it.looks_until_ms, shown(it.retry_at_ms), shown(it.deadline_ms), it.is_overdue, it.must_stop,
      it.is_approved, it.phrase_sha256, it.is_given_up, it.question, it.before, it.outputs, it.output, it.request, it.inputs,
      it.approved_sha256, fmt::join(it.approved_by, ","), it.evidence, it.answered_by, it.answer, it.acted_seq > 0,
      shown(it.exit_code), fmt::join(it.left, ","), it.output_total, it.started_at_ms, it.ended_at_ms);
}
std::string shown(const Question& it) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", it.instance, it.about, it.text,
                     fmt::join(it.choices, ","), it.phrase, it.form, it.form_size, it.sha256, fmt::join(it.by, ","), it.number,
                     it.count, fmt::join(it.ticked, ","), it.choice, it.answered_by, it.asked_at_ms, it.is_open);
}
std::string shown(const RunState& run) {
  std::set<std::string> lines;
  for (const auto& [name, it] : run.instances) lines.insert(fmt::format("step {}: {}", name, shown(it)));
  for (const auto& [name, it] : run.sections)
    lines.insert(fmt::format("section {}: {} {} {} {} {}", name, static_cast<int>(it.phase), it.why, it.step, it.list,
                             fmt::join(it.batches, ",")));
  for (const auto& [name, it] : run.watches)
    lines.insert(fmt::format("watch {}: {} {} {}", name, static_cast<int>(it.sight), it.why, it.since_ms));
  for (const auto& [id, it] : run.questions) lines.insert(fmt::format("question {}: {}", id, shown(it)));
  for (const Deviation& it : run.deviations)
    lines.insert(fmt::format("deviation {}: {} {} {} {}", it.instance, it.what, it.who, it.because, it.at_ms));
  return fmt::format("{} {} {} {} {} {}\n{}", run.state, run.why, run.seq, run.last_attempt, run.is_cancelling, run.is_undoing,
                     fmt::join(lines, "\n"));
}

RunState fold(std::vector<Event> events) {
  RunState state;
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].seq = static_cast<std::int64_t>(i) + 1;
    state.apply(events[i]);
  }
  return state;
}

// Neighbours that branches wrote change places, again and again. How often they did.
std::size_t shuffle(std::vector<Event>& events, const Tree& tree, Chance& chance) {
  std::size_t changes = 0;
  for (std::size_t i = 0; events.size() > 1 && i < events.size() * 30; ++i) {
    const std::size_t at = chance.below(events.size() - 1);
    Event &one = events[at], &other = events[at + 1];
    if (one.instance.empty() || other.instance.empty() || !tree.are_beside(one.instance, other.instance)) continue;
    std::swap(one, other);
    ++changes;
  }
  return changes;
}

}  // namespace

TEST_CASE("events that branches could have written in another order add up to the same") {
  const std::uint64_t first = seed();
  std::size_t changes = 0;
  for (std::uint64_t seed = first; seed < first + (is_seed_given() ? 1 : 300); ++seed) {
    Chance chance(seed);
    RunFacts facts = facts_of(runbook_of(RandomBook(chance).text()));
    RandomStory story(facts, chance);
    story.goes_on(60);
    std::vector<Event> events = story.events;
    changes += shuffle(events, Tree(*facts.runbook), chance);
    const std::string before = shown(fold(story.events)), after = shown(fold(events));
    REQUIRE_MESSAGE(before == after, "RUNBOOK_TEST_SEED=" << seed << "\n" << before << "\n\n" << after);
  }
  CHECK((is_seed_given() || changes > 1'000));
  MESSAGE("RUNBOOK_TEST_SEED=" << first << ": " << changes << " pairs of events changed places");
}
