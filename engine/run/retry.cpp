#include "run/retry.h"

#include <algorithm>
#include <cmath>

namespace runbook {

namespace {

bool is_wanted(const Retry& retry, const Outcome& outcome, const Scope& scope) {
  if (!retry.when) return true;
  try {
    Value value = retry.when->expression.evaluate(scope, &outcome.result);
    return value.is_bool() && value.as_bool();
  } catch (const ExpressionError&) {
    return false;  // what can't be judged is not repeated
  }
}

}  // namespace

std::int64_t retry_delay_ms(const Retry& retry, int attempts) {
  const double delay = static_cast<double>(retry.delay_ms) * std::pow(retry.backoff, attempts - 1);
  return static_cast<std::int64_t>(std::min(delay, static_cast<double>(retry.max_delay_ms)));
}

std::optional<std::int64_t> retry_at_ms(const Step& step, const InstanceState& it, const Outcome& outcome, const Scope& scope,
                                        std::int64_t now_ms) {
  const Retry& retry = step.retry;
  bool has_effect = outcome.kind == Outcome::Kind::failed && outcome.exit_code == 0;  // what failed came after it
  if (has_effect) return std::nullopt;
  if (it.attempts >= retry.attempts || !is_wanted(retry, outcome, scope)) return std::nullopt;
  return now_ms + retry_delay_ms(retry, it.attempts);
}

}  // namespace runbook
