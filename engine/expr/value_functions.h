#pragma once
#include <vector>

#include "expr/functions.h"

namespace runbook {

// Members of maps, conversions, and the choice between values.
std::vector<Function> value_functions();

}  // namespace runbook
