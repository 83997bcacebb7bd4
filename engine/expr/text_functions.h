#pragma once
#include <vector>

#include "expr/functions.h"

namespace runbook {

// What runbooks can do with text beyond JMESPath. The subject comes first.
std::vector<Function> text_functions();

}  // namespace runbook
