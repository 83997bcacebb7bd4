#pragma once
// What an undo would do with a step, for a person.
#include <string>

#include "run/undo.h"

namespace runbook {

// What it would run, with its values: described_request, or {not_known: why}.
Value undo_request(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry);
// Whole lines.
std::string undo_text(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry);

}  // namespace runbook
