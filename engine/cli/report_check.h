#pragma once
#include "cli/arguments.h"

namespace runbook {

// `verify --report FILE`: the file against the journal that it tells of, and against a signature. Prints what was found; the exit code.
int check_report(const Arguments& arguments);

}  // namespace runbook
