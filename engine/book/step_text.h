#pragma once
// What the YAML of a runbook says, in pieces that can be compared with those of another version of it.
#include <map>
#include <string>
#include <vector>

#include "base/source_text.h"

namespace runbook {

// Equal texts mean the same: comments, quotes and layout are left out.
struct StepText {
  std::string deed;   // what it does
  std::string words;  // what only people read, and what may change behind a step that is done: title, undo, hints ...
};

struct RunbookText {
  std::map<std::string, StepText> steps;  // by id
  std::map<std::string, std::string>
      settings;  // what is around the steps: inputs, vars, env ... and sections by their titles, with what stands beside their steps
};

// Of a text that loads without errors.
RunbookText texts_of(const SourceText& source);

}  // namespace runbook
