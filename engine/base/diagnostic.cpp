#include "base/diagnostic.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "base/utf8.h"

namespace runbook {
namespace {

constexpr std::size_t widest_excerpt = 100;  // code points
constexpr std::size_t kept_before = 50;      // of them before the place, where the line is longer
constexpr std::size_t longest_message = 240;
constexpr std::size_t longest_hint = 400;
constexpr int most_lines_of_hint = 10;
constexpr std::size_t most_shown = 20;
constexpr std::size_t shown_of_a_flood = 8;

// What could move the cursor, change colours or reorder the text of a terminal.
bool is_control(char32_t c) {
  return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

struct Cell {
  std::string_view bytes;
  int columns = 1;
};

// How many columns of a terminal a code point takes.
int columns_of(char32_t c) {
  const bool is_combining = (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200D) || (c >= 0xFE00 && c <= 0xFE0F);
  if (is_combining) return 0;
  const bool is_wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                       (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFF60) || (c >= 0x1F300 && c <= 0x1FAFF) ||
                       (c >= 0x20000 && c <= 0x3FFFD);
  return is_wide ? 2 : 1;
}

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  for (std::size_t at = 0; at < line.size();) {
    const CodePoint point = code_point_at(line, at);
    const bool is_shown = point.is_valid && !is_control(point.value);
    cells.push_back(is_shown ? Cell{line.substr(at, point.length), columns_of(point.value)} : Cell{replacement_character, 1});
    at += point.length;
  }
  return cells;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const Cell& cell : cells_of(text)) shown += cell.bytes;
  return shown;
}

// The part of a line that is shown: cells [first, last).
struct Window {
  std::size_t first = 0;
  std::size_t last = 0;
};

Window window_around(std::size_t cell, std::size_t count) {
  if (count <= widest_excerpt) return {0, count};
  const std::size_t latest = count - widest_excerpt;
  const std::size_t first = std::min(cell > kept_before ? cell - kept_before : 0, latest);
  return {first, first + widest_excerpt};
}

// Where something of the line is not shown.
struct Cut {
  bool before = false, after = false;
};

std::string excerpt_line(const std::vector<Cell>& cells, Window window, Cut cut) {
  std::string text = cut.before ? "…" : "";
  for (std::size_t i = window.first; i < window.last; ++i) text += cells[i].bytes;
  if (cut.after) text += "…";
  return text;
}

// Tabs are repeated as tabs: however wide the terminal shows them, both lines agree.
std::string caret_line(const std::vector<Cell>& cells, Window window, Cut cut, std::size_t cell, int length) {
  std::string text = cut.before ? " " : "";
  for (std::size_t i = window.first; i < cell; ++i) {
    if (cells[i].bytes == "\t") text += '\t';
    else text.append(static_cast<std::size_t>(cells[i].columns), ' ');
  }
  const std::size_t end = std::min(cell + static_cast<std::size_t>(std::max(length, 1)), window.last);
  int columns = 0;
  for (std::size_t i = cell; i < end; ++i) columns += cells[i].columns;
  text += '^';
  if (columns > 1) text.append(static_cast<std::size_t>(columns) - 1, '~');
  return text;
}

std::string excerpt(const Diagnostic& diagnostic, const SourceText& source) {
  // Of a line that may be megabytes long, more than can be shown on either side.
  const int line = diagnostic.place.line, column = std::max(diagnostic.place.column, 1);
  const int reach = static_cast<int>(2 * widest_excerpt);
  const std::size_t line_begin = source.offset_of({line, 1}), line_end = line_begin + source.line(line).size();
  const std::size_t begin = source.offset_of({line, column - reach});
  const std::size_t end =
      column < std::numeric_limits<int>::max() - reach ? source.offset_of({line, column + reach}) : line_end;
  const std::vector<Cell> cells = cells_of(std::string_view(source.text()).substr(begin, end - begin));

  const auto wanted = static_cast<std::size_t>(column - std::max(column - reach, 1));
  const std::size_t cell = std::min(wanted, cells.size());
  const Window window = window_around(cell, cells.size());
  const Cut cut = {begin > line_begin || window.first > 0, end < line_end || window.last < cells.size()};
  return fmt::format("{:5} | {}\n      | {}\n", line, excerpt_line(cells, window, cut),
                     caret_line(cells, window, cut, cell, diagnostic.length));
}

std::string headline(const Diagnostic& diagnostic, const SourceText& source) {
  std::string text = printable(source.name());
  if (diagnostic.place.line > 0) text += fmt::format(":{}", diagnostic.place.line);
  if (diagnostic.place.line > 0 && diagnostic.place.column > 0) text += fmt::format(":{}", diagnostic.place.column);
  const char* severity = diagnostic.severity == Diagnostic::Severity::error ? "error" : "warning";
  return fmt::format("{}: {}: {}\n", text, severity, printable(diagnostic.message));
}

}  // namespace

std::string hint_lines(std::string_view hint) {
  std::string text;
  const SourceText lines("", std::string(hint));
  for (int number = 1; number <= lines.line_count(); ++number) {
    text += fmt::format("{}{}\n", number == 1 ? "  hint: " : "        ", printable(lines.line(number)));
  }
  return text;
}

namespace {

// Behind so many code points, from `at` on; the end of the text if it has fewer.
std::size_t skip(std::string_view text, std::size_t at, std::size_t code_points) {
  for (; code_points > 0 && at < text.size(); --code_points) at += code_point_at(text, at).length;
  return at;
}

// The beginning and the end of what is longer.
std::string shortened(std::string text, std::size_t most_code_points) {
  if (skip(text, 0, most_code_points) == text.size()) return text;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = skip(text, at, 1)) ++count;
  const std::size_t kept_at_end = most_code_points / 3;
  return text.substr(0, skip(text, 0, most_code_points - kept_at_end)) + "…" + text.substr(skip(text, 0, count - kept_at_end));
}

std::string first_lines(const std::string& text, int most) {
  std::size_t end = 0;
  for (int line = 0; line < most && end != std::string::npos; ++line) end = text.find('\n', end == 0 ? 0 : end + 1);
  return end == std::string::npos ? text : text.substr(0, end);
}

auto sort_key(const Diagnostic& d) {
  const std::string_view file = d.source ? std::string_view(d.source->name()) : std::string_view();
  return std::make_tuple(file, d.place, d.severity, std::string_view(d.message), std::string_view(d.hint), d.length);
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const SourceText& asked) {
  const SourceText& source = diagnostic.source ? *diagnostic.source : asked;
  std::string text = headline(diagnostic, source);
  const bool has_excerpt = diagnostic.place.line > 0 && diagnostic.place.line <= source.line_count();
  if (has_excerpt) text += excerpt(diagnostic, source);
  if (!diagnostic.hint.empty()) text += hint_lines(diagnostic.hint);
  return text;
}

std::string render_all(const std::vector<Diagnostic>& sorted, std::size_t count, const SourceText& source) {
  const bool is_flood = count > most_shown;
  const std::size_t shown = std::min(sorted.size(), is_flood ? shown_of_a_flood : most_shown);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += render(sorted[i], source);
  if (is_flood)
    text += fmt::format("{}: {} more problems are not shown; mend these first\n", printable(source.name()), count - shown);
  return text;
}

Diagnostic in_short(Diagnostic diagnostic) {
  diagnostic.message = shortened(std::move(diagnostic.message), longest_message);
  diagnostic.hint = shortened(first_lines(diagnostic.hint, most_lines_of_hint), longest_hint);
  return diagnostic;
}

void sort_diagnostics(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return sort_key(a) < sort_key(b); });
  const auto end = std::unique(diagnostics.begin(), diagnostics.end(),
                               [](const Diagnostic& a, const Diagnostic& b) { return sort_key(a) == sort_key(b); });
  diagnostics.erase(end, diagnostics.end());
}

const Diagnostic* first_error(const std::vector<Diagnostic>& diagnostics) {
  const auto found = std::find_if(diagnostics.begin(), diagnostics.end(),
                                  [](const Diagnostic& each) { return each.severity == Diagnostic::Severity::error; });
  return found == diagnostics.end() ? nullptr : &*found;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) { return first_error(diagnostics) != nullptr; }

}  // namespace runbook
