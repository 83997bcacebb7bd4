#include "run/recovery.h"

#include <fmt/format.h>

#include "base/error.h"
#include "run/decide.h"
#include "run/frontier.h"
#include "run/questions.h"

namespace runbook {

namespace {

bool is_end_unknown(const InstanceState& it) { return it.is_open && it.state == StepState::running && !it.has_exited; }

// As far as they can be had: what its result looks like may depend on them.
Value params_of(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& step) {
  try {
    return step->params.evaluate(RunScope(facts, state, values, step.frame));
  } catch (const std::exception&) {
    return {};
  }
}

Launch taken_up(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& step) {
  const InstanceState& it = state.of(step.id);
  auto request = std::make_shared<Request>();
  request->type = step->type;
  request->params = params_of(facts, state, values, step);
  request->secrets = facts.secret_values();
  request->had_secrets = it.had_secrets || !request->secrets.empty() || step->gives_secrets();
  request->keeps_result = step->needs_result();
  request->hides_output = step->gives_secrets();
  request->token = it.token;
  request->boot_id = it.boot_id;
  Launch launch;
  launch.step = step;
  launch.n = it.attempt;
  launch.takes_up = true;
  launch.request = std::move(request);
  return launch;
}

Proposal renewed(const std::string& instance, const std::string& who) {
  return Proposal(event::renewed, instance, object({{"how", "resume"}, {"who", who}, {"because", "the run was resumed"}}));
}

class Recoverer {
 public:
  Recoverer(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& who)
      : facts_(facts), state_(state), values_(values), who_(who), instances_(facts, state, values) {}

  void take_up(Purpose purpose) {
    for (const auto& [name, it] : state_.instances) {
      if (!is_end_unknown(it)) continue;
      const auto step = instances_.find(name);
      if (step) recovery.taken_up.push_back(taken_up(facts_, state_, values_, *step));
      else give_up(name, it, purpose);
    }
  }

  // What stands in the way, and no other failure: those that a section bears stay what they are.
  void renew() {
    for (const std::string& name : what_holds_up(facts_, state_, values_, Reach::all)) {
      const StepState state = state_.of(name).state;
      if (state == StepState::failed || state == StepState::cancelled) recovery.events.push_back(renewed(name, who_));
      if (state_.watch(name).sight == WatchState::Sight::tripped) renew_watch(name);
    }
  }

  void go_on_waiting() {
    for (const auto& [id, question] : state_.questions) {
      if (!question.is_open || question.about != "overdue") continue;
      Answer wait{id, "wait", who_, "the run was resumed", 0, Value()};
      for (auto& proposal : answer(state_, question, wait)) recovery.events.push_back(std::move(proposal));
    }
  }

  Recovery recovery;

 private:
  // Its step is gone: versions before this one adopted such a runbook.
  void give_up(const std::string& name, const InstanceState& it, Purpose purpose) {
    const std::string why = "its end is not known, and its step is no longer in the runbook";
    if (purpose != Purpose::cancel)
      throw Error(ExitCode::usage, fmt::format("`{}` has begun, {}; nothing was run", name, why),
                  fmt::format("put the step back where it stood, and adopt that: runbook run --resume {0} --adopt\n"
                              "or leave the run, with this step in doubt: runbook cancel {0}",
                              facts_.run));
    recovery.events.emplace_back(event::doubted, name, object({{"why", why}}), it.attempt);
  }

  // What it set off is set off anew if it trips again.
  void renew_watch(const std::string& name) {
    recovery.events.push_back(renewed(name, who_));
    const auto watch = instances_.find(name);
    if (!watch) return;
    const Frame* included = included_around(watch->frame.get());
    const Section* on_trip = set_off_by(included ? *included->runbook : *facts_.runbook, **watch);
    for (const Step* step : on_trip ? steps_of(*on_trip) : std::vector<const Step*>()) {
      const std::string instance = Instance(*step, watch->frame).id;
      if (is_done(state_.of(instance).state)) recovery.events.push_back(renewed(instance, who_));
    }
  }

  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
  const std::string& who_;
  Instances instances_;
};

}  // namespace

Recovery recover(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& who, Purpose purpose) {
  Recoverer recoverer(facts, state, values, who);
  recoverer.take_up(purpose);
  const bool is_going_on = purpose != Purpose::cancel || state.is_cancelling;
  if (is_going_on) recoverer.renew();
  if (purpose != Purpose::cancel) recoverer.go_on_waiting();
  return std::move(recoverer.recovery);
}

std::vector<std::int64_t> open_attempts(const RunState& state) {
  std::vector<std::int64_t> open;
  for (const auto& [instance, it] : state.instances) {
    if (is_end_unknown(it)) open.push_back(it.attempt);
  }
  return open;
}

}  // namespace runbook
