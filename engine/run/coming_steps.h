#pragma once
#include <vector>

#include "run/facts.h"
#include "run/instance.h"
#include "run/scope.h"

namespace runbook {

struct ComingSteps {
  std::vector<Instance> steps;  // what is not done, in written order; of a section that has failed its rescue
  bool has_open_loop = false;   // of a loop whose list is not known yet each step stands here once, without a key
};

// As far as is known now; `when` of steps and sections is not looked at ahead of time. Not of a run that is being undone or cancelled.
ComingSteps coming_steps(const RunFacts& facts, const RunState& state, StoredValues& values);

}  // namespace runbook
