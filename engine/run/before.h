#pragma once
#include "run/instance.h"
#include "run/live.h"
#include "run/scope.h"

namespace runbook {

// $before: what stood before the first attempt of the group, as its intent has it; until there is one, as it was just seen. Outputs that the probe
// could not give (it said no) are null.
Value before_value(const Step& step, const InstanceState& it, const LiveStep& live, StoredValues& values);

// What the parameters and probes of an instance see. The undo of a step sees what stood before that step.
RunScope scope_with_before(const RunFacts& facts, const RunState& state, const Live& live, StoredValues& values,
                           const Instance& step);

}  // namespace runbook
