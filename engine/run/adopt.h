#pragma once
// What is recorded when a run goes on with a changed runbook.
#include <map>
#include <string>
#include <vector>

#include "run/proposal.h"
#include "run/reconcile.h"
#include "run/scope.h"

namespace runbook {

// What to do with steps that are behind.
enum class Behind { run, skip };

// What the run is to go on with.
struct Adoption {
  const Runbook& now;
  const Reconciliation& changes;
  const RunState& state;
  StoredValues& values;
  Value old_outline;  // what is gone and had begun stays in the new one
  Value inputs;       // null: as they were
  std::map<std::string, Behind> behind;
  std::string who, because;
};
// The event `adopted` first; the files' digests are left to who records it. Throws Error (exit 2): a step is to be skipped of which
// nobody can say yet what it is made into.
std::vector<Proposal> adopt(const Adoption& adoption);

}  // namespace runbook
