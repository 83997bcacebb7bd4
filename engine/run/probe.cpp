#include "run/probe.h"

#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "run/outputs.h"

namespace runbook {

namespace {

bool contains(const std::vector<int>& numbers, int number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Look answered(Look::Answer answer, std::string why = {}) {
  Look look;
  look.answer = answer;
  look.why = std::move(why);
  return look;
}

Look by_exit(const Probe& probe, const Outcome& outcome) {
  using Answer = Look::Answer;
  switch (outcome.kind) {
    case Outcome::Kind::timed_out:
      return answered(Answer::cannot_tell, "the look took longer than " + duration_text(probe.look_timeout_ms));
    case Outcome::Kind::not_started:
    case Outcome::Kind::cancelled:
    case Outcome::Kind::unknown: return answered(Answer::cannot_tell, outcome.reason);
    case Outcome::Kind::succeeded:
    case Outcome::Kind::failed: break;
  }
  if (contains(probe.yes, outcome.exit_code)) return answered(Answer::yes);
  if (contains(probe.no, outcome.exit_code))
    return answered(Answer::no, outcome.reason.empty() ? "it exited with 0" : outcome.reason);
  return answered(Answer::cannot_tell, outcome.reason);
}

// An expression that fails, or gives no boolean, can't tell.
Look by_expression(const PlacedExpression& that, const Scope& scope, const Value* result) {
  using Answer = Look::Answer;
  try {
    Value value = that.expression.evaluate(scope, result);
    if (!value.is_bool())
      return answered(Answer::cannot_tell,
                      fmt::format("`{}` gives a {}, not true or false", that.expression.text(), value.type_name()));
    return value.as_bool() ? answered(Answer::yes) : answered(Answer::no, fmt::format("`{}` is false", that.expression.text()));
  } catch (const ExpressionError& error) {
    return answered(Answer::cannot_tell, fmt::format("`{}`: {}", that.expression.text(), error.what()));
  }
}

}  // namespace

namespace {

Look by_given(const Probe& probe, const Outcome& outcome, const Scope& scope) {
  switch (outcome.given->answer) {
    case Given::Answer::no: return answered(Look::Answer::no, "it says no");
    case Given::Answer::cannot_tell: return answered(Look::Answer::cannot_tell, "it can't tell");
    case Given::Answer::yes: break;
  }
  std::string why;
  auto outputs = extract_outputs(probe.outputs, outcome, scope, why);
  if (!outputs) return answered(Look::Answer::cannot_tell, why);
  Look look = answered(Look::Answer::yes);
  look.outputs = std::move(outputs->values);
  return look;
}

}  // namespace

Look judge(const Probe& probe, const Outcome& outcome, const Scope& scope) {
  if (outcome.given) return by_given(probe, outcome, scope);
  Look look = by_exit(probe, outcome);
  bool is_seen = look.answer != Look::Answer::cannot_tell;
  if (is_seen && outcome.result_is_missing) return answered(Look::Answer::cannot_tell, "the supervisor died while it looked");
  bool fails =
      is_seen && probe.fail_when && by_expression(*probe.fail_when, scope, &outcome.result).answer == Look::Answer::yes;
  if (look.answer == Look::Answer::yes && probe.that) look = by_expression(*probe.that, scope, &outcome.result);
  look.fails = fails;
  look.result = outcome.result;
  if (look.answer != Look::Answer::yes) return look;
  std::string why;
  auto outputs = extract_outputs(probe.outputs, outcome, scope, why);
  if (outputs) {
    look.outputs = std::move(outputs->values);
  } else {
    look.answer = Look::Answer::cannot_tell;
    look.why = why;
  }
  return look;
}

Look judge_known(const Probe& probe, const Scope& scope) {
  if (!probe.that) return answered(Look::Answer::yes);
  return by_expression(*probe.that, scope, nullptr);
}

const Probe& probe_asked(const Step& step, const InstanceState& it, Role role) {
  const bool is_verifying = it.has_exited && it.is_verifying;
  const ProbePtr& probe = role == Role::before ? step.before
                          : step.probe         ? step.probe
                          : is_verifying       ? step.verify
                                               : step.done_when;
  RUNBOOK_ASSERT(probe);
  return *probe;
}

}  // namespace runbook
