#pragma once
// What has happened to a step of a runbook: to all that loops and includes made of it, and to their undo.
#include <map>
#include <string>
#include <vector>

#include "state/run_state.h"

namespace runbook {

// The run has come to it: it is done, waits, or runs.
bool has_begun(StepState state);

struct StepRecord {
  std::vector<std::string> instances;  // their names, sorted
  std::string weightiest;  // the one that binds most: what is in doubt or runs before what is done; "": there is none
  StepState state = StepState::pending;  // of that one
  bool is_open = false;                  // the end of that one is not known
  bool has_begun = false;                // one of them has
  bool was_touched = false;              // one of them is done, or open, or did something
};

class StepRecords {
 public:
  explicit StepRecords(const RunState& state);
  // By the id of a step of the runbook that is run.
  const StepRecord& of(const std::string& id) const;

 private:
  std::map<std::string, StepRecord> by_step_;
};

}  // namespace runbook
