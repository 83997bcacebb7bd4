#pragma once
// The command with which a run goes on, wherever one is shown.
#include <string>

#include "state/journal_file.h"
#include "state/run_state.h"

namespace runbook {

// "undo RUN" while it is being undone, "cancel RUN" while it is being cancelled, else "run --resume RUN"; of a rehearsal
// "walk --rehearse --resume RUN", whatever it does.
std::string words_to_go_on(const RunState& state, const std::string& run);
// What must be typed besides, for the commands to mean this journal.
std::string journal_words(const JournalFile& file);
// The whole of it: "runbook undo RUN --journal X". `journal_words`: " --journal X", or "".
std::string command_to_go_on(const RunState& state, const std::string& run, const std::string& journal_words);

}  // namespace runbook
