#pragma once
// What is asked of a person, as text: instructions and checklist, each line after a margin.
#include <string>

#include "base/value.h"
#include "state/run_state.h"

namespace runbook {

std::string form_text(const Value& form, const Question& question, const std::string& margin);
// `text`, each line after `margin`; it ends with a line end.
std::string with_margin(const std::string& text, const std::string& margin);
// One line of a piece of evidence, as the record has it: "note: seen in the console", "file: plan.pdf (12 KB, sha256 0f3a...)".
std::string evidence_line(const Value& evidence);

}  // namespace runbook
