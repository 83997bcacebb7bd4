#pragma once
#include <vector>

#include "expr/functions.h"

namespace runbook {

// What can be done with text. Where runbooks have more than JMESPath, the subject comes first.
std::vector<Function> text_functions();

}  // namespace runbook
