#include "run/scripted_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace runbook {

namespace {

Outcome outcome_of(const ScriptedOutcome& scripted, const Value& outputs) {
  using Kind = ScriptedOutcome::Kind;
  Outcome outcome;
  outcome.output = scripted.text;
  outcome.output_total = static_cast<std::int64_t>(scripted.text.size());
  outcome.exit_code = scripted.exit_code;
  outcome.result = object({{"stdout", scripted.text}, {"stderr", ""}, {"exit_code", scripted.exit_code}});
  switch (scripted.kind) {
    case Kind::succeeds:
      outcome.kind = Outcome::Kind::succeeded;
      outcome.given = outputs;
      break;
    case Kind::fails:
      outcome.kind = Outcome::Kind::failed;
      outcome.reason = fmt::format("it exited with {}", scripted.exit_code);
      break;
    case Kind::lost:
      outcome.kind = Outcome::Kind::unknown;
      outcome.reason = "nobody knows how it ended";
      break;
    case Kind::not_started:
      outcome.kind = Outcome::Kind::not_started;
      outcome.reason = scripted.reason;
      break;
    case Kind::times_out:
      outcome.kind = Outcome::Kind::timed_out;
      outcome.reason = "its timeout passed and it was ended";
      break;
  }
  return outcome;
}

Outcome ended_as(Outcome::Kind kind, const char* reason) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.reason = reason;
  return outcome;
}

Said said(ScriptedLook::Answer answer) {
  switch (answer) {
    case ScriptedLook::Answer::yes: return {Said::Answer::yes};
    case ScriptedLook::Answer::no: return {Said::Answer::no, "it says no"};
    case ScriptedLook::Answer::cannot_tell: return {Said::Answer::cannot_tell, "it can't tell"};
    case ScriptedLook::Answer::fails: return {Said::Answer::no, "it says that waiting longer is no use", true};
  }
  RUNBOOK_ASSERT(false);
}

bool takes_effect(ScriptedOutcome::Kind kind) {
  return kind == ScriptedOutcome::Kind::succeeds || kind == ScriptedOutcome::Kind::lost;
}

}  // namespace

const ScriptedStep& script_for(const Scenario& scenario, const std::string& instance) {
  return scenario.of(scenario.steps.contains(instance) ? instance : name_without_keys(instance));
}

Value ScriptedWorld::outputs_of(const Step& step, const Value& given) const {
  Value outputs = step.example;
  if (given.is_map()) {
    for (const auto& [name, value] : given.as_map()) outputs = with(outputs, name, value);
  }
  return outputs;
}

Value ScriptedWorld::outputs_given_by(const std::string& step) const {
  for (auto attempt = attempts_.rbegin(); attempt != attempts_.rend(); ++attempt)
    if (attempt->second.step == step && attempt->second.took_effect) return attempt->second.outputs;
  return {};
}

int ScriptedWorld::effects(const std::string& step) const {
  const auto found = effects_.find(step);
  return found == effects_.end() ? 0 : found->second;
}

void ScriptedWorld::tell_at(std::int64_t at_ms, const Launch& launch, Outcome outcome) {
  const auto later = std::find_if(due_.begin(), due_.end(), [&](const Due& due) { return due.at_ms > at_ms; });
  due_.insert(later, {at_ms, launch, std::move(outcome)});
}

void ScriptedWorld::start(const Launch& launch) {
  if (launch.takes_up) take_up(launch);
  else if (launch.role == Role::act) act(launch);
  else if (launch.role == Role::target) tell_targets(launch);
  else if (launch.role == Role::files) tell_at(now_ms_, launch, Outcome());  // a rehearsal pins none
  else look(launch);
}

void ScriptedWorld::act(const Launch& launch) {
  const Instance& step = launch.step;
  const ScriptedStep& script = script_for(scenario_, step.id);
  const std::size_t number = begun_[step.id]++;
  const ScriptedOutcome& scripted = number < script.outcomes.size() ? script.outcomes[number] : script.otherwise;
  Attempt attempt;
  attempt.step = step.id;
  attempt.outputs = outputs_of(*step, scripted.outputs);
  attempt.outcome = outcome_of(scripted, attempt.outputs);
  attempt.ends_at_ms = now_ms_ + scripted.delay_ms;
  attempt.took_effect = takes_effect(scripted.kind);
  effects_[step.id] += attempt.took_effect;
  tell_at(attempt.ends_at_ms, launch, attempt.outcome);
  attempts_[launch.n] = std::move(attempt);
}

void ScriptedWorld::take_up(const Launch& launch) {
  const auto found = attempts_.find(launch.n);
  if (found == attempts_.end())
    return tell_at(now_ms_, launch, ended_as(Outcome::Kind::not_started, "the supervisor never got to it"));
  tell_at(std::max(now_ms_, found->second.ends_at_ms), launch, found->second.outcome);
}

// What a rehearsal would hit is always the same.
void ScriptedWorld::tell_targets(const Launch& launch) {
  List answers;
  for (const TargetQuestion& question : launch.request->targets)
    answers.push_back(
        object({{"target", question.target}, {"identity", object({{"rehearsed", "yes"}})}, {"text", question.target}}));
  Outcome outcome;
  outcome.kind = Outcome::Kind::succeeded;
  outcome.result = Value(std::move(answers));
  tell_at(now_ms_, launch, std::move(outcome));
}

void ScriptedWorld::look(const Launch& launch) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::succeeded;
  outcome.exit_code = 0;
  Sight sight = seen(launch.step, launch.role);
  outcome.said = std::move(sight.said);
  outcome.given = std::move(sight.outputs);
  tell_at(now_ms_, launch, std::move(outcome));
}

// What the scenario lists; behind it the world is simple: waits and asserts hold, a done_when holds once its step took effect.
ScriptedWorld::Sight ScriptedWorld::seen(const Instance& step, Role role) {
  if (role == Role::before) return {said(ScriptedLook::Answer::no), {}};
  const ScriptedStep& script = script_for(scenario_, step.id);
  const std::size_t number = looked_[step.id]++;
  if (number < script.sees.size()) return {said(script.sees[number].answer), outputs_of(*step, script.sees[number].outputs)};
  const bool lasts = step->kind == Step::Kind::watch && !script.sees.empty();  // what a watch saw last stays so
  if (lasts) return {said(script.sees.back().answer), {}};
  const bool holds = (step->kind != Step::Kind::act && step->kind != Step::Kind::manual) || has_taken_effect(step.id);
  return {said(holds ? ScriptedLook::Answer::yes : ScriptedLook::Answer::no), outputs_of(*step, {})};
}

void ScriptedWorld::cancel(std::int64_t n) {
  const auto found = std::find_if(due_.begin(), due_.end(), [&](const Due& due) { return due.launch.n == n; });
  if (found == due_.end()) return;
  Launch launch = std::move(found->launch);
  due_.erase(found);
  tell_at(now_ms_, launch, ended_as(Outcome::Kind::cancelled, "it was stopped"));
}

void ScriptedWorld::go_on_from(const RunState& state, std::int64_t now_ms) {
  now_ms_ = std::max(now_ms_, now_ms);
  for (const auto& [instance, it] : state.instances) {
    begun_[instance] = static_cast<std::size_t>(it.all_attempts);
    if (it.acted_seq > 0) effects_[instance] = 1;
  }
}

// Looks are simply asked again.
void ScriptedWorld::crash(Fate fate, const std::vector<std::int64_t>& open) {
  due_.clear();
  for (const std::int64_t n : open) {
    const auto found = attempts_.find(n);
    if (found == attempts_.end() || fate == Fate::collected) continue;
    Attempt& attempt = found->second;
    if (fate == Fate::not_happened && attempt.took_effect) {
      effects_[attempt.step] -= 1;
      begun_[attempt.step] -= 1;  // the next attempt comes to what this one would have
      attempt.took_effect = false;
    }
    attempt.outcome = ended_as(Outcome::Kind::unknown, "nobody saw how it ended");
  }
}

void ScriptedWorld::about_to_wait(std::optional<std::int64_t> until_ms) const {
  if (due_.empty() || (until_ms && *until_ms < due_.front().at_ms)) {
    if (until_ms) now_ms_ = std::max(now_ms_, *until_ms);
    return;
  }
  now_ms_ = std::max(now_ms_, due_.front().at_ms);
  const auto last = std::find_if(due_.begin(), due_.end(), [&](const Due& due) { return due.at_ms > now_ms_; });
  std::vector<Due> now(std::make_move_iterator(due_.begin()), std::make_move_iterator(last));
  due_.erase(due_.begin(), last);
  for (Due& due : now) inbox_->post(Ended{due.launch, std::move(due.outcome)});
}

std::string ScriptedWorld::keep_secret(const std::filesystem::path& file, std::string_view secret) {
  kept_[file.string()] = secret;
  return {};
}

Performer::Recalled ScriptedWorld::recall_secret(const std::filesystem::path& file) {
  const auto found = kept_.find(file.string());
  return {found == kept_.end() ? "rehearsedsecret" : found->second, {}};
}

Performer::Recalled ScriptedWorld::recall_secret(const std::vector<std::string>&, const std::filesystem::path&) {
  return {"rehearsedsecret", {}};
}

}  // namespace runbook
