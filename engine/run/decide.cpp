#include "run/decide.h"

#include <fmt/format.h>

#include <algorithm>

#include "run/needed_secret.h"
#include "run/questions.h"
#include "run/step_decider.h"
#include "run/undo.h"
#include "run/walk.h"

namespace runbook {

namespace {

std::string after_comma(const std::string& text) { return text.empty() ? text : ", " + text; }

class Decider {
 public:
  explicit Decider(Turn& turn) : turn_(turn) {}

  void decide() {
    if (closes_what_need_not_be_asked()) return;
    const bool is_left = turn_.limits.is_cancelling || turn_.state.is_cancelling;
    if (turn_.state.is_undoing) return is_left ? give_up_undo() : undo();
    if (is_left) return leave();
    const Progress progress = Walk(turn_).run(onward());
    if (progress == Progress::stopped) pause();
    if (progress == Progress::done && turn_.decision.events.empty()) finish();
  }

 private:
  Way onward() const {
    const Limits& limits = turn_.limits;
    if (limits.is_pausing) return {Way::Mode::halting, "stopped by " + limits.who};
    if (is_halted(limits, turn_.state)) return {Way::Mode::halting, fmt::format("stopped behind `{}`", limits.stops_after)};
    return {};
  }

  void finish() {
    const RunFacts& facts = turn_.facts;
    const RunScope scope(facts, turn_.state, turn_.values);
    Map outputs;
    try {
      for (const auto& [name, text] : facts.runbook->outputs) outputs.emplace_back(name, text.text.evaluate(scope));
    } catch (const ExpressionError& error) {
      turn_.decision.end = End{
          "failed", fmt::format("every step is done, but the outputs of the runbook can't be given: {}", error.what()), "", {}};
      return;
    }
    turn_.decision.end = End{"succeeded", "", "", outputs.empty() ? Value() : Value(std::move(outputs))};
  }

  Value who_and_why() const {
    const Value body = object({{"who", turn_.limits.who}});
    return turn_.limits.because.empty() ? body : with(body, "because", turn_.limits.because);
  }

  // What runs is ended, then `finally` of all that was entered runs.
  void leave() {
    if (!turn_.state.is_cancelling) return turn_.propose(Proposal(event::cancelling, "", who_and_why()));
    const Progress progress = Walk(turn_).run(given_up_);
    if (progress == Progress::stopped) pause();
    if (progress != Progress::done || !turn_.decision.events.empty()) return;
    const std::string& as = turn_.state.leaves_as;
    turn_.decision.end =
        as.empty() ? End{"cancelled", "cancelled by " + turn_.limits.who, "", Value()} : End{as, all_but(), "", Value()};
  }

  std::string all_but() const { return all_but_what_is_gone(turn_.facts, turn_.state, turn_.values); }

  // What has begun of it comes to its end; then the run is left as any other.
  void give_up_undo() {
    const auto next = next_to_undo(turn_.facts, turn_.state, turn_.values);
    if (next && is_just_undone(*next)) return;
    if (next && decide_step(turn_, *next->undo, given_up_) != Progress::done) return;
    turn_.propose(Proposal(event::undo_ended, "", object({{"why", given_up_.why}})));
  }

  bool is_just_undone(const UndoEntry& entry) {
    if (!is_done(turn_.state.of(entry.undo->id).state)) return false;
    for (Proposal& each : undone(turn_.facts, turn_.state, turn_.values, entry)) turn_.propose(std::move(each));
    return true;
  }

  // What really ran, in reverse.
  void undo() {
    if (const auto doubtful = first_in_doubt()) {
      if (decide_step(turn_, *doubtful, onward()) == Progress::stopped) pause();
      return;
    }
    const auto next = next_to_undo(turn_.facts, turn_.state, turn_.values);
    if (!next) return end_undo();
    if (is_just_undone(*next)) return;
    if (decide_step(turn_, *next->undo, onward()) == Progress::stopped) pause();
  }

  // What ran is looked at once its secret has been given again; whoever gives it may have something to ask meanwhile.
  bool closes_what_need_not_be_asked() {
    const Instances instances(turn_.facts, turn_.state, turn_.values);
    for (const auto& [id, question] : turn_.state.questions) {
      if (!question.is_open || unseen_question(turn_.state, question.instance) != &question) continue;
      const auto step = instances.find(question.instance);
      if (!step || !is_secret_to_come(turn_.facts, turn_.state, turn_.values, *step)) continue;
      for (Proposal& each : close_unseen(turn_.state, question, "its secret is to be given again"))
        turn_.propose(std::move(each));
    }
    return !turn_.decision.events.empty();
  }

  // A run that was cancelled may have left one.
  std::optional<Instance> first_in_doubt() const {
    for (const auto& [name, it] : turn_.state.instances) {
      if ((it.state != StepState::in_doubt && !unseen_question(turn_.state, name)) || is_undo(name)) continue;
      if (auto step = Instances(turn_.facts, turn_.state, turn_.values).find(name)) return step;
    }
    return std::nullopt;
  }

  void end_undo() {
    const RunState& state = turn_.state;
    const bool is_whole = state.undo_to.empty();
    if (is_whole && !state.was_left_before && has_cleanup()) {
      const Value body = object({{"why", "all that could be is undone"}, {"leaves", "undone"}});
      return turn_.propose(Proposal(event::undo_ended, "", body));
    }
    if (is_whole || state.was_left_before) {
      const std::string why = is_whole ? all_but() : fmt::format("undone back to `{}`", state.undo_to) + after_comma(all_but());
      turn_.decision.end = End{"undone", why, "", Value()};
      return;
    }
    const std::string why = fmt::format("undone back to `{}`{}; going on does it anew", state.undo_to, after_comma(all_but()));
    turn_.propose(Proposal(event::undo_ended, "", object({{"why", why}})));
    turn_.decision.end = End{"interrupted", why, "", Value()};
  }

  // Whether leaving the run has anything to do. Nothing is decided by asking.
  bool has_cleanup() {
    Turn trial{turn_.facts, turn_.state, turn_.live, turn_.values, turn_.now_ms, turn_.limits};
    return Walk(trial).run(given_up_) != Progress::done || !trial.decision.events.empty();
  }

  // Of all that holds it up, what matters most.
  void pause() {
    const auto weight = [](const End& end) {
      return end.state == "in_doubt" ? 3 : end.state == "failed" ? 2 : end.state == "waiting" ? 1 : 0;
    };
    const auto worst = std::max_element(turn_.stops.begin(), turn_.stops.end(),
                                        [&](const End& a, const End& b) { return weight(a) < weight(b); });
    if (worst != turn_.stops.end() && turn_.decision.events.empty()) turn_.decision.end = *worst;
  }

  const Way given_up_{Way::Mode::leaving, "the run is cancelled", true, true};
  Turn& turn_;
};

}  // namespace

Decision decide(const RunFacts& facts, const RunState& state, const Live& live, StoredValues& values, std::int64_t now_ms,
                const Limits& limits) {
  Turn turn{facts, state, live, values, now_ms, limits};
  Decider(turn).decide();
  return std::move(turn.decision);
}

std::vector<std::string> what_holds_up(const RunFacts& facts, const RunState& state, StoredValues& values, Reach reach) {
  const Live live;
  const Limits limits;
  Turn turn{facts, state, live, values, 0, limits};
  std::vector<std::string> instances;
  if (state.is_undoing) {
    if (const auto next = next_to_undo(facts, state, values)) instances.push_back(next->undo->id);
    return instances;
  }
  const auto mode = state.is_cancelling ? Way::Mode::leaving : Way::Mode::halting;
  Walk(turn).run({.mode = mode,
                  .why = "",
                  .ends_running = state.is_cancelling,
                  .leaves_run = state.is_cancelling,
                  .sees_all = reach == Reach::all});
  for (const End& stop : turn.stops) instances.push_back(stop.instance);
  return instances;
}

}  // namespace runbook
