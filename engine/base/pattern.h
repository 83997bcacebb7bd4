#pragma once
// Regular expressions of runbooks (ECMAScript's), for texts of any length: matching takes no stack by the length of the text.
#include <memory>
#include <optional>
#include <string>

namespace runbook {

class Pattern {
 public:
  // nullopt if it is no regular expression; then `why` says what is wrong with it.
  static std::optional<Pattern> parse(const std::string& text, std::string& why);

  bool matches(const std::string& whole_text) const;
  // Of the first match: its first group, or all of it if there is no group. `^` and `$` match at lines.
  std::optional<std::string> search(const std::string& text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace runbook
