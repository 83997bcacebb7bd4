#pragma once
#include "report/run_view.h"

namespace runbook {

// The steps of an outline with all that loops and includes have made of them by now, without outputs and evidence. `stored` gives the
// stored value with that digest. An undo stands behind its step while it is at work or has failed, and wherever it is among `undos`.
std::vector<ViewedStep> viewed_steps(const Value& outline, const RunState& state,
                                     const std::function<Value(const std::string& digest)>& stored,
                                     const std::set<std::string>& undos = {});

}  // namespace runbook
