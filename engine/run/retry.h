#pragma once
// Whether and when a failed attempt is tried again.
#include <cstdint>
#include <optional>

#include "book/runbook.h"
#include "expr/expression.h"
#include "state/run_state.h"
#include "step/outcome.h"

namespace runbook {

// How long it waits before the next attempt, when so many of the group have failed.
std::int64_t retry_delay_ms(const Retry& retry, int attempts);

// The time of the next attempt; nullopt: it is not tried again. Only what is known to have failed is, and not if its process exited
// with 0; a `once` step that timed out or got no answer is in doubt and never comes here. `it`: as it stands with the failed attempt
// counted.
std::optional<std::int64_t> retry_at_ms(const Step& step, const InstanceState& it, const Outcome& outcome, const Scope& scope,
                                        std::int64_t now_ms);

}  // namespace runbook
