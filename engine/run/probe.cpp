#include "run/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "base/error.h"
#include "base/one_line.h"
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

Look by_word(const Said& said) {
  Look look = answered(said.answer);
  look.says = one_line(said.says);
  if (said.answer != Said::Answer::yes) look.why = look.says.empty() ? "it does not say why" : look.says;
  if (said.fails && said.answer == Said::Answer::no) look.failure = look.why;
  return look;
}

bool holds(const std::optional<PlacedExpression>& condition, const Outcome& outcome, const Scope& scope) {
  return condition && by_expression(*condition, scope, &outcome.result).answer == Look::Answer::yes;
}

// After a yes `that` decides.
void look_closer(Look& look, const PlacedExpression& that, const Outcome& outcome, const Scope& scope) {
  Look closer = by_expression(that, scope, &outcome.result);
  look.answer = closer.answer;
  look.why = std::move(closer.why);
}

}  // namespace

// What is given stands for a result, of which there is none.
Look judge(const Probe& probe, const Outcome& outcome, const Scope& scope) {
  Look look = outcome.said ? by_word(*outcome.said) : by_exit(probe, outcome);
  const bool is_seen = look.answer != Look::Answer::cannot_tell;
  if (is_seen && !outcome.why_no_result.empty()) return answered(Look::Answer::cannot_tell, outcome.why_no_result);
  if (is_seen && !outcome.given) {
    if (holds(probe.fail_when, outcome, scope)) look.failure = "fail_when holds: " + probe.fail_when->expression.text();
    if (look.answer == Look::Answer::yes && probe.that) look_closer(look, *probe.that, outcome, scope);
  }
  look.result = outcome.result;
  look.findings = outcome.findings;
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
