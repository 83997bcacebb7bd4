#pragma once
// A text in the person's own editor: VISUAL, EDITOR, or vi.
#include <optional>
#include <string>

namespace runbook {

// Opened at that line, in a file (0600) that is gone afterwards. nullopt: the editor said that it failed, and so does standard error.
std::optional<std::string> typed_in_editor(const std::string& text, int line, const std::string& dir);

}  // namespace runbook
