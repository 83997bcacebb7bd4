#include "book/yaml_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/source_text.h"
#include "base/trimmed.h"

namespace runbook {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr auto npos = std::string_view::npos;

struct Line {
  std::size_t begin = 0, end = 0;  // without the line break
};

// Where `key: value` has its colon; npos: it is none.
std::size_t colon_of_key(std::string_view line) {
  for (std::size_t at = line.find(':'); at != npos; at = line.find(':', at + 1)) {
    if (at + 1 == line.size() || line[at + 1] == ' ') return at;
  }
  return npos;
}

class Cause {
 public:
  Cause(std::string_view text, std::string_view words, std::size_t offset, const ReadingState& state)
      : text_(text), words_(words), offset_(std::min(offset, text.size())), state_(state), source_("", std::string(text)) {}

  Diagnostic find() const {
    if (auto found = tab()) return *found;
    if (says("escape character")) return escape();
    if (says("EOF in scalar") || says("document indicator in scalar")) return open_quote();
    if (state_.last_long_quote && !says("anchor") && !says("flow not found")) return long_quote();
    if (says("anchor") || says("alias")) return reference_mark();
    if (says("unknown token")) return reserved_character();
    if (says("flow not found")) return open_bracket();
    if (says("flow end")) return wrong_bracket();
    if (says("block entry")) return list_on_line_of_key();
    if (says("block scalar") || says("zero indentation")) return block_scalar();
    if (says("map value")) return colon();
    if (says("end of map") || says("end of sequence")) return end_of_block();
    if (says("hex number") || says("unicode"))
      return at(offset_, "this escape names no character",
                "put the value into single quotes, where `\\` is an ordinary character");
    if (says("tag")) return at(offset_, "YAML reads `!` at the beginning of a value as a tag", "put the value into quotes");
    if (says("YAML version") || says("directive") || text_of(line_at(offset_)).starts_with('%'))
      return at(offset_, "a runbook needs no line that begins with `%`", "remove it");
    return at(offset_, "this is not YAML", "look at quotes, colons and indentation here and in the line above");
  }

 private:
  bool says(std::string_view part) const { return words_.find(part) != npos; }
  std::string_view character() const { return text_.substr(offset_, 1); }

  Diagnostic at(std::size_t offset, std::string message, std::string hint = {}) const {
    return {Diagnostic::Severity::error, source_.place_at(std::min(offset, text_.size())), 1, std::move(message),
            std::move(hint)};
  }

  Line line_at(std::size_t offset) const {
    const std::size_t before = offset == 0 ? npos : text_.rfind('\n', offset - 1);
    Line line{before == npos ? 0 : before + 1, std::min(text_.find('\n', offset), text_.size())};
    if (line.end > line.begin && text_[line.end - 1] == '\r') --line.end;
    return line;
  }
  std::string_view text_of(Line line) const { return text_.substr(line.begin, line.end - line.begin); }
  // The nearest line above that is not blank; an empty one at the beginning of the text.
  Line line_above(Line line) const {
    while (line.begin > 0) {
      line = line_at(line.begin - 1);
      if (!trimmed(text_of(line)).empty()) return line;
    }
    return {};
  }
  static std::size_t indent_of(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

  std::optional<Diagnostic> tab() const {
    const Line here = line_at(offset_);
    for (const Line line : {here, line_above(here)}) {
      const std::string_view written = text_of(line);
      const std::size_t found = written.find('\t');
      if (found == npos || found >= std::min(written.find_first_not_of(" \t"), written.size())) continue;
      return at(line.begin + found, "YAML does not allow tabs for indentation", "indent with spaces");
    }
    return std::nullopt;
  }

  Diagnostic escape() const {
    const std::size_t backslash = text_.rfind('\\', offset_);
    const std::size_t place = backslash == npos ? offset_ : backslash;
    return at(place, fmt::format("`{}` is no escape that YAML knows in double quotes", text_.substr(place, 2)),
              "put the value into single quotes, where `\\` is an ordinary character");
  }

  Diagnostic open_quote() const {
    std::size_t begin = text_.find_first_of("\"'", state_.last_scalar);
    if (begin == state_.last_scalar) begin = text_.find_first_of("\"'", end_of_quoted(text_, begin));
    if (begin == npos) begin = offset_;
    return at(begin, fmt::format("the quote `{}` is never closed", text_.substr(begin, 1)), "close it at the end of the value");
  }

  Diagnostic long_quote() const {
    const std::size_t begin = *state_.last_long_quote;
    const std::size_t end = end_of_quoted(text_, begin);
    return at(begin,
              fmt::format("this quote is closed only in line {}", source_.place_at(end == npos ? text_.size() : end - 1).line),
              "is a closing quote missing on this line?");
  }

  Diagnostic reference_mark() const {
    const std::size_t mark = text_.find_last_of("&*", offset_);
    const std::size_t place = mark == npos ? offset_ : mark;
    const std::string_view value = trimmed(text_.substr(place, line_at(place).end - place));
    if (says("not defined"))
      return at(place,
                fmt::format("YAML reads `*` at the beginning of a value as an alias, and there is no anchor `&{}`",
                            value.substr(std::min<std::size_t>(1, value.size()))),
                fmt::format("for plain text write '{}'", value));
    return at(place, fmt::format("YAML reads `{}` at the beginning of a value as its own mark", text_.substr(place, 1)),
              fmt::format("for plain text write '{}'", value));
  }

  Diagnostic reserved_character() const {
    const std::string_view value = trimmed(text_.substr(offset_, line_at(offset_).end - offset_));
    const std::string_view quote = value.find('\'') == npos ? "'" : "\"";
    const std::string name = character() == "`" ? "a backtick" : fmt::format("`{}`", character());
    return at(offset_, fmt::format("a value can't begin with {}", name),
              fmt::format("put it into quotes: {0}{1}{0}", quote, value));
  }

  // The innermost `[` or `{` that is open; npos: there is none.
  std::size_t bracket() const {
    if (state_.open.empty()) return npos;
    const std::size_t open = state_.open.back();
    return text_[open] == '[' || text_[open] == '{' ? open : npos;
  }

  Diagnostic open_bracket() const {
    const Line line = line_at(offset_);
    const std::size_t expression = text_of(line).find("${{");
    if (expression != npos)
      return at(line.begin + expression, "inside `{...}` and `[...]` an expression must be quoted", "write \"${{ ... }}\"");
    if (line_at(state_.last_scalar).begin == line.begin && trimmed(character()).size() == 1) return in_brackets(line);
    const std::size_t open = bracket();
    if (open == npos) return at(offset_, "a comma or the closing bracket is missing before this");
    const bool has_comment = text_of(line_at(open)).find(" #") != npos;
    return at(open, fmt::format("this `{}` is not closed", text_[open]),
              has_comment ? "` #` begins a comment: a value that contains it must be quoted"
                          : "close it, and separate the values by commas");
  }

  Diagnostic in_brackets(Line line) const {
    if (character() != ":")
      return at(offset_, "a comma is missing before this", "separate the values by commas, or put the whole value into quotes");
    const std::size_t end = std::min(text_.find_first_of(",]}", offset_), line.end);
    const std::string_view value = trimmed(text_.substr(state_.last_scalar, end - state_.last_scalar));
    return at(state_.last_scalar, "a value that contains `: ` must be quoted",
              fmt::format("write \"{}\", or put a comma between two keys", value));
  }

  Diagnostic wrong_bracket() const {
    const std::size_t open = bracket();
    if (open == npos)
      return at(offset_, fmt::format("this `{}` closes nothing", character()), "remove it, or put the value into quotes");
    return at(offset_,
              fmt::format("this `{}` can't close the `{}` of line {}", character(), text_[open], source_.place_at(open).line),
              fmt::format("close that one first, by `{}`", text_[open] == '[' ? ']' : '}'));
  }

  Diagnostic list_on_line_of_key() const {
    return at(offset_, "a list can't begin on the line of its key", "put `- ` on the next line, or write [a, b]");
  }

  Diagnostic block_scalar() const {
    return at(offset_, "text can't stand on the line of `|` or `>`", "begin the text on the next line, indented");
  }

  // A second `: ` where none can be: on the line of a value, or in a line that continues one.
  Diagnostic colon() const {
    const Line line = line_at(offset_);
    const std::string_view before = text_.substr(line.begin, offset_ - line.begin);
    if (const std::size_t first = colon_of_key(before); first != npos) return colon_in_value(line, line.begin + first);
    const Line above = line_above(line);
    const std::string_view written = trimmed(text_of(above));
    if (above.end == above.begin || above.begin == line.begin)
      return at(offset_, "nothing stands before this colon that could be a key");
    const std::size_t key_colon = colon_of_key(written);
    if (key_colon == npos && written.find(':') != npos && indent_of(text_of(above)) == indent_of(text_of(line)))
      return missing_blank(above);
    if (key_colon == npos)
      return at(above.begin + indent_of(text_of(above)), "this line is no `key: value`, and a key follows it",
                "write `key: value`, or put the text into quotes");
    return at(line.begin + indent_of(text_of(line)),
              "this line is indented deeper than the key above, which has its value already",
              "indent both lines alike, or remove the value above");
  }

  Diagnostic colon_in_value(Line line, std::size_t first) const {
    const std::size_t begin = text_.find_first_not_of(' ', first + 1);
    const std::string_view value = trimmed(text_.substr(begin, line.end - begin));
    const std::string_view quote = value.find('"') == npos && value.find('\\') == npos ? "\"" : "'";
    const bool can_be_shown = value.find(quote) == npos;
    return at(
        begin, "a value that contains `: ` must be quoted",
        can_be_shown ? fmt::format("write {0}{1}{0}", quote, value) : "put it into quotes, or on a line of its own after `|`");
  }

  Diagnostic missing_blank(Line above) const {
    const std::string_view written = trimmed(text_of(above));
    const std::size_t colon = written.find(':');
    return at(above.begin + text_of(above).find(':'), "a blank is missing after this colon",
              fmt::format("write `{}: {}`", written.substr(0, colon), written.substr(colon + 1)));
  }

  Diagnostic end_of_block() const {
    const Line line = line_at(offset_);
    const std::string_view before = trimmed(text_.substr(line.begin, offset_ - line.begin));
    if (before.ends_with('"') || before.ends_with('\'')) {
      const std::size_t begin = std::min(text_.find_first_not_of(blanks, offset_), text_.size());
      return at(begin, "this text stands behind a closing quote",
                "put the whole value into quotes; inside '...' a quote is written ''");
    }
    if (before.ends_with(']') || before.ends_with('}')) return behind_bracket(line);
    if (!before.empty()) return at(offset_, "this can't stand here", "put the value into quotes");
    if (character() == "-") return at(offset_, "this `-` fits no list above", "indent it as the other items of its list");
    const std::string_view above = text_of(line_above(line));
    const std::size_t column = above.find_first_not_of(" -") + 1;
    return at(offset_, "the indentation of this line fits no line above",
              fmt::format("what stands in the line above begins in column {}", column));
  }

  Diagnostic behind_bracket(Line line) const {
    const std::size_t colon = colon_of_key(text_of(line));
    const std::size_t begin = text_.find_first_of("[{", colon == npos ? line.begin : line.begin + colon + 1);
    if (begin >= offset_)
      return at(offset_, "this stands behind a closing bracket", "begin a new line, or put the value into quotes");
    const std::string_view value = trimmed(text_.substr(begin, line.end - begin));
    return at(begin,
              fmt::format("YAML reads `{}` at the beginning of a value as the beginning of a {}", text_[begin],
                          text_[begin] == '[' ? "list" : "map"),
              value.find('\'') == npos ? fmt::format("for plain text write '{}'", value) : "put the value into quotes");
  }

  std::string_view text_;
  std::string_view words_;
  std::size_t offset_;
  const ReadingState& state_;
  SourceText source_;
};

}  // namespace

std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') ++at;
    else if (text[at] == quote && quote == '\'' && text.substr(at + 1).starts_with('\'')) ++at;
    else if (text[at] == quote) return at + 1;
  }
  return npos;
}

bool is_closed(std::string_view text, std::size_t begin) {
  int depth = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at] == '[' || text[at] == '{') ++depth;
    if ((text[at] == ']' || text[at] == '}') && --depth == 0) return true;
  }
  return false;
}

Diagnostic yaml_cause(std::string_view text, std::string_view parser_words, std::size_t offset, const ReadingState& state) {
  return Cause(text, parser_words, offset, state).find();
}

}  // namespace runbook
