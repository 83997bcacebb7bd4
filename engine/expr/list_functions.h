#pragma once
#include <vector>

#include "expr/functions.h"

namespace runbook {

// Order and search, the items and the length of lists; texts have some of it too.
std::vector<Function> list_functions();

}  // namespace runbook
