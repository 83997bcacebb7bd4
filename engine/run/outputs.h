#pragma once
#include <optional>
#include <string>
#include <vector>

#include "book/runbook.h"
#include "expr/expression.h"
#include "step/outcome.h"

namespace runbook {

// The outputs that the rules take from an outcome: a map, in the order of the rules, then what else $RUNBOOK_OUTPUT named.
// nullopt: one could not be had; `why` says which and why.
std::optional<Value> extract_outputs(const std::vector<OutputRule>& rules, const Outcome& outcome, const Scope& scope,
                                     std::string& why);

}  // namespace runbook
