#pragma once
// What can be done about a step that failed or is in doubt, at the terminal: what happened, the choices with what each of them records, and
// the words that one of them wants.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "book/runbook.h"
#include "cli/wish.h"
#include "os/line_editor.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

// One unambiguous word each.
struct MenuChoice {
  std::string word, does, records;
};
std::vector<MenuChoice> choices_of_menu(const Question& question);
// The whole page: what failed with its last output and hints, then the choices, in a table where it fits. `question.details`: {output,
// findings, attempt, outputs}.
std::string menu_text(const Question& question, const Step& step, int columns);
// The choice that a word means: itself, or the only one that begins with it. "": none.
std::string choice_meant(const std::vector<MenuChoice>& choices, const std::string& word);

class FailureMenu {
 public:
  FailureMenu(LineEditor& editor, std::string who, const Step& step) : editor_(editor), who_(std::move(who)), step_(step) {}
  using Choice = std::variant<Answer, Wish>;
  // nullopt: Ctrl-D, or broken off.
  std::optional<Choice> put(const Question& question);

 private:
  std::optional<Answer> answer(const Question& question, const std::string& choice);
  // Of a step that is said to be done; what is known of them already is not asked for.
  std::optional<Value> outputs(const Value& known);

  LineEditor& editor_;
  std::string who_;
  const Step& step_;
};

}  // namespace runbook
