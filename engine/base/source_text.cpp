#include "base/source_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace runbook {

// A newline ends a line; the one at the end of the text begins no further line.
SourceText::SourceText(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)), starts_{0} {
  for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    if (at + 1 < text_.size()) starts_.push_back(at + 1);
  }
}

std::string_view SourceText::line(int number) const {
  if (number < 1 || number > line_count()) return {};
  const std::size_t start = starts_[static_cast<std::size_t>(number) - 1];
  const std::size_t newline = text_.find('\n', start);
  std::string_view line = std::string_view(text_).substr(start, newline == std::string::npos ? newline : newline - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Place SourceText::place_at(std::size_t byte_offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), byte_offset);
  const int number = static_cast<int>(after - starts_.begin());
  const std::string_view bytes = line(number);
  const std::size_t wanted = std::min(byte_offset - *(after - 1), bytes.size());
  int column = 1;
  for (std::size_t at = 0; at < wanted; ++column) {
    at += code_point_at(bytes, at).length;
    if (at > wanted) break;
  }
  return {number, column};
}

std::size_t SourceText::offset_of(Place place) const {
  if (place.line < 1) return 0;
  if (place.line > line_count()) return text_.size();
  const std::string_view bytes = line(place.line);
  std::size_t at = 0;
  for (int column = 1; column < place.column && at < bytes.size(); ++column) at += code_point_at(bytes, at).length;
  return starts_[static_cast<std::size_t>(place.line) - 1] + at;
}

}  // namespace runbook
