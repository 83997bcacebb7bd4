#pragma once
#include "book/runbook.h"
#include "run/live.h"
#include "state/run_state.h"
#include "step/outcome.h"

namespace runbook {

// What a look in that role asks of the step.
const Probe& probe_asked(const Step& step, const InstanceState& it, Role role);

// Three answers: yes, no, can't tell. What can't be seen is never taken for a no.
Look judge(const Probe& probe, const Outcome& outcome, const Scope& scope);

// `that:` alone, about what is known already (assert).
Look judge_known(const Probe& probe, const Scope& scope);

}  // namespace runbook
