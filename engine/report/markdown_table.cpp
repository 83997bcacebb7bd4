#include "report/markdown_table.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <numeric>

#include "report/markdown_words.h"

namespace runbook {

namespace {

using Cell = std::vector<MarkdownWord>;
using Row = std::vector<Cell>;
using Widths = std::vector<std::size_t>;

constexpr std::size_t between = 3;      // " | "
constexpr std::size_t readable = 12;    // no column of prose is narrower
constexpr std::size_t indentation = 2;  // of a record's further lines

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::size_t whole_width(const Cell& cell) {
  std::size_t width = 0;
  for (const MarkdownWord& word : cell) width += word.width + (word.has_blank ? 1 : 0);
  return width;
}

std::size_t longest_word(const Cell& cell) {
  std::size_t width = 0;
  for (const MarkdownWord& word : cell) width = std::max(width, word.width);
  return width;
}

class Table {
 public:
  Table(cmark_node* table, const MarkdownStyle& style, std::size_t width) : style_(style), width_(width) {
    count_ = std::max<std::size_t>(cmark_gfm_extensions_get_table_columns(table), 1);
    if (const auto* given = cmark_gfm_extensions_get_table_alignments(table)) alignments_.assign(given, given + count_);
    alignments_.resize(count_);
    for (cmark_node* row = cmark_node_first_child(table); row; row = cmark_node_next(row)) rows_.push_back(read_row(row));
  }

  std::vector<std::string> lines() const {
    const Widths widths = fitting();
    return widths.empty() ? records() : columns(widths);
  }

 private:
  Row read_row(cmark_node* node) const {
    Row row;
    MarkdownStyle style = style_;
    for (cmark_node* cell = cmark_node_first_child(node); cell && row.size() < count_; cell = cmark_node_next(cell))
      row.push_back(markdown_words(cell, style, CodeSpans::broken, 0));
    row.resize(count_);
    return row;
  }

  template <typename Measure>
  Widths measured(Measure measure) const {
    Widths widths(count_, 1);
    for (const Row& row : rows_)
      for (std::size_t i = 0; i < count_; ++i) widths[i] = std::max(widths[i], measure(row[i]));
    return widths;
  }

  std::size_t total(const Widths& widths) const {
    return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + between * (count_ - 1);
  }

  // Empty: none do.
  Widths fitting() const {
    Widths wanted = measured(whole_width);
    if (total(wanted) <= width_) return wanted;
    Widths widths = measured(longest_word);
    for (std::size_t i = 0; i < count_; ++i) widths[i] = std::max(widths[i], std::min(wanted[i], readable));
    if (total(widths) > width_) return {};
    for (std::size_t left = width_ - total(widths); left > 0; --left) {
      std::size_t neediest = 0;
      for (std::size_t i = 0; i < count_; ++i)
        if (wanted[i] * widths[neediest] > wanted[neediest] * widths[i]) neediest = i;
      widths[neediest] += 1;
    }
    return widths;
  }

  std::string aligned(const ShownLine& line, std::size_t column, std::size_t width, bool is_head) const {
    const std::size_t rest = width - std::min(width, line.width);
    const std::size_t before = alignments_[column] == 'r' ? rest : alignments_[column] == 'c' ? rest / 2 : 0;
    return std::string(before, ' ') + (is_head ? strong(line.text, style_) : line.text) + std::string(rest - before, ' ');
  }

  std::vector<std::string> row_lines(const Row& row, const Widths& widths, bool is_head) const {
    std::vector<std::vector<ShownLine>> cells;
    std::size_t height = 1;
    for (std::size_t i = 0; i < count_; ++i) {
      cells.push_back(wrapped(row[i], widths[i]));
      height = std::max(height, cells.back().size());
    }
    const std::string bar = style_.charset == Charset::utf8 ? " │ " : " | ";
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < height; ++at) {
      std::string line;
      for (std::size_t i = 0; i < count_; ++i)
        line += (i > 0 ? bar : "") + aligned(at < cells[i].size() ? cells[i][at] : ShownLine(), i, widths[i], is_head);
      line.erase(line.find_last_not_of(' ') + 1);
      lines.push_back(std::move(line));
    }
    return lines;
  }

  std::string rule(const Widths& widths) const {
    const bool is_utf8 = style_.charset == Charset::utf8;
    std::string line;
    for (std::size_t i = 0; i < count_; ++i) {
      if (i > 0) line += is_utf8 ? "─┼─" : "-+-";
      line += repeated(is_utf8 ? "─" : "-", widths[i]);
    }
    return line;
  }

  std::vector<std::string> columns(const Widths& widths) const {
    std::vector<std::vector<std::string>> rows;
    bool is_wrapped = false;
    for (const Row& row : rows_) {
      rows.push_back(row_lines(row, widths, rows.empty()));
      is_wrapped = is_wrapped || (rows.size() > 1 && rows.back().size() > 1);
    }
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      // Of wrapped rows one could not see where the next begins.
      if (i == 1 || (i > 1 && is_wrapped)) lines.push_back(rule(widths));
      lines.insert(lines.end(), rows[i].begin(), rows[i].end());
    }
    return lines;
  }

  std::vector<std::string> records() const {
    std::vector<std::string> lines;
    for (std::size_t at = 1; at < rows_.size(); ++at) {
      if (at > 1) lines.emplace_back();
      for (std::size_t i = 0; i < count_; ++i) {
        if (rows_[at][i].empty()) continue;
        add_field(lines, rows_[0][i], rows_[at][i]);
      }
    }
    return lines.empty() ? heads_alone() : lines;
  }

  void add_field(std::vector<std::string>& lines, Cell head, const Cell& cell) const {
    if (!head.empty()) {
      head.back().text += ":";
      head.back().width += 1;
      for (MarkdownWord& word : head) word.text = strong(word.text, style_);
    }
    const std::size_t behind = head.size();
    head.insert(head.end(), cell.begin(), cell.end());
    if (behind > 0 && behind < head.size()) head[behind].has_blank = true;
    bool is_first = true;
    for (const ShownLine& line : wrapped(head, width_ - indentation)) {
      lines.push_back((is_first ? "" : std::string(indentation, ' ')) + line.text);
      is_first = false;
    }
  }

  std::vector<std::string> heads_alone() const {
    std::vector<std::string> lines;
    for (const Cell& head : rows_.empty() ? Row() : rows_[0])
      for (const ShownLine& line : wrapped(head, width_)) lines.push_back(strong(line.text, style_));
    return lines;
  }

  const MarkdownStyle& style_;
  std::size_t width_, count_ = 1;
  std::vector<std::uint8_t> alignments_;  // 'l', 'c', 'r', or 0
  std::vector<Row> rows_;                 // the first is the header
};

}  // namespace

std::vector<std::string> table_lines(cmark_node* table, const MarkdownStyle& style, std::size_t width) {
  return Table(table, style, width).lines();
}

}  // namespace runbook
