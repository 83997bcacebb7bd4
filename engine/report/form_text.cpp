#include "report/form_text.h"

#include <fmt/format.h>

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

std::string form_text(const Value& form, const Question& question, const std::string& margin) {
  std::string text = with_margin(form.text_or("instructions", ""), margin);
  const Value* items = form.find("checklist");
  if (!items || !items->is_list()) return text;
  text += "\n";
  std::int64_t number = 0;
  for (const Value& item : items->as_list()) {
    const char* box = question.ticked.count(number++) ? "[x]" : "[ ]";
    text += fmt::format("{}{} {}\n", margin, box, item.is_text() ? item.as_text() : "");
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
