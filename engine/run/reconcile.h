#pragma once
// What becomes of a run whose runbook has changed since it began: step by step, and what stands against it.
//
// What a step that is done did can't be changed any more; what people read about it can. What runs or is in doubt stays as it is. All
// that is still to be done can change. A step in loops is judged by all that they made of it: one item that is done is a step that is
// done. What was touched keeps its name, and with it the loops around it.
#include <map>
#include <string>
#include <vector>

#include "book/runbook.h"
#include "run/named_files.h"
#include "state/run_state.h"

namespace runbook {

struct StepChange {
  enum class Kind {
    words,
    deed,
    added,
    removed,
    renamed,  // and nothing else
    moved,    // into other loops, or out of one: what it is made into has other names
  };
  Kind kind = Kind::deed;
  std::string id;                        // the new one; of a removed step the one it had
  std::string former;                    // of a step that was renamed, and may have changed besides
  StepState state = StepState::pending;  // of all its instances, the one that binds most
  int line = 0;                          // in the new file; 0: it is not there
  bool is_left_out = false;              // new, in a section that `when` has left out
  std::vector<std::string> left_out;     // new: its instances in sections that `when` has left out, maybe for some items only
  bool is_behind = false;                // still to be done, and stands before what has begun: somebody decides whether it runs
  std::string twin;                      // the same, of one that does what this step did, which is gone
  std::string why_not;                   // why the run can't go on with it; "" if it can
  std::string hint;                      // and what to do then
};

struct Reconciliation {
  std::vector<StepChange> steps;                // in the order of the new file, then those that are gone
  std::vector<std::string> settings;            // what else reads differently: inputs, env, a section, the order of steps
  std::vector<std::string> files;               // that steps name, and that are not what they were
  std::map<std::string, std::string> renamed;   // former ids to new ones
  std::map<std::string, std::string> sections;  // former paths of sections that are still there to new ones
  std::vector<std::string> left_out_loops;      // new ones, in sections that `when` has left out: "1.2[a]"
  int unchanged = 0;                            // steps

  bool is_same() const { return steps.empty() && settings.empty() && files.empty(); }
  bool is_possible() const;
};

// `named`: the files that the steps of `before` name now.
Reconciliation reconcile(const Runbook& before, const Runbook& now, const RunState& state, const NamedFiles& named);

}  // namespace runbook
