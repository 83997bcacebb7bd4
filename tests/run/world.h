#pragma once
// A run in memory, told turn by turn: what the decider wants is recorded and launched as the executor would do it, and the story
// says how it ends. Each turn gives back what happened, as "ended a succeeded; intent b; act b".
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "book/loader.h"
#include "run/before.h"
#include "run/decide.h"
#include "run/manual.h"
#include "run/probe.h"
#include "run/questions.h"
#include "run/recovery.h"
#include "run/settle.h"
#include "run/undo.h"
#include "tests/book/world.h"

namespace runbook::testing {

// How a process ends.
inline Outcome exits(int code, const std::string& out = {}) {
  Outcome outcome;
  outcome.kind = code == 0 ? Outcome::Kind::succeeded : Outcome::Kind::failed;
  outcome.exit_code = code;
  outcome.reason = code == 0 ? "" : fmt::format("it exited with {}", code);
  outcome.result = object({{"stdout", out}, {"stderr", ""}, {"exit_code", code}});
  if (auto json = try_parse_json(out)) outcome.result = with(outcome.result, "json", *json);
  return outcome;
}
inline Outcome comes_to(Outcome::Kind kind, std::string reason) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.reason = std::move(reason);
  return outcome;
}
inline Outcome is_lost() { return comes_to(Outcome::Kind::unknown, "nobody knows how it ended"); }
inline Outcome is_not_started() { return comes_to(Outcome::Kind::not_started, "there is no such program"); }
inline Outcome times_out() { return comes_to(Outcome::Kind::timed_out, "its timeout passed and it was ended"); }
inline Outcome is_stopped() { return comes_to(Outcome::Kind::cancelled, "it was stopped"); }

// How a look by a probe ends.
inline Outcome yes(const std::string& out = {}) { return exits(0, out); }
inline Outcome no() { return exits(1); }
inline Outcome cannot_tell() { return exits(7); }

// A look of a step type that answers by itself.
inline Outcome says(Said::Answer answer, std::string sentence = {}) {
  Outcome outcome = exits(2);
  outcome.said = Said{answer, std::move(sentence)};
  return outcome;
}
inline Outcome is_hopeless(std::string sentence) {
  Outcome outcome = says(Said::Answer::no, std::move(sentence));
  outcome.said->fails = true;
  return outcome;
}

inline std::shared_ptr<const Runbook> runbook_of(const std::string& text) {
  Loaded loaded = load(text);
  REQUIRE_MESSAGE(loaded.runbook, problems_of(text));
  return loaded.runbook;
}
// Steps without a head of their own.
inline std::shared_ptr<const Runbook> steps_only(const std::string& steps) {
  return runbook_of("runbook: x\nsteps:\n" + steps);
}

inline RunFacts facts_of(std::shared_ptr<const Runbook> runbook, Value inputs = Value(Map{})) {
  RunFacts facts;
  facts.runbook = std::move(runbook);
  facts.types = &test_types();
  facts.run = "20261120-2355-k3f9";
  facts.inputs = std::move(inputs);
  facts.run_values = object({{"id", facts.run}});
  facts.dir = "/book";
  facts.vars = evaluate_vars(*facts.runbook, facts.inputs, facts.run_values);
  return facts;
}

class Story {
 public:
  explicit Story(const std::string& steps) : Story(facts_of(steps_only(steps))) {}
  explicit Story(RunFacts given)
      : facts(std::move(given)), values([this](const std::string& digest) { return blobs.at(digest); }) {
    limits.who = "ada";
  }

  RunFacts facts;
  RunState state;
  Live live;
  Limits limits;
  std::map<std::string, std::string> blobs;
  StoredValues values;
  std::vector<Event> events;
  std::vector<Launch> launches;
  std::optional<End> end;
  std::int64_t now_ms = 1'000'000;

  // Decides until there is something to wait for.
  std::string turn() {
    end.reset();
    while (true) {
      Decision decision = decide(facts, state, live, values, now_ms, limits);
      for (auto& proposal : decision.events) record(std::move(proposal));
      for (auto& launch : decision.launches) start(std::move(launch));
      if ((!decision.events.empty() || !decision.launches.empty()) && !decision.end) continue;
      for (std::int64_t n : decision.cancels) cancel(n);
      if (decision.wake_ms) tell(fmt::format("wake +{}", *decision.wake_ms - now_ms));
      if (decision.end) tell("end " + decision.end->state);
      end = decision.end;
      return std::exchange(told_, {});
    }
  }
  std::string after(std::int64_t ms) {
    now_ms += ms;
    return turn();
  }
  // What runs of the step, its act or a look, ends so.
  std::string ends(const std::string& id, const Outcome& outcome) {
    comes_in(id, outcome);
    return turn();
  }
  // The same, but more comes in before anything is decided.
  void comes_in(const std::string& id, const Outcome& outcome) {
    LiveStep& step = live.steps[id];
    REQUIRE(step.running);
    Launch launch = *std::exchange(step.running, std::nullopt);
    launch.role == Role::act ? settle_act(launch, outcome) : take_look(launch, outcome);
  }
  std::string answered(const std::string& id, const std::string& choice, Value fields = {}) {
    const Question* question = state.open_question(id);
    REQUIRE(question);
    Question copy = *question;
    Answer given{copy.id, choice, "ada", "she looked", now_ms, std::move(fields)};
    REQUIRE(why_not_a_choice(copy, given) == "");
    const auto step = Instances(facts, state, values).find(copy.instance);
    REQUIRE(step);
    const bool is_by_hand = copy.about == "manual";
    for (auto& proposal : is_by_hand ? answer_manual(*step, copy, given, now_ms) : answer(state, copy, given))
      record(std::move(proposal));
    return turn();
  }
  std::string pauses() {
    limits.is_pausing = true;
    return turn();
  }
  std::string is_cancelled() {
    limits.is_cancelling = true;
    return turn();
  }
  // Back to that step, or all of it.
  std::string is_undone(const std::string& to = "") {
    const std::int64_t border = to.empty() ? 0 : undo_border(state, to);
    REQUIRE(why_no_undo(state, undo_list(facts, state, values), border).why == "");
    record(Proposal(event::undoing, "", object({{"to", to}, {"border", border}, {"who", "ada"}})));
    return turn();
  }
  // The engine dies, and the next one takes the run up.
  std::string crashes_and_resumes(Purpose purpose = Purpose::go_on) {
    std::int64_t last_n = live.last_n;
    live = Live();
    live.last_n = last_n;
    limits.is_pausing = false;
    Recovery recovery = recover(facts, state, values, "ada", purpose);
    for (auto& proposal : recovery.events) record(std::move(proposal));
    for (auto& launch : recovery.taken_up) start(std::move(launch));
    return turn();
  }
  void record(Proposal proposal) {
    Event event = std::move(proposal.event);
    for (const auto& [member, bytes] : proposal.blobs) {
      std::string digest = sha256_hex(bytes);
      blobs[digest] = bytes;
      event.body = with(event.body, member, blob_reference(digest, bytes.size()));
    }
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    event.at_ms = now_ms;
    state.apply(event);
    if (!event.instance.empty() && event.kind != event::watched) live.steps[event.instance].forget_looks();
    if (event.kind == event::renewed || event.kind == event::undone) live.cursors.clear();
    tell(event);
    events.push_back(std::move(event));
  }

  const InstanceState& of(const std::string& id) const { return state.of(id); }
  std::string end_why() const { return end ? end->why : "it has not ended"; }
  Value outputs_of(const std::string& id) { return values.get(of(id).outputs); }
  // The last event of that kind.
  Value body_of(std::string_view kind) const {
    auto found = std::find_if(events.rbegin(), events.rend(), [&](const Event& each) { return each.kind == kind; });
    REQUIRE(found != events.rend());
    return found->body;
  }

 private:
  void tell(const std::string& what) { told_ += (told_.empty() ? "" : "; ") + what; }
  void tell(const Event& event) {
    std::string text = event.instance.empty() ? event.kind : event.kind + " " + event.instance;
    for (const char* member : {"result", "about", "choice", "how"}) {
      if (std::string word = event.body.text_or(member, ""); !word.empty()) text += " " + word;
    }
    if (event.body.bool_or("again", false)) text += " again";
    tell(text);
  }
  void start(Launch launch) {
    static const std::map<Role, std::string> words = {
        {Role::act, "act"}, {Role::before, "before"}, {Role::look, "look"}, {Role::watch, "watch"}};
    tell((launch.takes_up ? "takes up " : "") + words.at(launch.role) + " " + launch.step.id);
    live.last_n = std::max(live.last_n, launch.n);
    LiveStep& step = live.steps[launch.step.id];
    REQUIRE_FALSE(step.running);
    step.running = launch;
    step.is_cancel_sent = false;
    launches.push_back(std::move(launch));
  }
  void cancel(std::int64_t n) {
    for (auto& [id, step] : live.steps) {
      if (!step.running || step.running->n != n) continue;
      step.is_cancel_sent = true;
      tell("cancel " + id);
    }
  }
  RunScope scope_for(const Instance& step) {
    RunScope scope(facts, state, values, step.frame);
    return step->before ? scope.with_before(before_value(*step, of(step.id), live.of(step.id), values)) : scope;
  }
  void settle_act(const Launch& launch, const Outcome& outcome) {
    const Instance& step = launch.step;
    auto if_not_started = launch.takes_up || limits.is_pausing ? IfNotStarted::begins_again : IfNotStarted::stops;
    record(settle(step, of(step.id), outcome, scope_for(step), now_ms, if_not_started));
  }
  void take_look(const Launch& launch, const Outcome& outcome) {
    const Instance& step = launch.step;
    const Probe& probe = probe_asked(*step, of(step.id), launch.role);
    LiveStep& step_live = live.steps[step.id];
    Look look = judge(probe, outcome, scope_for(step));
    if (!outcome.position.empty()) step_live.position = outcome.position;
    look.n = launch.n;
    look.began_at_ms = launch.decided_at_ms;
    look.ended_at_ms = now_ms;
    step_live.saw(launch.role, probe, std::move(look));
  }

  std::string told_;
};

}  // namespace runbook::testing
