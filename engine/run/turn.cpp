#include "run/turn.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace runbook {

void Turn::wake_at(std::int64_t at_ms) { decision.wake_ms = decision.wake_ms ? std::min(*decision.wake_ms, at_ms) : at_ms; }

Launch Turn::next_launch(Role role, const Instance& step) const {
  Launch launch;
  launch.step = step;
  launch.n = live.last_n + 1 + static_cast<std::int64_t>(decision.launches.size());
  launch.role = role;
  launch.decided_at_ms = now_ms;
  return launch;
}

bool is_halted(const Limits& limits, const RunState& state) {
  const bool has_come_far_enough = !limits.stops_after.empty() && is_done(state.of(limits.stops_after).state);
  return limits.is_pausing || has_come_far_enough;
}

std::optional<bool> condition(const PlacedExpression& expression, const Scope& scope, std::string& why) {
  try {
    Value value = expression.expression.evaluate(scope, nullptr);
    if (value.is_bool()) return value.as_bool();
    why = fmt::format("`{}` gives a {}, not true or false", expression.expression.text(), value.type_name());
  } catch (const ExpressionError& error) {
    why = fmt::format("`{}`: {}", expression.expression.text(), error.what());
  }
  return std::nullopt;
}

std::string why_left_out(const PlacedExpression& when) { return fmt::format("`when` is false: {}", when.expression.text()); }

}  // namespace runbook
