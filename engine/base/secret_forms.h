#pragma once
// The byte strings that give a secret away. Percent-encoding and backslashes are not among them: those are read back by
// unescape.h, since tools differ in what they escape.
#include <string>
#include <vector>

#include "base/pattern_matcher.h"

namespace runbook {

// Secrets under `shortest` bytes have none; neither has a form that comes out shorter.
std::vector<PatternMatcher::Pattern> secret_forms(const std::vector<std::string>& secrets, std::size_t shortest);

}  // namespace runbook
