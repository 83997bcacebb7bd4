#include "state/going_on.h"

#include "base/shell_word.h"

namespace runbook {

std::string words_to_go_on(const RunState& state, const std::string& run) {
  if (state.is_undoing) return "undo " + run;
  return (state.is_cancelling ? "cancel " : "run --resume ") + run;
}

std::string journal_words(const JournalFile& file) {
  try {  // there may be no home folder
    if (std::filesystem::weakly_canonical(default_journal_path()) == file.path()) return "";
  } catch (const std::exception&) {
  }
  return " --journal " + quoted_for_shell(file.path().string());
}

}  // namespace runbook
