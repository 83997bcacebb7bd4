#pragma once
// What is asked at the terminal again and again: a line, a reason, evidence. Each gives nullopt where the person leaves it (Ctrl-D), or where
// it is broken off.
#include <optional>
#include <string>

#include "base/value.h"
#include "os/line_editor.h"

namespace runbook {

// A line on standard error.
void say(const std::string& text);

// Without blanks around it; Enter alone is "".
std::optional<std::string> ask_line(LineEditor& editor, const std::string& prompt,
                                    const LineEditor::Completer& completer = nullptr);
// Asked until something is typed.
std::optional<std::string> ask_for(LineEditor& editor, const std::string& prompt);

enum class EvidenceIs { optional, required };
// A note, a file or a URL, as an answer carries it; null: none.
std::optional<Value> ask_evidence(LineEditor& editor, EvidenceIs wanted);

}  // namespace runbook
