#pragma once
// With what a run goes on.
#include <string>

#include "state/journal_file.h"
#include "state/run_state.h"

namespace runbook {

// "undo RUN" while it is being undone, "cancel RUN" while it is being cancelled, else "run --resume RUN".
std::string words_to_go_on(const RunState& state, const std::string& run);
// What must be typed besides, for the commands to mean this journal: " --journal X", or "".
std::string journal_words(const JournalFile& file);

}  // namespace runbook
