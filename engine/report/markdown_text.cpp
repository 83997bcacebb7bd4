#include "report/markdown_text.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/cells.h"
#include "report/markdown_table.h"
#include "report/markdown_words.h"

namespace runbook {

namespace {

using Lines = std::vector<std::string>;
using Document = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;

constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::size_t most_cells = 20'000;  // cmark makes a cell for each column of each row, also where a row has none
constexpr std::size_t prose_columns = 100, fewest_columns = 16;
constexpr int deepest = 12;  // of quotes and lists within each other; what is deeper is text alone

std::size_t cells_that_may_be(std::string_view markdown) {
  std::size_t rows = 1, widest = 1, bars = 1;
  for (char c : markdown) {
    if (c == '|') widest = std::max(widest, ++bars);
    if (c != '\n') continue;
    rows += 1;
    bars = 1;
  }
  return rows * widest * (widest > 100 ? widest : 1);  // the reading of one row is quadratic
}

Document parse(std::string_view markdown) {
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser(cmark_parser_new(CMARK_OPT_VALIDATE_UTF8),
                                                                           cmark_parser_free);
  for (const char* name : {"table", "strikethrough", "autolink", "tasklist"}) {
    if (std::string_view(name) == "table" && cells_that_may_be(markdown) > most_cells) continue;
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  return {cmark_parser_finish(parser.get()), cmark_node_free};
}

std::string_view kind_of(cmark_node* node) { return cmark_node_get_type_string(node); }

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

class Blocks {
 public:
  explicit Blocks(const MarkdownStyle& style) : style_(style), is_utf8_(style.charset == Charset::utf8) {}

  Lines children_of(cmark_node* node, std::size_t width, int depth, bool is_tight = false) const {
    Lines lines;
    for (cmark_node* child = cmark_node_first_child(node); child; child = cmark_node_next(child)) {
      Lines more = lines_of(child, width, depth);
      if (more.empty()) continue;
      if (!lines.empty() && !is_tight) lines.emplace_back();
      std::move(more.begin(), more.end(), std::back_inserter(lines));
    }
    return lines;
  }

 private:
  Lines lines_of(cmark_node* node, std::size_t width, int depth) const {
    if (depth > deepest) return paragraph(node, width);
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_HEADING: return heading(node, width);
      case CMARK_NODE_CODE_BLOCK: return verbatim(node, "    ");
      case CMARK_NODE_HTML_BLOCK: return verbatim(node, "");
      case CMARK_NODE_THEMATIC_BREAK: return {repeated(is_utf8_ ? "─" : "-", std::min(width, prose_columns))};
      case CMARK_NODE_BLOCK_QUOTE: return quote(node, width, depth);
      case CMARK_NODE_LIST: return list(node, width, depth);
      default: return kind_of(node) == "table" ? table_lines(node, style_, width) : paragraph(node, width);
    }
  }

  Lines paragraph(cmark_node* node, std::size_t width) const {
    width = std::min(width, prose_columns);
    Lines lines;
    for (ShownLine& line : wrapped(markdown_words(node, style_, CodeSpans::whole, width), width))
      lines.push_back(std::move(line.text));
    return lines;
  }

  Lines heading(cmark_node* node, std::size_t width) const {
    const int level = cmark_node_get_heading_level(node);
    std::vector<MarkdownWord> words = markdown_words(node, style_, CodeSpans::whole, width);
    if (words.empty()) return {};
    if (level > 2)
      words.insert(words.begin(), {std::string(static_cast<std::size_t>(level), '#'), static_cast<std::size_t>(level)});
    if (level > 2) words[1].has_blank = true;
    Lines lines;
    std::size_t longest = 0;
    for (ShownLine& line : wrapped(words, std::min(width, prose_columns))) {
      longest = std::max(longest, line.width);
      lines.push_back(strong(std::move(line.text), style_));
    }
    if (level == 1) lines.push_back(repeated(is_utf8_ ? "═" : "=", std::min(longest, width)));
    if (level == 2) lines.push_back(repeated(is_utf8_ ? "─" : "-", std::min(longest, width)));
    return lines;
  }

  Lines verbatim(cmark_node* node, const std::string& indentation) const {
    const char* literal = cmark_node_get_literal(node);
    const std::string text = made_visible(literal ? literal : "", Charset::utf8);
    Lines lines;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      lines.push_back(end == begin ? "" : indentation + text.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

  static std::size_t less(std::size_t width, std::size_t taken) { return std::max(width, fewest_columns + taken) - taken; }

  Lines quote(cmark_node* node, std::size_t width, int depth) const {
    Lines lines = children_of(node, less(width, 2), depth + 1);
    for (std::string& line : lines) line = std::string(is_utf8_ ? "│" : ">") + (line.empty() ? "" : " " + line);
    return lines;
  }

  std::string marker(cmark_node* list, cmark_node* item, int number, int depth) const {
    if (kind_of(item) == "tasklist") return cmark_gfm_extensions_get_tasklist_item_checked(item) ? "[x] " : "[ ] ";
    if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST)
      return fmt::format("{}{} ", number, cmark_node_get_list_delim(list) == CMARK_PAREN_DELIM ? ")" : ".");
    if (!is_utf8_) return "- ";
    return depth % 2 == 0 ? "• " : "◦ ";
  }

  Lines list(cmark_node* node, std::size_t width, int depth) const {
    const bool is_tight = cmark_node_get_list_tight(node) != 0;
    const int first = cmark_node_get_list_start(node);
    int last = first - 1;
    for (cmark_node* item = cmark_node_first_child(node); item; item = cmark_node_next(item)) ++last;
    const bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    const std::size_t widest = is_ordered ? fmt::formatted_size("{}", last) + 2 : 0;
    Lines lines;
    int number = first;
    for (cmark_node* item = cmark_node_first_child(node); item; item = cmark_node_next(item), ++number) {
      std::string mark = marker(node, item, number, depth);
      const std::size_t taken = std::max(widest, cells_of(mark));
      mark.insert(0, taken - cells_of(mark), ' ');
      Lines inside = children_of(item, less(width, taken), depth + 1, is_tight);
      if (inside.empty()) inside.emplace_back();
      if (!lines.empty() && !is_tight) lines.emplace_back();
      for (std::size_t i = 0; i < inside.size(); ++i)
        lines.push_back(inside[i].empty() && i > 0 ? "" : (i == 0 ? mark : std::string(taken, ' ')) + inside[i]);
    }
    return lines;
  }

  const MarkdownStyle& style_;
  bool is_utf8_;
};

}  // namespace

std::string markdown_text(std::string_view markdown, const MarkdownStyle& style) {
  if (markdown.size() > most_bytes) return made_visible(markdown, Charset::utf8);
  const Document document = parse(markdown);
  std::string text;
  for (const std::string& line : Blocks(style).children_of(document.get(), std::max(style.columns, fewest_columns), 0))
    text += line + "\n";
  return text;
}

}  // namespace runbook
