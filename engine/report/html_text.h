#pragma once
// HTML as it is written: markup is what stands in our source, and everything else is text, which becomes harmless on its way.
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"
#include "report/report_text.h"

namespace runbook {

// Markup of ours. The compiler takes literals alone, so that nothing from outside can become one.
class Markup {
 public:
  consteval Markup(const char* literal) : text_(literal) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// Text from outside, for between tags and for within a quoted attribute.
struct Shown {
  std::string_view text;
};

// Long text from outside, for between tags alone: its quotes stay as they are, which spares a page of logs a part of its size.
struct ShownBetweenTags {
  std::string_view text;
};

// A share of a whole, as SVG takes it: 0.375 is "37.5%".
struct Share {
  double of_one;
};

// Made visible, and with & < > " ' as references.
std::string html_text(std::string_view text);
// With & < > alone.
std::string html_text_between_tags(std::string_view text);

// Gathers what is written, and gives it on in pieces of some 64 KB. `flush` gives on the last one.
class HtmlWriter {
 public:
  explicit HtmlWriter(const ReportSink& sink) : sink_(sink) {}
  HtmlWriter(const HtmlWriter&) = delete;

  HtmlWriter& operator<<(Markup markup) { return add(markup.text()); }
  HtmlWriter& operator<<(Shown shown);
  HtmlWriter& operator<<(ShownBetweenTags shown);
  HtmlWriter& operator<<(Share share);
  template <std::integral Number>
  HtmlWriter& operator<<(Number number) {
    return add(std::to_string(number));
  }
  // JSON for within a <script> that holds data: no `<` in it ends that.
  HtmlWriter& json(const Value& value);
  void flush();

 private:
  HtmlWriter& add(std::string_view text);

  const ReportSink& sink_;
  std::string buffer_;
};

}  // namespace runbook
