#include "cli/going_on.h"

namespace runbook {

std::string command_to_go_on(const RunState& state, const std::string& run, const std::string& journal_words) {
  const std::string words = state.is_scripted ? "walk --rehearse --resume " + run : words_to_go_on(state, run);
  return "runbook " + words + journal_words;
}

}  // namespace runbook
