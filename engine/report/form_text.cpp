#include "report/form_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace runbook {

std::string with_margin(const std::string& text, const std::string& margin) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    result += line.empty() ? "\n" : margin + line + "\n";
    begin = end + 1;
  }
  return result;
}

namespace {

std::string rendered(const std::string& text, const std::optional<MarkdownStyle>& style, std::size_t margin) {
  if (!style) return text;
  MarkdownStyle inside = *style;
  inside.columns -= std::min(inside.columns, margin);
  return markdown_text(text, inside);
}

// The lines of an item stand under each other, behind its box.
std::string item_text(const std::string& item, const char* box, const std::string& margin,
                      const std::optional<MarkdownStyle>& style) {
  constexpr std::size_t width_of_box = 4;
  const std::string text = with_margin(rendered(item, style, margin.size() + width_of_box), margin + "    ");
  if (text.empty()) return fmt::format("{}{}\n", margin, box);
  return fmt::format("{}{} {}", margin, box, text.substr(margin.size() + width_of_box));
}

}  // namespace

std::string form_text(const Value& form, const Question& question, const std::string& margin,
                      const std::optional<MarkdownStyle>& style) {
  std::string text = with_margin(rendered(form.text_or("instructions", ""), style, margin.size()), margin);
  const Value* items = form.find("checklist");
  if (!items || !items->is_list()) return text;
  text += "\n";
  std::int64_t number = 0;
  for (const Value& item : items->as_list()) {
    const char* box = question.ticked.count(number++) ? "[x]" : "[ ]";
    text += item_text(item.is_text() ? item.as_text() : "", box, margin, style);
  }
  return text;
}

std::string evidence_line(const Value& evidence) {
  if (evidence.find("note")) return "note: " + evidence.text_or("note", "");
  if (evidence.find("url")) return "url: " + evidence.text_or("url", "");
  return fmt::format("file: {} ({} bytes, sha256 {})", evidence.text_or("file", ""), evidence.int_or("size", 0),
                     evidence.text_or("sha256", ""));
}

}  // namespace runbook
