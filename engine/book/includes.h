#pragma once
// While a runbook is loaded: which ones lead to it, and where those that it includes come from.
#include <map>
#include <string>
#include <vector>

#include "book/loader.h"

namespace runbook {

struct Includes {
  const IncludeReader& read;
  std::vector<std::string> chain;          // paths from the folder of the first: that one, what it includes ... this one
  std::map<std::string, SourcePtr> texts;  // all that were read, by path
  std::vector<ToolRequirement> tools;      // of all that were included
  int count = 0;                           // how often one was included

  bool is_included() const { return chain.size() > 1; }
};

// The last of the chain. As load_runbook, without what belongs to the first one alone.
Loaded load_text(const SourcePtr& source, const Declarations& types, Includes& includes);

}  // namespace runbook
