#pragma once
#include <string>

namespace runbook {

// The runbook that `init` writes: small, commented, valid, and harmless to run. `file` is how it is called: its name becomes the
// runbook's, and stands in the comments.
std::string starter_runbook(const std::string& file);

}  // namespace runbook
