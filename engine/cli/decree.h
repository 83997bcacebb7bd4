#pragma once
// A command that writes into a run which nobody drives: takes the lock, writes, releases.
#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "run/proposal.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

struct Decree {
  JournalFile& file;
  RunRow row;
  std::string who;
  std::string because;
  Lease::Mode mode = Lease::Mode::polite;
};
struct Pause {
  std::string state, why;
};
// `make` gives the events from the run's state, or throws Error; then nothing is recorded. Afterwards the run is paused as it was, or as
// `state_after` says. Throws Error (exit 5) when an engine drives the run, (exit 2) when it was left.
void decree(const Decree& given, const std::function<std::vector<Proposal>(const RunState&)>& make,
            const std::string& state_after);
// The same, with the pause that it has afterwards.
void decree(const Decree& given, const std::function<std::vector<Proposal>(const RunState&)>& make,
            const std::function<Pause(const RunState&)>& pause_after);

// What follows from an answer that is stored already. false: an engine has taken up the run meanwhile, and with it the answer.
bool decree_answer(const Decree& given, const Answer& answer,
                   const std::function<std::vector<Proposal>(const RunState&, const Question&)>& make,
                   const std::string& state_after);
// The answer becomes the first one to its question; false: another one is. Throws Error (exit 2) when the run was left: nothing is stored
// then, for a later undo would take it up.
bool store_answer(JournalFile& file, const std::string& run, const Answer& answer);
// Throws Error (exit 2).
void require_not_left(const RunRow& row);
// The lease for a command that only writes, and ends no engine. Throws Error (exit 5) that says what works instead.
Lease lease_to_write(const JournalFile& file, const std::string& run);

// The value of --because. Throws Error (exit 2) if it is missing or blank.
std::string require_because(const Arguments& arguments);

}  // namespace runbook
