#include "expr/lexer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>

#include "base/json.h"
#include "expr/expression.h"

namespace runbook {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || is_digit(c); }

struct Symbol {
  std::string_view text;
  Kind kind;
};

// Longer ones first.
constexpr std::array symbols = {
    Symbol{"[?", Kind::filter},
    Symbol{"[]", Kind::flatten},
    Symbol{"||", Kind::or_or},
    Symbol{"&&", Kind::and_and},
    Symbol{"==", Kind::equal},
    Symbol{"!=", Kind::unequal},
    Symbol{"<=", Kind::less_or_equal},
    Symbol{">=", Kind::greater_or_equal},
    Symbol{"<", Kind::less},
    Symbol{">", Kind::greater},
    Symbol{"!", Kind::bang},
    Symbol{".", Kind::dot},
    Symbol{"[", Kind::left_bracket},
    Symbol{"]", Kind::right_bracket},
    Symbol{"(", Kind::left_parenthesis},
    Symbol{")", Kind::right_parenthesis},
    Symbol{"{", Kind::left_brace},
    Symbol{"}", Kind::right_brace},
    Symbol{",", Kind::comma},
    Symbol{":", Kind::colon},
    Symbol{"*", Kind::star},
    Symbol{"@", Kind::at},
    Symbol{"|", Kind::pipe},
    Symbol{"&", Kind::ampersand},
};

[[noreturn]] void fail(std::size_t at, std::string message, std::string hint = {}) {
  throw ExpressionError(ExpressionError::Kind::syntax, at, std::move(message), std::move(hint));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do tokens.push_back(next());
    while (tokens.back().kind != Kind::end);
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Token finish(Kind kind, std::size_t begin, Value value = {}) const { return {kind, begin, at_, std::move(value)}; }

  Token next() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    const std::size_t begin = at_;
    if (at_ == text_.size()) return finish(Kind::end, begin);
    const char c = text_[at_];
    if (begins_name(c)) return finish(Kind::identifier, begin, name());
    if (is_digit(c) || (c == '-' && is_digit(peek(1)))) return number();
    if (c == '\'') return raw_string();
    if (c == '`') return json_literal();
    if (c == '"') return quoted_identifier();
    if (c == '$') return context();
    return symbol();
  }

  std::string name() {
    const std::size_t begin = at_;
    while (continues_name(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Token context() {
    const std::size_t begin = at_++;
    if (peek() == '{') fail(begin, "`${{ }}` can't stand inside an expression", "write the expression alone, without `${{ }}`");
    if (!begins_name(peek())) fail(begin, "a name must follow `$`, like `$inputs.region`");
    std::string found = name();
    return finish(Kind::context, begin, std::move(found));
  }

  Token number() {
    const std::size_t begin = at_++;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const bool has_sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(has_sign ? 2 : 1))) {
      at_ += has_sign ? 2 : 1;
      while (is_digit(peek())) ++at_;
    }
    const std::string_view digits = text_.substr(begin, at_ - begin);
    if (begins_name(peek())) fail(begin, fmt::format("`{}` is not a number", std::string(digits) + name()));
    return finish(Kind::number, begin, number_value(digits, begin));
  }

  static Value number_value(std::string_view digits, std::size_t begin) {
    const char* end = digits.data() + digits.size();
    std::int64_t whole = 0;
    if (const auto [stop, error] = std::from_chars(digits.data(), end, whole); error == std::errc() && stop == end)
      return whole;
    double real = 0;
    if (const auto [stop, error] = std::from_chars(digits.data(), end, real); error == std::errc() && stop == end) return real;
    fail(begin, fmt::format("the number `{}` is too large", digits));
  }

  // The bytes between two equal quotes; `\` keeps the quote after it from ending the string.
  std::string_view between_quotes(const char* name_of_quote) {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) fail(begin, fmt::format("the closing {} is missing", name_of_quote));
    ++at_;
    return text_.substr(begin + 1, at_ - begin - 2);
  }

  // JMESPath: only the quote itself is escaped, every other backslash stands for itself.
  static std::string without_escapes(std::string_view raw, char quote) {
    std::string result;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size() && raw[i + 1] == quote) ++i;
      else if (raw[i] == '\\' && i + 1 < raw.size()) result += raw[i++];
      result += raw[i];
    }
    return result;
  }

  Token raw_string() {
    const std::size_t begin = at_;
    const std::string_view raw = between_quotes("quote `'`");
    return finish(Kind::literal, begin, without_escapes(raw, '\''));
  }

  Token json_literal() {
    const std::size_t begin = at_;
    const std::string_view raw = between_quotes("backtick");
    std::optional<Value> value = try_parse_json(without_escapes(raw, '`'));
    if (!value) fail(begin, fmt::format("`{}` between backticks is not JSON", raw), fmt::format("text is written '{}'", raw));
    return finish(Kind::literal, begin, *std::move(value));
  }

  Token quoted_identifier() {
    const std::size_t begin = at_;
    const std::string_view raw = between_quotes("quote `\"`");
    std::optional<Value> value = try_parse_json(fmt::format("\"{}\"", raw));
    if (!value || !value->is_text())
      fail(begin, fmt::format("\"{}\" is not a quoted name: its escapes are those of JSON", raw));
    return finish(Kind::quoted_identifier, begin, *std::move(value));
  }

  Token symbol() {
    const std::size_t begin = at_;
    for (const Symbol& candidate : symbols) {
      if (!text_.substr(at_).starts_with(candidate.text)) continue;
      at_ += candidate.text.size();
      return finish(candidate.kind, begin);
    }
    fail_unknown();
  }

  [[noreturn]] void fail_unknown() const {
    const char c = text_[at_];
    if (c == '=') fail(at_, "`=` is no operator", "write `==` to compare");
    if (c == '-')
      fail(at_, "`-` can't stand here",
           "a name that contains `-` takes double quotes after a dot: metadata.\"resource-version\"");
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    fail(at_, fmt::format("`{}` can't stand here", text_.substr(at_, end - at_)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace runbook
