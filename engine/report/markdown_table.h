#pragma once
#include <string>
#include <vector>

#include "report/markdown_text.h"

struct cmark_node;

namespace runbook {

// In columns as wide as they must be, cells wrapped; where that leaves no room for a word, row by row as "header: cell".
std::vector<std::string> table_lines(cmark_node* table, const MarkdownStyle& style, std::size_t width);

}  // namespace runbook
