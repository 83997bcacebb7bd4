#pragma once
#include "book/loading.h"

namespace runbook {

// `runbook_version:`, `requires:` and `tested_with:` of a runbook: what is wanted of the engine and of tools.
void load_requirements(const Node& root, Problems& problems, Runbook& into);

// `constraints:`, when inputs and vars are loaded.
void load_constraints(const Node& list, Loading& loading, std::vector<Constraint>& into);

}  // namespace runbook
