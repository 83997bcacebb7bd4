#pragma once
#include <vector>

#include "expr/functions.h"

namespace runbook {

// Arithmetic. Whole numbers stay whole as long as they fit into 64 bits.
std::vector<Function> number_functions();

}  // namespace runbook
