#include "plugins/aws/documentation.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace runbook::aws {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> entities = {{{"&lt;", "<"},
                                                                                    {"&gt;", ">"},
                                                                                    {"&amp;", "&"},
                                                                                    {"&quot;", "\""},
                                                                                    {"&apos;", "'"},
                                                                                    {"&#39;", "'"},
                                                                                    {"&#x27;", "'"},
                                                                                    {"&nbsp;", " "},
                                                                                    {"&#x2019;", "'"}}};

bool ends_line(std::string_view tag) {
  constexpr std::array<std::string_view, 16> blocks = {"p",  "li", "ul", "ol",   "dl",        "dt",      "dd",    "br",
                                                       "h1", "h2", "h3", "note", "important", "caution", "title", "fullname"};
  return std::find(blocks.begin(), blocks.end(), tag) != blocks.end();
}

class PlainText {
 public:
  std::string read(std::string_view html) {
    while (!html.empty())
      html.remove_prefix(html[0] == '<' ? take_tag(html) : html[0] == '&' ? take_entity(html) : take_character(html[0]));
    while (!text_.empty() && (text_.back() == '\n' || text_.back() == ' ')) text_.pop_back();
    return std::move(text_);
  }

 private:
  std::size_t take_tag(std::string_view html) {
    const std::size_t end = html.find('>');
    const bool is_tag =
        html.size() > 1 && (std::isalpha(static_cast<unsigned char>(html[1])) != 0 || html[1] == '/' || html[1] == '!');
    if (end == std::string_view::npos || !is_tag) return take_character('<');
    std::string_view name = html.substr(1, end - 1);
    if (name[0] == '/') name.remove_prefix(1);
    name = name.substr(0, name.find_first_of(" /\n"));
    if (name == "code") text_ += '`';
    if (ends_line(name)) end_line();
    return end + 1;
  }

  std::size_t take_entity(std::string_view html) {
    for (const auto& [entity, character] : entities) {
      if (html.substr(0, entity.size()) != entity) continue;
      take_character(character[0]);
      return entity.size();
    }
    return take_character('&');
  }

  // Runs of blanks count as one.
  std::size_t take_character(char c) {
    const bool is_blank = static_cast<unsigned char>(c) <= ' ';
    if (!is_blank) text_ += c;
    else if (!text_.empty() && text_.back() != ' ' && text_.back() != '\n') text_ += ' ';
    return 1;
  }

  void end_line() {
    while (!text_.empty() && text_.back() == ' ') text_.pop_back();
    if (!text_.empty() && text_.back() != '\n') text_ += '\n';
  }

  std::string text_;
};

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

// Where the first sentence from `from` on ends: behind its full stop, or at the line's end.
std::size_t end_of_sentence(const std::string& text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '\n') return at;
    const bool is_stop = text[at] == '.' && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n');
    if (!is_stop) continue;
    const std::string_view before = std::string_view(text).substr(0, at);
    const bool is_abbreviation = ends_with(before, "e.g") || ends_with(before, "i.e") || ends_with(before, "vs");
    const bool goes_on =
        at + 2 < text.size() && text[at + 1] == ' ' && std::islower(static_cast<unsigned char>(text[at + 2])) != 0;
    if (!is_abbreviation && !goes_on) return at + 1;
  }
  return text.size();
}

std::string with_blanks(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string plain_text(std::string_view html) { return PlainText().read(html); }

std::string without_notes(std::string html) {
  for (const std::string name : {"note", "important"}) {
    const std::string open = "<" + name + ">", close = "</" + name + ">";
    for (std::size_t begin = html.find(open); begin != std::string::npos; begin = html.find(open, begin)) {
      const std::size_t end = html.find(close, begin);
      html.erase(begin, end == std::string::npos ? end : end + close.size() - begin);
    }
  }
  return html;
}

std::string first_sentences(const std::string& text) {
  constexpr std::size_t short_sentence = 50, longest = 320;
  std::size_t end = end_of_sentence(text, 0);
  if (end < short_sentence && end < text.size()) {
    const std::size_t second = end_of_sentence(text, end + 1);
    const bool is_for_later = text[second - 1] == ':' || text.compare(end, 13, " For more inf") == 0;  // "For example:"
    if (text[end] == ' ' && !is_for_later) end = second;
  }
  if (end <= longest) return with_blanks(text.substr(0, end));
  const std::size_t blank = text.rfind(' ', longest);
  return with_blanks(text.substr(0, blank == std::string::npos ? longest : blank)) + " ...";
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  const std::string margin(indent, ' ');
  std::string out, line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      out += margin + std::exchange(line, "") + "\n";
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line.empty() ? out : out + margin + line + "\n";
}

}  // namespace runbook::aws
