#pragma once
#include "report/run_view.h"

namespace runbook {

// The steps of an outline with all that loops and includes have made of them by now, without outputs and evidence. `list_of` gives the
// stored value with that digest.
std::vector<ViewedStep> viewed_steps(const Value& outline, const RunState& state,
                                     const std::function<Value(const std::string& digest)>& stored);

}  // namespace runbook
