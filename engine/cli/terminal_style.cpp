#include "cli/terminal_style.h"

#include "os/terminal.h"

namespace runbook {

std::optional<MarkdownStyle> markdown_style(int fd) {
  if (!is_terminal(fd)) return std::nullopt;
  return MarkdownStyle{terminal_columns(fd), wants_colour(fd), terminal_charset()};
}

}  // namespace runbook
