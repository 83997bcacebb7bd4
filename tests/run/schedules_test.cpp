// Random schedules against the promise: whatever fails, dies or is lost, and whenever, an effect happens at most once unless somebody
// decided to have it done anew.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/run/loop.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string every_effect =
    "- {id: plain_read, shell: r, effect: read, retry: {attempts: 2}}\n"
    "- {id: seen_read, shell: r, effect: read, done_when: {shell: look}}\n"
    "- {id: plain_idempotent, shell: i, effect: idempotent, timeout: 2s}\n"
    "- {id: seen_idempotent, shell: i, effect: idempotent, retry: {attempts: 3}, done_when: {shell: look}, verify: {shell: "
    "look}}\n"
    "- {id: plain_once, shell: o, effect: once, retry: {attempts: 2}, timeout: 4s}\n"
    "- {id: seen_once, shell: o, effect: once, retry: {attempts: 2}, done_when: {shell: look, every: 500ms, timeout: 3s}}\n"
    "- {id: deciding_once, shell: o, effect: once, done_when: {shell: look, decides: true}}\n"
    "- {id: plain_irreversible, shell: x, effect: irreversible}\n"
    "- {id: deciding_irreversible, shell: x, effect: irreversible, retry: {attempts: 2}, done_when: {shell: look, decides: "
    "true}}\n"
    "- {id: plain_manual, manual: {instructions: m, checklist: [One, Two], collect: {name: {}}}}\n"
    "- {id: seen_manual, manual: m, before: {shell: look, outputs: {seen: stdout}}, done_when: {shell: look, timeout: 2s}}\n"
    "- {id: approved_once, shell: o, effect: once, requires_approval: {count: 2}}\n"
    "- {id: approved_manual, manual: m, requires_approval: {by: [ada]}}\n";

// The engine dies.
struct Crash {};

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  bool of(int percent) { return static_cast<int>(random_() % 100) < percent; }
  std::size_t below(std::size_t count) { return random_() % count; }

 private:
  std::mt19937 random_;
};

// What really is: processes that live beside the engine, and what they have done.
class World : public Performer {
 public:
  World(const RunFacts& facts, MemoryJournal& journal, Inbox& inbox, Chance& chance)
      : facts_(facts), journal_(journal), inbox_(inbox), chance_(chance) {}

  bool is_kind = false;  // nothing goes wrong any more
  std::int64_t greatest_n = 0;
  std::string broken;  // the first broken promise

  void start(const Launch& launch) override {
    if (journal_.has_uncommitted()) broken = "launched before a commit";
    maybe_interrupt();
    if (launch.role == Role::act) return act(launch);
    Outcome seen = look(launch);
    inbox_.post(Ended{launch, seen});
  }
  void cancel(std::int64_t n) override {
    auto found = processes_.find(n);
    if (found == processes_.end() || found->second.is_told) return;  // a look, or what has ended already
    Process& process = found->second;
    process.is_told = true;
    process.outcome = is_stopped();
    inbox_.post(Ended{process.launch, process.outcome});
  }
  void acknowledge(std::int64_t) override {}
  std::vector<std::string> end_left() override { return {}; }
  std::string keep_secret(const std::filesystem::path&, std::string_view) override { return {}; }
  Recalled recall_secret(const std::filesystem::path&) override { return {}; }
  Recalled recall_secret(const std::vector<std::string>&, const std::filesystem::path&) override { return {}; }
  void is_done_by_hand(const std::string& instance) { is_done_.insert(instance); }

 private:
  struct Process {
    Launch launch;
    Outcome outcome;
    bool is_told = false;  // the engine will hear of its end
  };

  void act(const Launch& launch) {
    if (!journal_.has_intent(launch.instance, launch.n)) broken = "an act without an intent";
    if (launch.takes_up) return take_up(launch);
    if (!numbers_.insert(launch.n).second) broken = "a number used twice";
    if (fails(3)) throw Crash();  // before anything began
    greatest_n = std::max(greatest_n, launch.n);
    Outcome outcome = outcome_of_begun(launch);
    Process& process = processes_[launch.n] = {launch, outcome};
    if (fails(3)) throw Crash();  // it runs on
    if (fails(10)) return run_on();
    process.is_told = true;
    inbox_.post(Ended{launch, process.outcome});
    if (fails(3)) throw Crash();
  }
  // It takes its time: somebody loses patience, or leaves.
  void run_on() {
    using Kind = Interrupt::Kind;
    Kind kind = chance_.of(50) ? Kind::detach : Kind::pause;
    for (int i = 0; i < 2; ++i) inbox_.post(Interrupt{kind, "chance"});
  }
  // Its effect happens now, or never.
  Outcome outcome_of_begun(const Launch& launch) {
    if (fails(5)) return is_not_started();
    if (fails(10)) return exits(1);
    bool is_lost_now = fails(10);
    if (!is_lost_now || chance_.of(50)) happens(launch.instance);
    return is_lost_now ? (chance_.of(50) ? is_lost() : times_out()) : exits(0);
  }
  void happens(const std::string& instance) {
    int group = journal_.fold().of(instance).group;
    Effect effect = facts_.runbook->find(instance)->effect;
    bool is_the_second = ++effects_[{instance, group}] > 1;
    if (is_the_second && !is_repeatable(effect)) broken = "the effect of " + instance + " happened twice";
    is_done_.insert(instance);
  }
  void take_up(const Launch& launch) {
    auto found = processes_.find(launch.n);
    Outcome outcome = found == processes_.end() ? is_not_started() : fails(20) ? is_lost() : found->second.outcome;
    processes_[launch.n] = {launch, outcome, true};
    inbox_.post(Ended{launch, outcome});
  }
  Outcome look(const Launch& launch) {
    if (!numbers_.insert(launch.n).second) broken = "a number used twice";
    greatest_n = std::max(greatest_n, launch.n);
    if (fails(3)) throw Crash();
    if (fails(5)) return cannot_tell();
    return is_done_.count(launch.instance) ? yes() : no();
  }
  void maybe_interrupt() {
    using Kind = Interrupt::Kind;
    static const std::vector<Kind> kinds = {Kind::pause, Kind::pause, Kind::detach, Kind::lost};
    if (!fails(4)) return;
    Kind kind = kinds[chance_.below(kinds.size())];
    inbox_.post(Interrupt{kind, "chance"});
    if (chance_.of(50)) inbox_.post(Interrupt{kind, "chance"});
  }
  bool fails(int percent) { return !is_kind && chance_.of(percent); }

  const RunFacts& facts_;
  MemoryJournal& journal_;
  Inbox& inbox_;
  Chance& chance_;
  std::map<std::int64_t, Process> processes_;
  std::set<std::int64_t> numbers_;
  std::set<std::string> is_done_;
  std::map<std::pair<std::string, int>, int> effects_;
};

class Schedule {
 public:
  Schedule(const RunFacts& facts, unsigned seed) : facts_(facts), chance_(seed) {
    journal_.before_commit = [this] { crash_sometimes(); };
    journal_.after_commit = [this] { crash_sometimes(); };
    for (const Step* step : facts.runbook->steps) limits_.approvals[step->id] = approval_phrase(*step);
    limits_.who = "ada";
  }

  // Engine after engine, until the run is left. "" or the broken promise.
  std::string go() {
    for (int engines = 0; engines < 200 && world_.broken.empty(); ++engines) {
      world_.is_kind = engines > 20;
      if (drive()) return world_.broken;
    }
    return world_.broken.empty() ? "the run does not end: " + state_.why : world_.broken;
  }

 private:
  bool drive() {
    journal_.forget_uncommitted();
    state_ = journal_.fold();
    check_approvals();
    inbox_.wait(std::chrono::milliseconds(0));  // what was posted to the one before is lost
    decide_doubts();
    answer_people();
    Executor executor({facts_, journal_, state_, world_, nobody_, witness_, clock_, inbox_},
                      std::max(state_.last_attempt, world_.greatest_n));
    try {
      Recovery recovery = recover(facts_, state_, "ada", Purpose::go_on);
      for (auto& proposal : recovery.events) executor.record(std::move(proposal));
      for (auto& launch : recovery.taken_up) executor.take_up(std::move(launch));
      return executor.run(limits_).end.is_left();
    } catch (const Crash&) {
      return false;
    }
  }
  // A person looks at what is in doubt, between two engines.
  void decide_doubts() {
    limits_.on_doubt.clear();
    for (const Step* step : facts_.runbook->steps) {
      const Question* question = state_.open_question(step->id);
      if (!question || question->about != "doubt" || chance_.of(30)) continue;
      static const std::vector<std::string> choices = {"done", "not-done", "retry"};
      journal_.given.push_back({question->id, choices[chance_.below(3)], "ada", "she looked", 0, {}});
    }
  }
  // Somebody may have done it, or not; and answers now, later, or what does not count.
  void answer_people() {
    for (const Step* step : facts_.runbook->steps) {
      const Question* question = state_.open_question(step->id);
      if (!question || chance_.of(30)) continue;
      const bool is_manual = question->about == "manual";
      if (!is_manual && question->sha256.empty()) continue;
      if (is_manual && (world_.is_kind || chance_.of(80))) world_.is_done_by_hand(step->id);
      static const std::vector<std::string> others = {"reject", "skip", "perhaps"};
      const std::string yes = is_manual ? "confirm" : "approve";
      const std::string choice = world_.is_kind || chance_.of(70) ? yes : others[chance_.below(3)];
      const bool is_whole = world_.is_kind || chance_.of(80);
      journal_.answer(Answer{question->id, choice, "ada", is_whole ? "she looked" : "", 0,
                             is_whole ? object({{"outputs", object({{"name", "x"}})}}) : Value()});
    }
  }
  // It is known who approved what: nothing begins without.
  void check_approvals() {
    for (const Step* step : facts_.runbook->steps) {
      const InstanceState& it = state_.of(step->id);
      const bool is_begun = it.is_open || (step->manual && it.state == StepState::waiting);
      if (step->approval && is_begun && static_cast<int>(it.approved_by.size()) < step->approval->count)
        world_.broken = step->id + " began without its approval";
    }
  }
  void crash_sometimes() {
    if (!world_.is_kind && chance_.of(1)) throw Crash();
  }

  const RunFacts& facts_;
  Chance chance_;
  RunState state_;
  MemoryJournal journal_;
  Inbox inbox_;
  World world_{facts_, journal_, inbox_, chance_};
  ScriptedPerson nobody_{journal_};
  Witness witness_{journal_};
  JumpingClock clock_;
  Limits limits_;
};

unsigned first_seed() {
  const char* wanted = std::getenv("RUNBOOK_TEST_SEED");
  return wanted ? static_cast<unsigned>(std::strtoul(wanted, nullptr, 10)) : std::random_device()();
}

}  // namespace

// As many as there is time for: some hundred with sanitizers, thousands without.
TEST_CASE("whatever fails and whenever, no effect happens twice without a decision, and the run ends") {
  const RunFacts facts = facts_of(steps_only(every_effect));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (unsigned seed = first_seed(); std::chrono::steady_clock::now() < until; ++seed) {
    const std::string broken = Schedule(facts, seed).go();
    REQUIRE_MESSAGE(broken.empty(), broken << " (RUNBOOK_TEST_SEED=" << seed << ")");
  }
}
