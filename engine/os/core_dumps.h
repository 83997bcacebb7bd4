#pragma once
// A core of engine or supervisor would hold the secrets of a run in clear.
#include <sys/resource.h>

namespace runbook {

// From now on this process and its children make none. The hard limit stays, so that what a person begins can have the soft one back.
void forbid_core_dumps();
// The soft limit that the person had.
rlim_t core_limit_before();
// Of this process, and at most its hard limit. Async-signal-safe, as the one above.
void set_core_limit(rlim_t soft);

}  // namespace runbook
