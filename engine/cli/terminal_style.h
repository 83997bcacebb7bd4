#pragma once
#include <optional>

#include "report/markdown_text.h"

namespace runbook {

// How Markdown is to look there; nullopt where no person looks, and a text stays as it is written.
std::optional<MarkdownStyle> markdown_style(int fd);

}  // namespace runbook
