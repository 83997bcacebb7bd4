#pragma once
// The whole command with which a run goes on, wherever one is shown.
#include <string>

#include "state/going_on.h"

namespace runbook {

// "runbook undo RUN --journal X", by words_to_go_on; of a rehearsal "runbook walk --rehearse --resume RUN", whatever it does.
// `journal_words`: " --journal X", or "".
std::string command_to_go_on(const RunState& state, const std::string& run, const std::string& journal_words);

}  // namespace runbook
