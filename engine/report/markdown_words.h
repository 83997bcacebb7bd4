#pragma once
// What stands in a paragraph, as words, and words as lines.
#include <string>
#include <vector>

#include "report/markdown_text.h"

struct cmark_node;

namespace runbook {

struct MarkdownWord {
  std::string text;        // with its control sequences
  std::size_t width = 0;   // without
  bool has_blank = false;  // before it
  bool ends_line = false;
};

enum class CodeSpans {
  whole,   // stay on one line where it holds them
  broken,  // may be broken at blanks
};

// All text below the node; between blocks the line ends.
std::vector<MarkdownWord> markdown_words(cmark_node* node, const MarkdownStyle& style, CodeSpans spans, std::size_t width);

struct ShownLine {
  std::string text;
  std::size_t width = 0;
};
// At least one line. A word that is longer than `width` has a line of its own.
std::vector<ShownLine> wrapped(const std::vector<MarkdownWord>& words, std::size_t width);

// Bold where there are styles, whatever else it has.
std::string strong(std::string line, const MarkdownStyle& style);

}  // namespace runbook
