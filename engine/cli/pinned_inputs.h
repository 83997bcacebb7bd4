#pragma once
// A run keeps the inputs that it began with, whatever is typed when it goes on.
#include <string>

#include "base/value.h"
#include "book/inputs.h"

namespace runbook {

struct PinnedInputs {
  std::string run;
  std::string dir;  // of the runbook, where relative paths start
  Value values;     // without secrets
};

// Of flags and file. Throws Error (exit 2) for an input that is given with another value than it has, and as `resolve_inputs` does for
// one that the runbook has not, or whose value it would refuse. The same value may be given again.
void require_as_pinned(const Runbook& runbook, const PinnedInputs& pinned, const GivenInputs& given);

}  // namespace runbook
