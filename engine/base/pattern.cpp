#include "base/pattern.h"

#include <regex>

namespace runbook {

struct Pattern::Compiled {
  std::regex regex;
};

namespace {

namespace option = std::regex_constants;

// Bounds the nesting, which libstdc++ compiles by recursion.
constexpr std::size_t longest = 1000;

// libstdc++'s default way recurses once for each character and overflows the stack on long texts; this one does not.
constexpr auto options = option::ECMAScript | option::multiline | option::__polynomial;

std::string in_words(option::error_type error) {
  if (error == option::error_brack) return "a `[` is not closed";
  if (error == option::error_paren) return "a `(` or `)` has no partner";
  if (error == option::error_brace || error == option::error_badbrace) return "what stands between `{` and `}` is no count";
  if (error == option::error_range) return "a range like `z-a` runs backwards";
  if (error == option::error_escape) return "a `\\` stands before something that can't be escaped";
  if (error == option::error_badrepeat) return "nothing stands before a `*`, `+`, `?` or `{`";
  if (error == option::error_ctype) return "a class like `[:digit:]` is not known";
  if (error == option::error_complexity) return "it refers back to a group, which is not supported";
  if (error == option::error_space) return "it repeats too much";
  return "it can't be understood";
}

}  // namespace

std::optional<Pattern> Pattern::parse(const std::string& text, std::string& why) {
  if (text.size() > longest) {
    why = "it is longer than 1000 bytes";
    return std::nullopt;
  }
  if (text.find_first_of("*+?{") == 0) {
    why = in_words(option::error_badrepeat);
    return std::nullopt;
  }
  try {
    Pattern pattern;
    pattern.compiled_ = std::make_shared<const Compiled>(Compiled{std::regex(text, options)});
    return pattern;
  } catch (const std::regex_error& error) {
    why = in_words(error.code());
    return std::nullopt;
  }
}

bool Pattern::matches(const std::string& whole_text) const { return std::regex_match(whole_text, compiled_->regex); }

std::optional<std::string> Pattern::search(const std::string& text) const {
  std::smatch match;
  if (!std::regex_search(text, match, compiled_->regex)) return std::nullopt;
  return match.size() > 1 ? match[1].str() : match[0].str();
}

}  // namespace runbook
