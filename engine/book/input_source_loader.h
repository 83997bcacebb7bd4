#pragma once
#include <vector>

#include "book/problems.h"
#include "book/runbook.h"

namespace runbook {

// `from:` of an input: [{env: NAME}, {file: path}, {command: [argv]}, ask].
void load_sources(const Node& list, Problems& problems, std::vector<InputSource>& into);

}  // namespace runbook
