#pragma once
#include "book/references.h"

namespace runbook {

// Each expression that was noted, in the order of the file; each finds at most one thing wrong.
void check_uses(const References& all, const Runbook& runbook, Problems& problems);

}  // namespace runbook
