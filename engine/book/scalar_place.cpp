#include "book/scalar_place.h"

#include <algorithm>
#include <string_view>

namespace runbook {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads text and source side by side. Both agree but for blanks, which YAML folds, and escapes.
class Alignment {
 public:
  Alignment(const Node& scalar, const SourceText& source)
      : text_(scalar.text), source_(source.text()), at_(std::min(source.offset_of(scalar.place), source_.size())) {
    if (!scalar.quoted) return;
    if (scalar.block) at_ = std::min(source_.find('\n', at_), source_.size());
    else if (at_ < source_.size()) quote_ = source_[at_++];
  }

  std::size_t source_offset_of(std::size_t offset) {
    for (std::size_t i = 0; i < std::min(offset, text_.size()); ++i) step_over(text_[i]);
    if (offset < text_.size() && !is_blank(text_[offset])) skip_blanks();
    return at_;
  }

 private:
  char now() const { return at_ < source_.size() ? source_[at_] : '\0'; }

  void step_over(char c) {
    // The further bytes of an escaped character have no place of their own.
    const bool continues_character = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (follows_escape_ && continues_character) return;
    follows_escape_ = false;
    if (is_blank(c)) {
      if (quote_ == '"' && now() == '\\') step_over_escape();
      else if (now() == c) ++at_;
      return;
    }
    skip_blanks();
    if (quote_ == '"' && now() == '\\') return step_over_escape();
    if (quote_ == '\'' && now() == '\'') ++at_;
    if (at_ < source_.size()) ++at_;
  }

  void skip_blanks() {
    const bool continues_lines = quote_ == '"';
    while (at_ < source_.size()) {
      if (is_blank(source_[at_])) ++at_;
      else if (continues_lines && now() == '\\' && at_ + 1 < source_.size() &&
               (source_[at_ + 1] == '\n' || source_[at_ + 1] == '\r'))
        ++at_;
      else return;
    }
  }

  void step_over_escape() {
    const char kind = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    at_ = std::min(at_ + 2 + digits, source_.size());
    follows_escape_ = true;
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_;
  char quote_ = '\0';
  bool follows_escape_ = false;
};

}  // namespace

Place place_in_scalar(const Node& scalar, std::size_t offset, const SourceText& source) {
  return source.place_at(Alignment(scalar, source).source_offset_of(offset));
}

}  // namespace runbook
