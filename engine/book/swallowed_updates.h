#pragma once
#include "book/problems.h"
#include "book/runbook.h"

namespace runbook {

// Warns of steps that change what is there (restart, patch, push ...) and whose `done_when` asks only whether something is there:
// it holds before the step, and the step would be left out as done. A guess by words.
void warn_of_swallowed_updates(const Runbook& runbook, Problems& problems);

}  // namespace runbook
