#include "report/markdown_words.h"

#include <cmark-gfm.h>
#include <fmt/format.h>

#include <memory>

#include "base/cells.h"
#include "base/utf8.h"

namespace runbook {

namespace {

std::string_view literal_of(cmark_node* node) {
  const char* text = cmark_node_get_literal(node);
  return text ? text : "";
}

// Ideographic commas and the like never begin a line.
bool clings(char32_t point) {
  return (point >= 0x3001 && point <= 0x3002) || (point >= 0xFF00 && point <= 0xFF1F && point != 0xFF08);
}

class Words {
 public:
  Words(const MarkdownStyle& style, CodeSpans spans, std::size_t width) : style_(style), spans_(spans), width_(width) {}

  void read(cmark_node* node) {
    const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> iter(cmark_iter_new(node), cmark_iter_free);
    for (auto kind = cmark_iter_next(iter.get()); kind != CMARK_EVENT_DONE; kind = cmark_iter_next(iter.get())) {
      cmark_node* each = cmark_iter_get_node(iter.get());
      if (kind == CMARK_EVENT_ENTER) enter(each);
      else if (each != node) leave(each);
    }
  }

  std::vector<MarkdownWord> words;

 private:
  void enter(cmark_node* node) {
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_TEXT: return text(literal_of(node));
      case CMARK_NODE_HTML_INLINE:
      case CMARK_NODE_HTML_BLOCK:
      case CMARK_NODE_CODE_BLOCK: return text(literal_of(node));
      case CMARK_NODE_SOFTBREAK: return text(" ");
      case CMARK_NODE_LINEBREAK: return end_line();
      case CMARK_NODE_CODE: return code(literal_of(node));
      case CMARK_NODE_EMPH: return open(emphasised_, "*");
      case CMARK_NODE_STRONG: return open(strong_, "**");
      case CMARK_NODE_IMAGE: text("[image: "); [[fallthrough]];
      case CMARK_NODE_LINK: return begin_link();
      default:
        if (is_struck(node)) whole("~~");
    }
  }

  void leave(cmark_node* node) {
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_EMPH: return close(emphasised_, "*");
      case CMARK_NODE_STRONG: return close(strong_, "**");
      case CMARK_NODE_IMAGE: return end_image(node);
      case CMARK_NODE_LINK: return end_link(node);
      default:
        if (is_struck(node)) whole("~~");
        else if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK) end_line();
    }
  }

  static bool is_struck(cmark_node* node) { return std::string_view(cmark_node_get_type_string(node)) == "strikethrough"; }

  void open(int& depth, std::string_view mark) {
    if (!style_.has_colour) whole(mark);
    ++depth;
  }
  void close(int& depth, std::string_view mark) {
    --depth;
    if (!style_.has_colour) whole(mark);
  }

  void begin_link() {
    ++linked_;
    linked_text_.clear();
  }

  static std::string address_of(cmark_node* node) {
    const char* url = cmark_node_get_url(node);
    return url ? url : "";
  }

  void end_link(cmark_node* node) {
    --linked_;
    const std::string address = address_of(node);
    const bool is_said = address == linked_text_ || address == "mailto:" + linked_text_ || address == "http://" + linked_text_;
    if (!is_said) show_address(address);
  }

  void end_image(cmark_node* node) {
    --linked_;
    whole("]");
    show_address(address_of(node));
  }

  void show_address(const std::string& address) {
    if (address.empty()) return;
    text(" ");
    whole(made_visible(fmt::format("<{}>", address), Charset::utf8));
  }

  // To be typed or copied: it stays whole, whatever the terminal is said to know.
  void code(std::string_view literal) {
    const std::string span = fmt::format("`{}`", made_visible(literal, Charset::utf8));
    ++code_;
    if (spans_ == CodeSpans::whole && cells_of(span) <= width_) whole(span);
    else split(span);
    --code_;
  }

  void text(std::string_view literal) {
    if (linked_ > 0) linked_text_ += literal;
    split(made_visible(literal, linked_ > 0 ? Charset::utf8 : style_.charset));  // it may be the address itself
  }

  // At blanks, and between wide characters, which are written without any.
  void split(std::string_view shown) {
    std::size_t begin = 0, at = 0;
    const auto flush = [&] {
      if (at > begin) whole(shown.substr(begin, at - begin));
    };
    while (at < shown.size()) {
      const CodePoint point = code_point_at(shown, at);
      const bool is_blank = point.value == ' ' || point.value == '\n' || point.value == '\t';
      const bool may_break = cells_of(point.value) == 2 && !clings(point.value);
      if (is_blank || may_break) {
        flush();
        begin = is_blank ? at + 1 : at;
        is_new_ = is_new_ || is_blank || !words.empty();
        has_blank_ = has_blank_ || is_blank;
      }
      at += point.length;
    }
    flush();
  }

  void whole(std::string_view shown) {
    if (words.empty() || is_new_ || words.back().ends_line) words.push_back({"", 0, has_blank_, false});
    is_new_ = has_blank_ = false;
    words.back().text += styled(shown);
    words.back().width += cells_of(shown);
  }

  void end_line() {
    if (words.empty() || words.back().ends_line) return;
    words.back().ends_line = true;
    is_new_ = has_blank_ = false;
  }

  std::string styled(std::string_view shown) const {
    std::string codes;
    if (!style_.has_colour) return std::string(shown);
    if (strong_ > 0) codes += ";1";
    if (emphasised_ > 0 || linked_ > 0) codes += ";4";
    if (code_ > 0) codes += ";36";
    return codes.empty() ? std::string(shown) : fmt::format("\x1b[{}m{}\x1b[0m", codes.substr(1), shown);
  }

  const MarkdownStyle& style_;
  CodeSpans spans_;
  std::size_t width_;
  int strong_ = 0, emphasised_ = 0, linked_ = 0, code_ = 0;
  std::string linked_text_;
  bool is_new_ = false, has_blank_ = false;  // of the word that comes
};

}  // namespace

std::vector<MarkdownWord> markdown_words(cmark_node* node, const MarkdownStyle& style, CodeSpans spans, std::size_t width) {
  Words words(style, spans, width);
  words.read(node);
  return std::move(words.words);
}

std::string strong(std::string line, const MarkdownStyle& style) {
  if (!style.has_colour || line.empty()) return line;
  constexpr std::string_view off = "\x1b[0m", on = "\x1b[1m";
  for (std::size_t at = line.find(off); at != std::string::npos; at = line.find(off, at)) line.insert(at += off.size(), on);
  return fmt::format("{}{}{}", on, line, off);
}

std::vector<ShownLine> wrapped(const std::vector<MarkdownWord>& words, std::size_t width) {
  std::vector<ShownLine> lines(1);
  bool is_fresh = true;
  for (const MarkdownWord& word : words) {
    const std::size_t blank = word.has_blank ? 1 : 0;
    if (!is_fresh && lines.back().width + blank + word.width > width) {
      lines.emplace_back();
      is_fresh = true;
    }
    if (!is_fresh && blank > 0) {
      lines.back().text += ' ';
      lines.back().width += 1;
    }
    lines.back().text += word.text;
    lines.back().width += word.width;
    is_fresh = word.ends_line && &word != &words.back();
    if (is_fresh) lines.emplace_back();
  }
  return lines;
}

}  // namespace runbook
