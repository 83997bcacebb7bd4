#include "expr/template.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/trimmed.h"

namespace runbook {

struct Template::Parsed {
  std::string text;
  std::vector<std::string> literals;  // one more than expressions
  std::vector<Expression> expressions;
  std::vector<std::size_t> offsets;  // of each expression in text
};

namespace {

using Kind = ExpressionError::Kind;

constexpr std::string_view opening = "${{";
constexpr std::string_view closing = "}}";

[[noreturn]] void rethrow_at(const ExpressionError& error, std::size_t base) {
  throw ExpressionError(error.kind(), base + error.offset(), error.what(), error.hint());
}

// Behind the string that begins at `at`.
std::size_t after_string(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

// Where the `}}` stands that ends the expression beginning at `begin`; npos: nowhere.
std::size_t find_end(std::string_view text, std::size_t begin) {
  int open_braces = 0;
  for (std::size_t at = begin; at < text.size();) {
    const char c = text[at];
    if (c == '\'' || c == '"' || c == '`') {
      at = after_string(text, at);
      continue;
    }
    if (open_braces == 0 && text.substr(at).starts_with(closing)) return at;
    if (c == '{') ++open_braces;
    if (c == '}' && open_braces > 0) --open_braces;
    ++at;
  }
  return std::string_view::npos;
}

std::string as_text(const Value& value, const Expression& expression, std::size_t offset) {
  if (value.is_text()) return value.as_text();
  if (value.is_number() || value.is_bool()) return to_json(value);
  throw ExpressionError(Kind::invalid_type, offset,
                        fmt::format("a {} can't stand inside text: `{}`", value.type_name(), expression.text()));
}

void append(std::vector<Reference>& all, const std::vector<Reference>& some, std::size_t offset) {
  for (Reference reference : some) {
    reference.offset += offset;
    all.push_back(std::move(reference));
  }
}

class Parser {
 public:
  explicit Parser(Template::Parsed& into) : into_(into), text_(into.text) {}

  void run() {
    into_.literals.emplace_back();
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t found = text_.find(opening, at);
      into_.literals.back() += text_.substr(at, found == std::string_view::npos ? found : found - at);
      if (found == std::string_view::npos) return;
      at = found > at && text_[found - 1] == '$' ? add_literal_opening(found) : add_expression(found);
    }
  }

 private:
  // Of `$${{` the first `$` is in the literal already.
  std::size_t add_literal_opening(std::size_t found) {
    into_.literals.back() += opening.substr(1);
    return found + opening.size();
  }

  std::size_t add_expression(std::size_t found) {
    const std::size_t begin = found + opening.size();
    const std::size_t end = find_end(text_, begin);
    if (end == std::string_view::npos)
      throw ExpressionError(Kind::syntax, found, "`${{` has no closing `}}`", "for a literal `${{` write `$${{`");
    const std::string_view inner = trimmed(text_.substr(begin, end - begin));
    if (inner.empty()) throw ExpressionError(Kind::syntax, found, "nothing stands between `${{` and `}}`");
    const auto offset = static_cast<std::size_t>(inner.data() - text_.data());
    try {
      into_.expressions.push_back(Expression::parse(inner));
    } catch (const ExpressionError& error) {
      rethrow_at(error, offset);
    }
    into_.offsets.push_back(offset);
    into_.literals.emplace_back();
    return end + closing.size();
  }

  Template::Parsed& into_;
  std::string_view text_;
};

}  // namespace

std::vector<TemplateWord> words_of_template(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<TemplateWord> words;
  for (std::size_t at = text.find_first_not_of(blanks); at < text.size(); at = text.find_first_not_of(blanks, at)) {
    TemplateWord word{"", at};
    while (at < text.size() && blanks.find(text[at]) == std::string_view::npos) {
      const bool opens = text.substr(at).starts_with(opening) && (at == word.offset || text[at - 1] != '$');
      const std::size_t end = opens ? find_end(text, at + opening.size()) : std::string_view::npos;
      at = end == std::string_view::npos ? at + 1 : end + closing.size();
    }
    word.text = text.substr(word.offset, at - word.offset);
    words.push_back(std::move(word));
  }
  return words;
}

Template Template::parse(std::string_view text) {
  auto parsed = std::make_shared<Parsed>();
  parsed->text = text;
  Parser(*parsed).run();
  Template result;
  result.parsed_ = std::move(parsed);
  return result;
}

bool Template::is_lone_expression() const {
  return expressions().size() == 1 && parsed_->literals.front().empty() && parsed_->literals.back().empty();
}

const std::vector<Expression>& Template::expressions() const {
  static const std::vector<Expression> none;
  return parsed_ ? parsed_->expressions : none;
}

const std::string& Template::text() const {
  static const std::string empty;
  return parsed_ ? parsed_->text : empty;
}

Value Template::value_of(std::size_t index, const Scope& scope) const {
  const Expression& expression = parsed_->expressions[index];
  const std::size_t offset = parsed_->offsets[index];
  try {
    Value value = expression.evaluate(scope, nullptr);
    if (!value.is_null()) return value;
  } catch (const ExpressionError& error) {
    rethrow_at(error, offset);
  }
  throw ExpressionError(Kind::invalid_type, offset, fmt::format("`{}` is null", expression.text()));
}

Value Template::evaluate(const Scope& scope) const { return joined(scope, IfUnknown::fails); }

Value Template::foreseen(const Scope& scope) const { return joined(scope, IfUnknown::is_said); }

Value Template::joined(const Scope& scope, IfUnknown if_unknown) const {
  if (!parsed_) return "";
  const auto value = [&](std::size_t index) -> Value {
    try {
      return value_of(index, scope);
    } catch (const NotKnownYet& later) {
      if (if_unknown == IfUnknown::fails) throw;
      return fmt::format("(known after {})", later.after());
    }
  };
  const std::vector<std::string>& literals = parsed_->literals;
  if (!has_expressions()) return literals.front();
  if (is_lone_expression()) return value(0);
  std::string text = literals.front();
  for (std::size_t i = 0; i < parsed_->expressions.size(); ++i) {
    text += as_text(value(i), parsed_->expressions[i], parsed_->offsets[i]);
    text += literals[i + 1];
  }
  return text;
}

std::vector<Reference> Template::references() const {
  std::vector<Reference> all;
  for (std::size_t i = 0; i < expressions().size(); ++i) append(all, expressions()[i].references(), parsed_->offsets[i]);
  return all;
}

std::vector<Reference> Template::bare_names() const {
  std::vector<Reference> all;
  for (std::size_t i = 0; i < expressions().size(); ++i) append(all, expressions()[i].bare_names(), parsed_->offsets[i]);
  return all;
}

}  // namespace runbook
