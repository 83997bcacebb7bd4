#pragma once
#include <string>
#include <vector>

#include "book/runbook.h"

namespace runbook {

// What steps inherit, as NAME=value: all but the variables that carry inputs, of which some are secrets.
std::vector<std::string> inherited_environment(const Runbook& runbook);

}  // namespace runbook
