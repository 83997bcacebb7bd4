#include "report/html_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"
#include "report/visible_text.h"

namespace runbook {

namespace {

constexpr std::size_t piece = 64 << 10;

std::string_view reference_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return "";
  }
}

std::string escaped(std::string_view text, const char* special) {
  const std::string visible = made_visible(text, Charset::utf8);
  std::string result;
  result.reserve(visible.size() + visible.size() / 16);
  for (std::size_t at = 0; at < visible.size();) {
    const std::size_t end = std::min(visible.find_first_of(special, at), visible.size());
    result.append(visible, at, end - at);
    if (end < visible.size()) result += reference_of(visible[end]);
    at = end + 1;
  }
  return result;
}

std::string escaped_in_json(char32_t point) {
  const auto value = static_cast<unsigned>(point);
  if (value < 0x10000) return fmt::format("\\u{:04x}", value);
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((value - 0x10000) >> 10U), 0xDC00 + ((value - 0x10000) & 0x3FFU));
}

}  // namespace

std::string html_text(std::string_view text) { return escaped(text, "&<>\"'"); }

std::string html_text_between_tags(std::string_view text) { return escaped(text, "&<>"); }

HtmlWriter& HtmlWriter::operator<<(Shown shown) { return add(html_text(shown.text)); }

HtmlWriter& HtmlWriter::operator<<(ShownBetweenTags shown) { return add(html_text_between_tags(shown.text)); }

HtmlWriter& HtmlWriter::operator<<(Share share) { return add(fmt::format("{:.4g}%", share.of_one * 100)); }

// Plain ASCII: who looks at the source of the page is not misled by it either.
HtmlWriter& HtmlWriter::json(const Value& value) {
  const std::string json = to_pretty_json(value);
  for (std::size_t at = 0; at < json.size();) {
    const CodePoint point = code_point_at(json, at);
    const bool is_plain = point.value < 0x7F && point.value != '<' && point.value != '>' && point.value != '&';
    add(is_plain ? json.substr(at, 1) : escaped_in_json(point.value));
    at += point.length;
  }
  return *this;
}

void HtmlWriter::flush() {
  if (!buffer_.empty()) sink_(buffer_);
  buffer_.clear();
}

HtmlWriter& HtmlWriter::add(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= piece) flush();
  return *this;
}

}  // namespace runbook
