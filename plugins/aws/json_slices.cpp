#include "plugins/aws/json_slices.h"

#include "base/json.h"

namespace runbook::aws {
namespace {

class Slicer {
 public:
  explicit Slicer(std::string_view text) : text_(text) {}

  std::optional<JsonSlices> slices() {
    JsonSlices found;
    if (!take('{')) return std::nullopt;
    if (take('}')) return found;
    do {
      std::optional<std::string> name = take_name();
      if (!name || !take(':')) return std::nullopt;
      const std::string_view value = take_value();
      if (value.empty()) return std::nullopt;
      found.emplace_back(*std::move(name), value);
    } while (take(','));
    if (!take('}')) return std::nullopt;
    return found;
  }

 private:
  void pass_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  bool take(char wanted) {
    pass_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  // From its opening quote to behind its closing one. false: it is cut.
  bool pass_string() {
    while (true) {
      const std::size_t next = text_.find_first_of("\"\\", at_ + 1);
      if (next == std::string_view::npos) return false;
      at_ = next;
      if (text_[next] == '"') break;
      ++at_;
    }
    ++at_;
    return true;
  }

  std::optional<std::string> take_name() {
    pass_blanks();
    const std::size_t begin = at_;
    if (at_ >= text_.size() || text_[at_] != '"' || !pass_string()) return std::nullopt;
    const std::string_view quoted = text_.substr(begin, at_ - begin);
    if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
    const std::optional<Value> unescaped = try_parse_json(quoted);
    return unescaped ? std::optional(unescaped->as_text()) : std::nullopt;
  }

  bool pass_nested() {
    std::size_t depth = 0;
    do {
      at_ = text_.find_first_of("\"{}[]", at_);
      if (at_ == std::string_view::npos) return false;
      const char c = text_[at_];
      if (c == '"') {
        if (!pass_string()) return false;
        continue;
      }
      depth += c == '{' || c == '[' ? 1 : -1;
      ++at_;
    } while (depth > 0);
    return true;
  }

  // Empty: there is none, or it is cut.
  std::string_view take_value() {
    pass_blanks();
    if (at_ >= text_.size()) return {};
    const std::size_t begin = at_;
    const char c = text_[at_];
    if (c == '"') {
      if (!pass_string()) return {};
    } else if (c == '{' || c == '[') {
      if (!pass_nested()) return {};
    } else {
      while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ',' && text_[at_] != '}') ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<JsonSlices> slice_object(std::string_view object) { return Slicer(object).slices(); }

}  // namespace runbook::aws
