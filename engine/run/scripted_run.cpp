#include "run/scripted_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "run/instances.h"
#include "run/manual.h"
#include "run/questions.h"
#include "run/recovery.h"

namespace runbook {

ScriptedRun::ScriptedRun(RunFacts facts, const Scenario& scenario, Observer& observer)
    : facts_(std::move(facts)), scenario_(scenario), observer_(observer), world_(scenario) {
  facts_.secret_outputs = std::make_shared<SecretOutputs>();
  limits_.who = "somebody";
  began_at_ms_ = world_.now_ms();
  journal_.after_commit = [this](std::size_t) { ++commits_; };
}

void ScriptedRun::kill_at(std::size_t commit, Side side, Fate fate) {
  fate_ = fate;
  const auto dies = [this, commit](std::size_t number) {
    if (number != commit || was_killed_) return;
    was_killed_ = true;
    throw Killed();
  };
  if (side == Side::before) journal_.before_commit = dies;
  else journal_.after_commit = dies;
}

void ScriptedRun::begin() {
  Event began;
  began.kind = event::run_began;
  began.at_ms = world_.now_ms();
  began.body = object({{"runbook", facts_.runbook->name}, {"title", facts_.runbook->title}, {"dir", facts_.dir}});
  state_.apply(journal_.append(std::move(began)));
  journal_.commit();
}

End ScriptedRun::drive() {
  Inbox inbox;
  world_.serve(inbox);
  struct Nobody : Operator {
    void ask(const Question&) override {}
    void withdraw(const std::string&) override {}
  } nobody;
  Executor executor({facts_, journal_, state_, world_, nobody, observer_, world_, inbox}, state_.last_attempt);
  if (is_resumed_) {
    executor.recall_secrets();
    executor.recover(limits_.who, Purpose::go_on);
  }
  return executor.run(limits_).end;
}

// What was only in memory is gone.
void ScriptedRun::die() {
  journal_.forget_uncommitted();
  state_ = journal_.fold();
  const std::vector<std::int64_t> open = open_attempts(state_);
  had_running_steps_ = !open.empty();
  world_.crash(fate_, open);
  facts_.secret_outputs = std::make_shared<SecretOutputs>();
  is_resumed_ = true;
}

ScriptedResult ScriptedRun::run() {
  while (true) {
    try {
      if (journal_.events().empty()) begin();
      End end = drive();
      if (!goes_on(end)) return result(std::move(end));
      is_resumed_ = true;
    } catch (const Killed&) {
      die();
    }
  }
}

bool ScriptedRun::goes_on(const End& end) {
  if (end.is_left() || !limits_.stops_after.empty()) return false;
  if (const Question* question = state_.open_question(end.instance)) return answer_question(*question);
  return resumes_++ < scenario_.resumes;
}

bool ScriptedRun::answer_question(const Question& question) {
  const std::optional<ScriptedAnswer> answer = answer_to(question);
  if (!answer) return false;
  world_.pass(answer->after_ms);
  const std::string choice = answer->choice.empty() ? question.choices.front() : answer->choice;
  const bool gives_values = question.about != "manual" || choice == "confirm";
  Answer given{question.id, choice, answer->who, answer->because, world_.now_ms(), {}};
  if (given.who.empty()) given.who = limits_.who;
  if (given.because.empty() && !gives_values) given.because = "the scenario says so";
  if (gives_values) given.fields = fields_of(question, *answer);
  if (!why_not_a_choice(question, given).empty()) return false;
  if (question.about == "manual" && choice == "confirm") world_.is_done_by_hand(question.instance);
  journal_.given.push_back(std::move(given));
  return true;
}

// nullopt: nobody comes.
std::optional<ScriptedAnswer> ScriptedRun::answer_to(const Question& question) {
  const ScriptedStep& script = script_for(scenario_, question.instance);
  const std::size_t number = answered_[question.instance];
  if (script.answers && number < script.answers->size()) {
    ++answered_[question.instance];
    return (*script.answers)[number];
  }
  if (question.about == "doubt" && told_of_doubt_) return answer_in_doubt(question);
  // Those whose run dies are asked more than the scenario knows of.
  const bool is_one_more = told_of_doubt_ && script.answers && !script.answers->empty();
  if ((script.answers && !is_one_more) || question.about == "doubt") return std::nullopt;
  return ScriptedAnswer{};
}

ScriptedAnswer ScriptedRun::answer_in_doubt(const Question& question) {
  told_of_doubt_(question);
  ScriptedAnswer answer;
  answer.choice = world_.has_taken_effect(question.instance) ? "done" : "retry";
  answer.set = world_.outputs_given_by(question.instance);
  return answer;
}

Value ScriptedRun::fields_of(const Question& question, const ScriptedAnswer& answer) const {
  if (!question.phrase.empty()) return object({{"phrase", question.phrase}});
  const auto step = instance(question.instance);
  if (!step) return answer.set;
  if ((*step)->manual && question.about == "manual") return confirmation(**step, question, answer);
  const Value outputs = world_.outputs_of(**step, answer.set);
  Map fields;
  for (const auto& [name, value] : outputs.is_map() ? outputs.as_map() : Map()) {
    const OutputRule* rule = (*step)->find_output(name);
    if (!rule || !rule->is_secret) fields.emplace_back(name, value);
  }
  return Value(std::move(fields));
}

std::optional<Instance> ScriptedRun::instance(const std::string& name) const {
  StoredValues values([this](const std::string& digest) { return journal_.blob(digest); });
  return Instances(facts_, state_, values).find(name);
}

Value ScriptedRun::confirmation(const Step& step, const Question& question, const ScriptedAnswer& answer) const {
  const Value outputs = world_.outputs_of(step, answer.set);
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& [name, value] : outputs.is_map() ? outputs.as_map() : Map()) given.emplace_back(name, text_or_json(value));
  const Value form = question.form.empty() ? Value() : parse_json(journal_.blob(question.form));
  const Collected collected = collect(*step.manual, form, given);
  if (!collected.problems.empty())
    throw Error(ExitCode::usage,
                fmt::format("what is answered to step `{}` can't be taken: {}", step.id, collected.problems.front().message),
                "give the value in the scenario, `answers: [{choice: confirm, set: {...}}]`, or as `example:` of the step");
  Value fields = object({{"outputs", collected.values}});
  return step.manual->needs_evidence ? with(fields, "evidence", List{object({{"note", "seen"}})}) : fields;
}

ScriptedResult ScriptedRun::result(End end) {
  ScriptedResult result;
  result.end = std::move(end);
  result.lasted_ms = world_.now_ms() - began_at_ms_;
  result.events = journal_.events();
  StoredValues values([this](const std::string& digest) { return journal_.blob(digest); });
  result.instances = Instances(facts_, state_, values).all();
  for (const Instance& step : result.instances) {
    result.effects[step.id] = world_.effects(step.id);
    const InstanceState& it = state_.of(step.id);
    if (!it.outputs.empty() && is_done(it.state)) result.step_outputs[step.id] = parse_json(journal_.blob(it.outputs));
  }
  result.state = std::move(state_);
  return result;
}

namespace {

class ExpectationCheck {
 public:
  ExpectationCheck(const Scenario& scenario, const ScriptedResult& result) : expected_(scenario.expected), result_(result) {}

  std::vector<Diagnostic> run() {
    check_state();
    for (const auto& [step, state] : expected_.steps) check_step(step, state);
    for (const auto& [name, value] : expected_.outputs) check_output("the run", name, value, result_.end.outputs);
    for (const auto& [step, output] : expected_.step_outputs) {
      const auto found = result_.step_outputs.find(step);
      check_output(fmt::format("step `{}`", step), output.first, output.second,
                   found == result_.step_outputs.end() ? Value() : found->second);
    }
    for (const auto& event : expected_.events) check_event(event);
    if (expected_.order) check_order(*expected_.order);
    check_time();
    std::stable_sort(unmet_.begin(), unmet_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
    return std::move(unmet_);
  }

 private:
  void miss(Place place, std::string message) {
    unmet_.push_back({Diagnostic::Severity::error, place, 1, std::move(message), {}});
  }

  void check_state() {
    if (!expected_.state || expected_.state->value == result_.end.state) return;
    const std::string at = result_.end.instance.empty() ? "" : fmt::format(" at step `{}`", result_.end.instance);
    miss(expected_.state->place, fmt::format("the run should be {}, and is {}{}{}{}", expected_.state->value, result_.end.state,
                                             at, result_.end.why.empty() ? "" : ": ", result_.end.why));
  }

  void check_step(const std::string& step, const Expected<std::string>& state) {
    const InstanceState& it = result_.state.of(step);
    const std::string_view is = step_state_name(it.state);
    if (state.value == is) return;
    miss(state.place,
         fmt::format("step `{}` should be {}, and is {}{}{}", step, state.value, is, it.why.empty() ? "" : ": ", it.why));
  }

  void check_output(const std::string& whose, const std::string& name, const Expected<Value>& value, const Value& outputs) {
    const Value* is = outputs.find(name);
    if (is && *is == value.value) return;
    miss(value.place, fmt::format("output `{}` of {} should be {}, and {}", name, whose, to_json(value.value),
                                  is ? "is " + to_json(*is) : "is not there"));
  }

  void check_event(const Expected<std::string>& event) {
    const bool happened = std::any_of(result_.events.begin(), result_.events.end(),
                                      [&](const Event& each) { return each.kind + " " + each.instance == event.value; });
    if (!happened) miss(event.place, fmt::format("`{}` should have happened, and did not", event.value));
  }

  // The steps named, in the order in which they were first begun.
  void check_order(const Expected<std::vector<std::string>>& order) {
    std::vector<std::string> begun;
    for (const Event& event : result_.events) {
      const bool begins = event.kind == event::intent || event.kind == event::waiting || event.kind == event::satisfied ||
                          event.kind == event::asked || event.kind == event::ended;
      const bool is_named = std::find(order.value.begin(), order.value.end(), event.instance) != order.value.end();
      if (begins && is_named && std::find(begun.begin(), begun.end(), event.instance) == begun.end())
        begun.push_back(event.instance);
    }
    if (begun != order.value)
      miss(order.place, fmt::format("the order should be {}, and is {}", fmt::join(order.value, ", "),
                                    begun.empty() ? "empty" : fmt::format("{}", fmt::join(begun, ", "))));
  }

  void check_time() {
    const std::string is = duration_text(result_.lasted_ms);
    if (expected_.at_least_ms && result_.lasted_ms < expected_.at_least_ms->value)
      miss(expected_.at_least_ms->place,
           fmt::format("it should last {} at least, and lasts {}", duration_text(expected_.at_least_ms->value), is));
    if (expected_.at_most_ms && result_.lasted_ms > expected_.at_most_ms->value)
      miss(expected_.at_most_ms->place,
           fmt::format("it should last {} at most, and lasts {}", duration_text(expected_.at_most_ms->value), is));
  }

  const Expectations& expected_;
  const ScriptedResult& result_;
  std::vector<Diagnostic> unmet_;
};

}  // namespace

std::vector<Diagnostic> unmet_expectations(const Scenario& scenario, const ScriptedResult& result) {
  return ExpectationCheck(scenario, result).run();
}

}  // namespace runbook
