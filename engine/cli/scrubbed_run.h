#pragma once
// A run of which something was scrubbed that it would go on with: what stands in its place is no value to act on.
#include <string>

#include "cli/arguments.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

enum class Definition {
  as_recorded,
  adopted,  // another one takes its place
};
// Throws Error (exit 2) that names what is gone and the way on.
void require_unscrubbed(const Arguments& arguments, const std::string& run, const RunState& state, Definition definition);

// Whether `finally` can't be run any more as it was meant.
bool lacks_its_definition(const RunState& state);
// Leaves it as cancelled, without `finally`. Throws Error (exit 5) when an engine drives it.
void leave_scrubbed(JournalFile& file, const RunRow& row, const std::string& because, Lease::Mode mode);

}  // namespace runbook
