#pragma once
#include <string>

#include "base/value.h"
#include "step/step_type.h"

namespace runbook {

// What stands there when a kubectl step went wrong, or a wait was not over in time: reads on the same cluster, bounded, secrets masked.
// `seen`: what the step's own look saw, or anything else. "" where the words name nothing that could be looked at.
std::string kubectl_findings(const StepContext& context, const Value& seen);

}  // namespace runbook
