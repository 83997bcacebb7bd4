#include "base/cells.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

#include "base/utf8.h"

namespace runbook {

namespace {

constexpr char escape = '\x1b';

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

// Line and paragraph separators too: a terminal may begin a new line there.
bool is_blank_of_another_kind(char32_t point) { return is_control(point) || point == 0x2028 || point == 0x2029; }

// Marks without a shape: direction of text, joiners, byte order.
bool is_hidden_mark(char32_t point) {
  return (point >= 0x200B && point <= 0x200F) || (point >= 0x202A && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) ||
         point == 0x061C || point == 0xFEFF || point == 0x00AD || (point >= 0xE0000 && point <= 0xE007F);
}

// Where a sequence ends whose text runs up to BEL or ESC backslash; without an end only its introducer counts.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\a') return i + 1;
    if (text[i] == escape && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
  }
  return at;
}

std::size_t end_of_controls(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] >= 0x20 && text[at] <= 0x3F) ++at;
  return at < text.size() && text[at] >= 0x40 && text[at] <= 0x7E ? at + 1 : at;
}

// Behind the escape sequence that begins at `at` (ECMA-48).
std::size_t end_of_escape(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return text.size();
  const char kind = text[at + 1];
  if (kind == '[') return end_of_controls(text, at + 2);
  if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') return end_of_string(text, at + 2);
  if (kind < 0x20 || kind > 0x7E) return at + 1;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x2F) ++end;
  return std::min(end + 1, text.size());
}

// The length of a colour at `at`: ESC [ digits ; m. 0: there is none.
std::size_t colour_length(std::string_view text, std::size_t at) {
  if (text[at] != escape || at + 1 >= text.size() || text[at + 1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", at + 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 - at : 0;
}

enum class Colours { go, stay };

std::string made_harmless(std::string_view text, Charset charset, Colours colours) {
  std::string line;
  bool has_colour = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == escape) {
      const std::size_t length = colours == Colours::stay ? colour_length(text, at) : 0;
      line += text.substr(at, length);
      has_colour = has_colour || length > 0;
      at = length > 0 ? at + length : end_of_escape(text, at);
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    const bool is_ascii = point.is_valid && point.value < 0x80;
    if (is_blank_of_another_kind(point.value) && point.is_valid) line += ' ';
    else if (point.is_valid && is_hidden_mark(point.value)) line += "";
    else if (charset == Charset::ascii && !is_ascii) line += '?';
    else line += point.is_valid ? text.substr(at, point.length) : replacement_character;
    at += point.length;
  }
  return has_colour ? line + "\x1b[0m" : line;
}

// The C library knows how wide a character is, if it is asked in a locale that has them all.
class InUnicode {
 public:
  InUnicode() : before_(::uselocale(unicode())) {}
  ~InUnicode() { ::uselocale(before_); }
  InUnicode(const InUnicode&) = delete;

 private:
  static locale_t unicode() {
    static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;
  }
  locale_t before_;
};

std::size_t cells_in_unicode(char32_t point) {
  if (point < 0x300) return 1;
  return static_cast<std::size_t>(std::max(0, ::wcwidth(static_cast<wchar_t>(point))));
}

}  // namespace

std::string harmless(std::string_view text, Charset charset) { return made_harmless(text, charset, Colours::go); }

std::string harmless_with_colours(std::string_view text, Charset charset) {
  return made_harmless(text, charset, Colours::stay);
}

std::size_t cells_of(char32_t point) {
  if (point < 0x300) return 1;
  const InUnicode in_unicode;
  return cells_in_unicode(point);
}

std::size_t cells_of(std::string_view text) {
  const InUnicode in_unicode;
  std::size_t cells = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t colour = colour_length(text, at)) {
      at += colour;
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    cells += cells_in_unicode(point.value);
    at += point.length;
  }
  return cells;
}

std::string cut_to_cells(std::string_view text, std::size_t most, Charset charset) {
  if (cells_of(text) <= most) return std::string(text);
  const std::string_view mark = charset == Charset::utf8 ? "…" : "...";
  const std::size_t mark_cells = charset == Charset::utf8 ? 1 : 3;
  const std::size_t room = most < mark_cells ? 0 : most - mark_cells;
  const InUnicode in_unicode;
  std::string line;
  bool has_colour = false;
  std::size_t cells = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t colour = colour_length(text, at)) {
      line += text.substr(at, colour);
      has_colour = true;
      at += colour;
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    cells += cells_in_unicode(point.value);
    if (cells > room) break;
    line += text.substr(at, point.length);
    at += point.length;
  }
  if (most >= mark_cells) line += mark;
  return has_colour ? line + "\x1b[0m" : line;
}

std::string fitted_to_cells(std::string_view text, std::size_t cells, Charset charset) {
  std::string line = cut_to_cells(text, cells, charset);
  line.append(cells - std::min(cells, cells_of(line)), ' ');
  return line;
}

}  // namespace runbook
