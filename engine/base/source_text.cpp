#include "base/source_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace runbook {
namespace {

constexpr std::size_t step_between_marks = 4096;  // bytes

}  // namespace

// A newline ends a line; the one at the end of the text begins no further line.
SourceText::SourceText(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)), starts_{0} {
  for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    if (at + 1 < text_.size()) starts_.push_back(at + 1);
  }
  for (int number = 1; number <= line_count(); ++number) {
    if (line(number).size() > step_between_marks) mark_inside(number);
  }
}

// A file may be one line of many megabytes, with problems all along it.
void SourceText::mark_inside(int number) {
  const std::size_t start = starts_[static_cast<std::size_t>(number) - 1];
  const std::string_view bytes = line(number);
  std::size_t next = step_between_marks;
  int column = 1;
  for (std::size_t at = 0; at < bytes.size(); ++column) {
    if (at >= next) {
      marks_.push_back({start + at, {number, column}});
      next = at + step_between_marks;
    }
    at += code_point_at(bytes, at).length;
  }
}

std::string_view SourceText::line(int number) const {
  if (number < 1 || number > line_count()) return {};
  const std::size_t start = starts_[static_cast<std::size_t>(number) - 1];
  const std::size_t end = number < line_count() ? starts_[static_cast<std::size_t>(number)] : text_.size();
  std::string_view line = std::string_view(text_).substr(start, end - start);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

SourceText::Mark SourceText::mark_before(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const Mark start{*(after - 1), {static_cast<int>(after - starts_.begin()), 1}};
  const auto mark =
      std::upper_bound(marks_.begin(), marks_.end(), offset, [](std::size_t a, const Mark& b) { return a < b.offset; });
  return mark == marks_.begin() || (mark - 1)->offset < start.offset ? start : *(mark - 1);
}

SourceText::Mark SourceText::mark_before(Place place) const {
  const Mark start{starts_[static_cast<std::size_t>(place.line) - 1], {place.line, 1}};
  const auto mark = std::upper_bound(marks_.begin(), marks_.end(), place, [](Place a, const Mark& b) { return a < b.place; });
  return mark == marks_.begin() || (mark - 1)->offset < start.offset ? start : *(mark - 1);
}

Place SourceText::place_at(std::size_t byte_offset) const {
  const Mark mark = mark_before(byte_offset);
  const std::string_view bytes = line(mark.place.line);
  const std::size_t start = starts_[static_cast<std::size_t>(mark.place.line) - 1];
  const std::size_t wanted = std::min(byte_offset - start, bytes.size());
  int column = mark.place.column;
  for (std::size_t at = mark.offset - start; at < wanted; ++column) {
    at += code_point_at(bytes, at).length;
    if (at > wanted) break;
  }
  return {mark.place.line, column};
}

std::size_t SourceText::offset_of(Place place) const {
  if (place.line < 1) return 0;
  if (place.line > line_count()) return text_.size();
  const Mark mark = mark_before(place);
  const std::string_view bytes = line(place.line);
  const std::size_t start = starts_[static_cast<std::size_t>(place.line) - 1];
  std::size_t at = mark.offset - start;
  for (int column = mark.place.column; column < place.column && at < bytes.size(); ++column)
    at += code_point_at(bytes, at).length;
  return start + at;
}

}  // namespace runbook
