#pragma once
#include <string>

#include "book/runbook.h"

namespace runbook {

// Why `value`, which is of the input's type, is none that the input takes: pattern, reject, enum, bounds, and for a secret a
// length that can be masked. "" if it takes it. A secret's value is not repeated.
std::string why_not_taken(const Input& input, const Value& value);

}  // namespace runbook
