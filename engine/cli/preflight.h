#pragma once
// Before the first step: whether the tools are as the runbook wants them.
#include <string>
#include <vector>

#include "book/runbook.h"

namespace runbook {

enum class Acceptance {
  refused,
  given,  // --accept: another version is taken, and stands in the record
};

struct Preflight {
  std::vector<std::string> accepted;  // deviations: "accepted kops 1.10.0 (required: 1.9.0)"
  std::vector<std::string> warnings;  // of `tested_with`
};

// Throws Error (exit 2) that names each tool that is missing, too old, too new, or does not say its version. A missing one is
// never accepted. A tool is asked once, and not at all where any version goes.
Preflight look_at_tools(const Runbook& runbook, Acceptance acceptance);

}  // namespace runbook
