#pragma once
// What has run and can't be looked at without a secret that nobody has any more, since the engine that had it has ended.
#include "run/instances.h"

namespace runbook {

// Whether something waits to be looked at for a secret that only this step, done anew, can give. False when it is done.
bool is_waited_for(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& giver);

// Whether a step that gives it such a secret is to be done anew, or runs: there is nothing to ask a person yet.
bool is_secret_to_come(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& step);

}  // namespace runbook
