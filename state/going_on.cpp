#include "state/going_on.h"

namespace runbook {

std::string words_to_go_on(const RunState& state, const std::string& run) {
  if (state.is_scripted) return "walk --rehearse --resume " + run;
  if (state.is_undoing) return "undo " + run;
  return (state.is_cancelling ? "cancel " : "run --resume ") + run;
}

std::string command_to_go_on(const RunState& state, const std::string& run, const std::string& journal_words) {
  return "runbook " + words_to_go_on(state, run) + journal_words;
}

}  // namespace runbook
