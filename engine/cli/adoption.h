#pragma once
// The definition that a resumed run goes on with: the one it has, or a changed one that somebody adopts.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "book/runbook.h"
#include "cli/arguments.h"
#include "run/proposal.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

struct GoesOnWith {
  std::shared_ptr<const Runbook> runbook;
  Value inputs;                    // without secrets
  std::vector<Proposal> adoption;  // what is to be recorded first; empty: nothing has changed
};

// A change for one run alone: its file stays as it is.
struct RunEdit {
  std::string text;                        // the definition, whole
  std::map<std::string, std::string> set;  // inputs, as they are typed
  std::string what;                        // as it stands in the record
  std::string because;
};
// What has changed is printed. Throws Error (exit 2), its problems printed with their places, if the run can't go on with it.
GoesOnWith edited_definition(const Arguments& arguments, const JournalFile& file, const std::string& run, const RunState& state,
                             const RunEdit& edit);

// Compares the runbook's file, and those that its steps name, with what the run knows. What has changed is printed; it is adopted with
// `--adopt`, or by who sits at the terminal. Throws Error (exit 2) if it is not, or can't be.
GoesOnWith definition_to_go_on_with(const Arguments& arguments, const JournalFile& file, const std::string& run,
                                    const RunState& state);

}  // namespace runbook
