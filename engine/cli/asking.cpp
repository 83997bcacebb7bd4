#include "cli/asking.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "base/trimmed.h"
#include "cli/evidence.h"
#include "cli/file_completion.h"

namespace runbook {

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }

std::optional<std::string> ask_line(LineEditor& editor, const std::string& prompt, const LineEditor::Completer& completer) {
  const auto typed = editor.read_line(prompt, completer);
  if (!typed) return fmt::print(stderr, "\n"), std::nullopt;
  return std::string(trimmed(*typed));
}

std::optional<std::string> ask_for(LineEditor& editor, const std::string& prompt) {
  while (true) {
    auto typed = ask_line(editor, prompt);
    if (!typed || !typed->empty()) return typed;
  }
}

std::optional<Value> ask_evidence(LineEditor& editor, EvidenceIs wanted) {
  const bool may_be_none = wanted == EvidenceIs::optional;
  const std::string prompt = fmt::format("evidence (a note, a file, a URL{}): ", may_be_none ? "; Enter for none" : "");
  while (true) {
    const auto typed = ask_line(editor, prompt, files_meant);
    if (!typed) return std::nullopt;
    if (typed->empty() && may_be_none) return Value();
    if (typed->empty()) continue;
    try {
      return typed_evidence(*typed);
    } catch (const Error& error) {
      say(error.what());
    }
  }
}

}  // namespace runbook
