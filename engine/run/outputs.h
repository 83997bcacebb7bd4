#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "book/runbook.h"
#include "expr/expression.h"
#include "step/outcome.h"

namespace runbook {

struct StepOutputs {
  Value values;  // a map; for a secret the mask stands in it
  std::vector<std::pair<std::string, std::string>> secrets;
};

// The outputs that the rules take from an outcome, in the order of the rules, then what else $RUNBOOK_OUTPUT named, unless one of
// the rules is about a secret. nullopt: one could not be had; `why` says which and why, without repeating a secret.
std::optional<StepOutputs> extract_outputs(const std::vector<OutputRule>& rules, const Outcome& outcome, const Scope& scope,
                                           std::string& why);

}  // namespace runbook
