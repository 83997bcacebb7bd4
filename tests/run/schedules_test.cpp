// Random schedules against the promise: whatever fails, dies or is lost, and whenever, an effect happens at most once unless somebody
// decided to have it done anew, and everything that is recorded is legal.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <memory>
#include <random>
#include <span>

#include "base/error.h"
#include "run/executor.h"
#include "run/manual.h"
#include "run/recovery.h"
#include "run/undo.h"
#include "tests/run/faulty_world.h"
#include "tests/run/loop.h"
#include "tests/run/random_book.h"
#include "tests/support/seed.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string every_effect =
    "runbook: fixed\nsteps:\n"
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

class Nobody : public Operator {
 public:
  void ask(const Question&) override {}
  void withdraw(const std::string&) override {}
};
class Unseen : public Observer {
 public:
  void committed(const Event&, const RunState&) override {}
  void output(const std::string&, std::string_view) override {}
  void saw(const std::string&, const std::string&) override {}
  void notice(const std::string&) override {}
};

// One run: engines and commands, one after the other, until it is left.
class Schedule {
 public:
  Schedule(RunFacts facts, std::uint64_t seed) : facts_(std::move(facts)), chance_(seed) {}

  // "" or the broken promise.
  std::string go() {
    begin();
    drive_until_left(8);
    if (oracle_.was_left() && chance_.of(20)) {
      world_.is_kind = true;
      if (is_undo_begun()) drive_until_left(4);
    }
    if (verdict().empty() && !oracle_.was_left()) return "the run does not end: " + file_.state.why;
    return verdict();
  }
  // What was recorded last, or up to where a promise was broken; a line each.
  std::string story() const {
    std::string lines;
    const std::int64_t broken_at = oracle_.broken_at();
    const std::size_t end = broken_at > 0 ? static_cast<std::size_t>(broken_at) : file_.events.size();
    const std::size_t first = end - std::min<std::size_t>(end, 400);
    for (const auto& [epoch, event] : std::span(file_.events).subspan(first, end - first))
      lines += fmt::format("{:>4} {} {} {} {} {}\n", event.seq, epoch, event.kind, event.instance, event.attempt,
                           to_json(event.body));
    return lines;
  }

 private:
  using Fate = FaultyJournal::Fate;

  std::string verdict() const { return oracle_.broken().empty() ? world_.broken() : oracle_.broken(); }

  FaultyJournal::Faults faults() {
    return {[this] { return before_commit(); },
            [this] {
              see();
              if (world_.fails_once_in(150)) throw Crash();
            }};
  }
  Fate before_commit() {
    if (world_.fails_once_in(150)) throw Crash();
    if (!is_taken_over_ && world_.fails_once_in(300)) {
      is_taken_over_ = true;  // while this engine hangs in its commit
      drive("take-over");
      is_taken_over_ = false;
    }
    if (!world_.fails_once_in(150)) return Fate::commits;
    return chance_.of(50) ? Fate::fails_without_trace : Fate::fails_but_is_there;
  }
  void see() {
    for (; seen_ < file_.events.size(); ++seen_) oracle_.see(file_.events[seen_].first, file_.events[seen_].second);
    oracle_.committed();
  }

  // So many engines have bad luck.
  void drive_until_left(int unlucky) {
    for (int engines = 0; engines < 120 && !oracle_.was_left() && verdict().empty(); ++engines) {
      world_.is_kind = engines > unlucky;
      go_on();
    }
  }
  void begin() {
    FaultyJournal journal(file_, {[] { return Fate::commits; }, [this] { see(); }});
    Event began;
    began.kind = event::run_began;
    began.body = object({{"runbook", facts_.runbook->name}, {"operator", "ada"}});
    journal.append(std::move(began));
    journal.commit();
  }

  void go_on() {
    try {
      for (std::size_t commands = chance_.below(3); commands > 0; --commands) command();
      if (world_.is_kind) help(file_.state);
      if (world_.fails(4)) is_undo_begun();
      const bool is_given_up = world_.fails(1) || is_beyond_help();
      drive(is_given_up ? "cancel" : "resume");
    } catch (const Crash&) {
    } catch (const Error&) {  // the journal failed, or another engine has taken over
    }
    world_.left_alone();
  }

  void take(FaultyJournal& journal, const std::string& how) {
    Event driven;
    driven.kind = event::driven;
    driven.body = object({{"how", how}, {"who", "ada"}, {"epoch", journal.epoch()}});
    journal.append(std::move(driven));
    journal.commit();
  }

  void drive(const std::string& how) {
    FaultyJournal journal(file_, faults());
    take(journal, how);
    RunState state = file_.state;
    Inbox inbox;
    world_.serve(inbox, journal);
    facts_.secret_outputs = std::make_shared<SecretOutputs>();
    Executor executor({facts_, journal, state, world_, nobody_, unseen_, world_, inbox},
                      std::max(state.last_attempt, world_.greatest_n()));
    const Purpose purpose = how == "cancel" ? Purpose::cancel : Purpose::go_on;
    if (purpose == Purpose::go_on) executor.recall_secrets();
    executor.recover("ada", purpose);
    Limits limits = some_limits();
    limits.is_cancelling = purpose == Purpose::cancel;
    const End end = executor.run(limits).end;
    if (end.state != "failed" || !world_.fails(5)) return;
    limits.is_cancelling = true;  // --on-failure cancel
    executor.run(limits);
  }

  Limits some_limits() {
    Limits limits;
    limits.who = "ada";
    limits.is_interactive = world_.is_kind || chance_.of(50);
    for (const Step* step : facts_.runbook->steps) {
      if (world_.is_kind || chance_.of(60)) limits.approvals[step->id] = chance_.of(90) ? approval_phrase(*step) : "yes";
      static const std::vector<Doubt> answers = {Doubt::done, Doubt::not_done, Doubt::retry};
      if (world_.fails(20)) limits.on_doubt[step->id] = chance_.among(answers);
    }
    if (world_.fails(10)) limits.stops_after = chance_.among(facts_.runbook->steps)->id;
    return limits;
  }

  // Commands between engines, as people type them; what they may not do is refused, and nothing is written.
  void command() {
    const RunState& state = file_.state;
    const std::vector<Instance> steps = instances();
    if (steps.empty()) return;
    const Instance& step = chance_.among(steps);
    const InstanceState& it = state.of(step.id);
    const Question* question = state.open_question(step.id);
    if (chance_.of(15)) file_.add(world_.some_answer());
    else if (question && chance_.of(70)) answer_by_command(state, step, *question);
    else if (it.is_open || state.is_undoing) return;
    else if (is_done(it.state) || it.state == StepState::failed) redo_or_skip(state, step);
    else if (world_.fails(5)) write(skip(step), "interrupted");
  }
  // Of what is done in a loop or beside a section nothing is done anew: whether that is reached again is another matter.
  void redo_or_skip(const RunState& state, const Instance& step) {
    if (world_.is_kind) return;
    if (!is_done(state.of(step.id).state) && chance_.of(20)) return write(skip(step), "interrupted");
    if (oracle_.tree().is_plain(step->id) && world_.fails(30)) write(redo(step), "interrupted");
  }
  // Steps and undos, but no watches.
  std::vector<Instance> instances() {
    std::vector<Instance> all = Instances(facts_, file_.state, values_).all();
    std::erase_if(all, [](const Instance& each) { return each->kind == Step::Kind::watch; });
    const std::size_t count = all.size();
    for (std::size_t i = 0; i < count; ++i)
      if (all[i]->undo && !file_.state.of(all[i].id + ":undo").question.empty()) all.emplace_back(*all[i]->undo, all[i].frame);
    return all;
  }
  // Wholly, or back to some step. false: it is refused, or there is nothing to undo.
  bool is_undo_begun() {
    const std::vector<UndoEntry> list = undo_list(facts_, file_.state, values_);
    if (file_.state.is_undoing || list.empty()) return false;
    const UndoEntry& last = chance_.among(list);
    const bool is_whole = chance_.of(50);
    const std::int64_t border = is_whole ? 0 : undo_border(file_.state, last.step.id);
    if (!why_no_undo(file_.state, list, border).why.empty()) return false;
    write(Proposal(event::undoing, "",
                   object({{"to", is_whole ? "" : last.step.id}, {"border", border}, {"who", "ada"}, {"because", "wanted"}})),
          "interrupted");
    return true;
  }
  // What can't go on without help: the step that gives what it needs is done anew, or it is left out.
  void help(const RunState& state) {
    const bool lacks_a_secret = state.why.find("runbook redo") != std::string::npos;
    if (state.is_undoing) return;
    for (const Instance& step : instances()) {
      const InstanceState& it = state.of(step.id);
      if (is_done(it.state)) continue;
      const bool is_left_out = it.state == StepState::failed && chance_.of(lacks_a_secret ? 20 : 60);
      if (is_left_out) return write(skip(step), "interrupted");
      if (!lacks_a_secret || it.state == StepState::pending) continue;
      for (const Reference& reference : step->references_to_values()) {
        const Step* source = reference.root == "steps" ? facts_.runbook->find(reference.path[0]) : nullptr;
        if (!source || !source->gives_secrets()) continue;
        const Instance giver(*source, outer_loops(step.frame, source->loops.size()));
        if (is_done(state.of(giver.id).state)) return write(redo(giver), "interrupted");
      }
    }
  }
  // What it needs to be looked at comes from a step that was left out after it: somebody wanted it so.
  bool is_beyond_help() const {
    return world_.is_kind && file_.state.why.find("can't be looked at") != std::string::npos &&
           file_.state.why.find("did not run") != std::string::npos;
  }
  static Proposal redo(const Instance& step) {
    return Proposal(event::renewed, step.id, object({{"how", "redo"}, {"who", "ada"}, {"because", "wanted"}}));
  }
  static Proposal skip(const Instance& step) {
    return Proposal(event::skipped, step.id, object({{"why", "left out by ada"}, {"who", "ada"}, {"because", "wanted"}}));
  }
  // resolve, confirm, reject, approve
  void answer_by_command(const RunState& state, const Instance& step, const Question& question) {
    const Answer given = world_.answer_to(question);
    if (!why_not_a_choice(question, given).empty() || question.about == "overdue") return;
    if (question.about == "doubt") return write(answer(state, question, given), "interrupted");
    if (question.about == "manual" && !why_not_confirmed(*step->manual, given).empty()) return;
    if (question.about != "manual" && !is_approval_by_others(question)) return;
    if (!file_.add(given) || chance_.of(20)) return;  // an engine will hear it
    write(question.about == "manual" ? answer_manual(step, question, given, world_.now_ms())
                                     : answer_approval(state, question, given, given.who),
          "interrupted");
  }
  void write(Proposal proposal, const std::string& state_after) { write(std::vector{std::move(proposal)}, state_after); }
  void write(std::vector<Proposal> proposals, const std::string& state_after) {
    FaultyJournal journal(file_, faults());
    take(journal, "command");
    for (Proposal& proposal : proposals) {
      Event event = std::move(proposal.event);
      for (const auto& [member, bytes] : proposal.blobs)
        event.body = with(event.body, member, blob_reference(journal.put(bytes), bytes.size()));
      journal.append(std::move(event));
    }
    Event paused;
    paused.kind = event::paused;
    paused.body = object({{"state", state_after}, {"why", "decided by ada"}});
    journal.append(std::move(paused));
    journal.commit();
  }

  RunFacts facts_;
  Chance chance_;
  FaultyFile file_;
  Oracle oracle_{*facts_.runbook};
  FaultyWorld world_{file_, oracle_, chance_};
  StoredValues values_{[this](const std::string& digest) { return file_.blobs.at(digest); }};
  Nobody nobody_;
  Unseen unseen_;
  std::size_t seen_ = 0;
  bool is_taken_over_ = false;
};

constexpr std::uint64_t schedules_of_a_book = 20;

// The fixed one, or one of its own; the same for schedules that follow each other.
RunFacts book_of(std::uint64_t seed) {
  Chance chance(seed / schedules_of_a_book);
  const std::string text = chance.of(10) ? every_effect : RandomBook(chance).text();
  return facts_of(runbook_of(text));
}

// Without these, a faster machine would see others.
std::uint64_t most() { return std::getenv("RUNBOOK_EXHAUST") ? std::numeric_limits<std::uint64_t>::max() : 4'000; }
std::chrono::seconds budget() {
  if (is_seed_given()) return std::chrono::seconds(0);
  return std::chrono::seconds(std::getenv("RUNBOOK_EXHAUST") ? 600 : 10);
}

}  // namespace

TEST_CASE(
    "whatever fails and whenever, no effect happens twice without a decision, all that is recorded is legal, and the run "
    "ends") {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = seed();
  std::uint64_t seed = first;
  RunFacts facts = book_of(seed);
  do {
    if (seed % schedules_of_a_book == 0) facts = book_of(seed);
    Schedule schedule(facts, seed);
    const std::string broken = schedule.go();
    REQUIRE_MESSAGE(broken.empty(), broken << "\nRUNBOOK_TEST_SEED=" << seed << "\n"
                                           << facts.runbook->source->text() << schedule.story());
    ++seed;
  } while (seed - first < most() && std::chrono::steady_clock::now() - began < budget());
  const double seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  MESSAGE(std::to_string(seed - first) << " schedules from RUNBOOK_TEST_SEED=" << first << ", "
                                       << static_cast<int>(static_cast<double>(seed - first) / seconds)
                                       << " a second of processor");
}
