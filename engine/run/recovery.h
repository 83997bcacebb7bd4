#pragma once
// What `--resume` finds out before the loop goes on.
#include <string>
#include <vector>

#include "run/facts.h"
#include "run/launch.h"
#include "run/proposal.h"
#include "run/scope.h"
#include "state/run_state.h"

namespace runbook {

struct Recovery {
  std::vector<Proposal>
      events;  // failed steps that hold the run up are renewed, questions about overdue steps answered with "wait"
  std::vector<Launch> taken_up;  // attempts without an outcome: their end is collected
};

enum class Purpose {
  go_on,
  undo,
  cancel,  // nothing is renewed, but what fails while the run is left
};
// Throws Error (exit 2): an attempt is open of which the runbook has no step any more, and the run is not to be left.
Recovery recover(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& who, Purpose purpose);

// Attempts of which the journal knows no end.
std::vector<std::int64_t> open_attempts(const RunState& state);

}  // namespace runbook
