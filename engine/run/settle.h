#pragma once
// What an attempt's outcome means for the step: ended, tried again, in doubt. Pure.
#include <cstdint>

#include "expr/expression.h"
#include "run/instance.h"
#include "run/proposal.h"
#include "state/run_state.h"
#include "step/outcome.h"

namespace runbook {

// What follows when it is proven that nothing was started.
enum class IfNotStarted {
  stops,         // it can't be started: the step failed
  begins_again,  // the engine died before it was: it is simply started now
};

// The one event: ended, exited or doubted; with the secrets that it gave. `it`: before the outcome. `scope`: with $before.
Proposal settle(const Instance& step, const InstanceState& it, const Outcome& outcome, const Scope& scope, std::int64_t now_ms,
                IfNotStarted if_not_started);

// It succeeded, but its outputs can't be had or kept: failed.
Proposal settle_without_outputs(const Instance& step, const InstanceState& it, const Outcome& outcome, const Scope& scope,
                                const std::string& why);

// Whether running it again does no more than running it once.
bool is_repeatable(Effect effect);
// Whether looks follow a process that ended well.
bool has_looks_after(const Step& step);

}  // namespace runbook
