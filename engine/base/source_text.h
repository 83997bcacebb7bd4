#pragma once
// A file as written, and places in it.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

// 1-based; columns count code points. line 0 means: the file as a whole.
struct Place {
  int line = 0;
  int column = 0;
  auto operator<=>(const Place&) const = default;
};

class SourceText {
 public:
  SourceText(std::string name, std::string text);

  const std::string& name() const { return name_; }  // as the user gave it
  const std::string& text() const { return text_; }
  std::string_view line(int number) const;  // without its end; empty beyond the end
  int line_count() const { return static_cast<int>(starts_.size()); }
  Place place_at(std::size_t byte_offset) const;
  std::size_t offset_of(Place place) const;  // clamped to the text

 private:
  std::string name_;
  std::string text_;
  struct Mark {
    std::size_t offset = 0;
    Place place;
  };
  void mark_inside(int number);

  // Where counting columns begins: the last mark of the line that is not behind what is looked for, or its start.
  Mark mark_before(std::size_t offset) const;
  Mark mark_before(Place place) const;

  std::vector<std::size_t> starts_;
  std::vector<Mark> marks_;  // inside long lines, ascending
};

using SourcePtr = std::shared_ptr<const SourceText>;

}  // namespace runbook
