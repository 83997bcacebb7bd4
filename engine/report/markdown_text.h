#pragma once
// Markdown (CommonMark with tables, strikethrough, task lists and bare links) for a person at a terminal.
#include <cstddef>
#include <string>
#include <string_view>

#include "report/visible_text.h"

namespace runbook {

struct MarkdownStyle {
  std::size_t columns = 80;  // prose takes 100 at most; tables take all; code is as long as it is
  bool has_colour = false;   // bold, underline and colour; without, the marks of the source say the same
  Charset charset = Charset::utf8;
};

// Whole lines. Every link shows its address, and code keeps its lines and blanks, so that both can be copied. Nothing in the source
// reaches the terminal as a control sequence. What is larger than a person reads (64 KB) comes as it is written.
std::string markdown_text(std::string_view markdown, const MarkdownStyle& style);

}  // namespace runbook
