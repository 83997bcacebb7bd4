#pragma once
#include <variant>

#include "book/runbook.h"
#include "run/live.h"
#include "state/run_state.h"

namespace runbook {

// The first thing of the tree that is not done: a step, a section whose `when` has not been looked at, or nothing.
using Next = std::variant<std::monostate, const Step*, const Section*>;
Next find_next(const Section& root, const RunState& state, Cursors& cursors);

// The steps of a section and of the sections in it.
std::vector<const Step*> steps_of(const Section& section);

}  // namespace runbook
