#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "book/runbook.h"

namespace runbook {

struct Loaded {
  std::shared_ptr<const Runbook> runbook;  // nullptr if a diagnostic is an error
  std::vector<Diagnostic>
      diagnostics;  // all problems, also of files that are included, sorted by place; of thousands, the first thousand found
  std::size_t errors = 0, warnings = 0;  // how many there are, also of those
};

// The text of a runbook that is included, by its path from the folder of the one that is loaded. Throws Error if it can't be read.
using IncludeReader = std::function<SourcePtr(const std::string& path)>;

// Reads, checks and resolves, also what is included. Never throws on bad input. Nothing outside the texts is looked at. Without a reader
// an include is an error.
Loaded load_runbook(const SourcePtr& source, const Declarations& types, const IncludeReader& read = {});

}  // namespace runbook
