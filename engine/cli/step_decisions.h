#pragma once
// To leave a step out, or to have it done anew: what a person decides, by a command or in a walkthrough.
#include <string>

#include "run/facts.h"
#include "run/proposal.h"
#include "run/scope.h"

namespace runbook {

struct DecidedBy {
  std::string who, because;
};
// Both throw Error (exit 2) where it can't be.
Proposal skip_of(const RunState& state, const std::string& run, const std::string& instance, const DecidedBy& by);
Proposal redo_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& instance,
                 const DecidedBy& by);

}  // namespace runbook
