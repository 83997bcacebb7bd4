#pragma once
// A manual step at the terminal: instructions, checklist, the choice, values, evidence; one line after the other.
#include <optional>
#include <string>

#include "book/runbook.h"
#include "os/line_editor.h"
#include "run/inbox.h"
#include "state/run_state.h"

namespace runbook {

class ManualDialog {
 public:
  ManualDialog(LineEditor& editor, Inbox& inbox, const std::string& who, const Manual& manual)
      : editor_(editor), inbox_(inbox), who_(who), manual_(manual) {}
  // Ticks are posted as they are made. nullopt: Ctrl-D, or broken off.
  std::optional<Answer> put(const Question& question);

 private:
  // The choice if the person leaves the checklist with one; "": all is ticked.
  std::optional<std::string> tick_all(const Question& question);
  std::optional<std::string> choose(const Question& question);
  std::optional<Answer> with_reason(Answer given);
  std::optional<Answer> confirm(const Question& question);
  std::optional<Value> value_of(const Input& input, const Value& form);
  // null: none.
  std::optional<Value> evidence(const Value& form);

  LineEditor& editor_;
  Inbox& inbox_;
  const std::string& who_;
  const Manual& manual_;
};

}  // namespace runbook
