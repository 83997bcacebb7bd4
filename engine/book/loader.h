#pragma once
#include <memory>
#include <vector>

#include "base/diagnostic.h"
#include "book/runbook.h"

namespace runbook {

struct Loaded {
  std::shared_ptr<const Runbook> runbook;  // nullptr if a diagnostic is an error
  std::vector<Diagnostic> diagnostics;     // all problems of the file, sorted by place; of thousands, the first thousand found
  std::size_t errors = 0, warnings = 0;    // how many there are, also of those
};

// Reads, checks and resolves. Never throws on bad input. Nothing outside the text is looked at.
Loaded load_runbook(const SourcePtr& source, const Declarations& types);

}  // namespace runbook
