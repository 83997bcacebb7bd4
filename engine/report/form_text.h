#pragma once
// What is asked of a person, as text: instructions and checklist, each line after a margin.
#include <optional>
#include <string>

#include "base/value.h"
#include "report/markdown_text.h"
#include "state/run_state.h"

namespace runbook {

// With a style the Markdown is rendered, into the columns beside the margin; without one it stays as it is written.
std::string form_text(const Value& form, const Question& question, const std::string& margin,
                      const std::optional<MarkdownStyle>& style = std::nullopt);
// `text`, each line after `margin`; it ends with a line end.
std::string with_margin(const std::string& text, const std::string& margin);
// One line of a piece of evidence, as the record has it: "note: seen in the console", "file: plan.pdf (12 KB, sha256 0f3a...)".
std::string evidence_line(const Value& evidence);

}  // namespace runbook
