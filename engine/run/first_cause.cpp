#include "run/first_cause.h"

#include <fmt/format.h>

#include "run/frontier.h"

namespace runbook {

std::optional<End> first_cause(const RunFacts& facts, const RunState& state, StoredValues& values, const End& end) {
  const bool is_given_up = state.is_cancelling && state.leaves_as.empty();
  if (!is_given_up) return std::nullopt;
  Cursors cursors;
  const auto step = Frontier(facts, state, values).failed_step(facts.runbook->root, nullptr, cursors);
  if (!step || step->id == end.instance) return std::nullopt;
  const bool is_watch = (*step)->kind == Step::Kind::watch;
  return End{"failed", is_watch ? "it tripped: " + state.watch(step->id).why : state.of(step->id).why, step->id, Value()};
}

std::string failure_text(const End& failure) {
  return failure.instance.empty() ? failure.why : fmt::format("step `{}` failed: {}", failure.instance, failure.why);
}

std::string why_it_ends(const RunFacts& facts, const RunState& state, StoredValues& values, const End& end) {
  const auto first = first_cause(facts, state, values, end);
  if (!first) return end.why;
  if (end.state == "cancelled") return fmt::format("{}: {}", end.why, failure_text(*first));
  if (end.state != "failed") return end.why;
  return fmt::format("{}; then its cleanup failed: {}", failure_text(*first), failure_text(end));
}

}  // namespace runbook
