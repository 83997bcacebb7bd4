#include "expr/token_cursor.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/expression.h"

namespace runbook {
namespace {

using Kind = Token::Kind;

[[noreturn]] void fail_at(std::size_t at, std::string message, std::string hint = {}) {
  throw ExpressionError(ExpressionError::Kind::syntax, at, std::move(message), std::move(hint));
}

}  // namespace

const Token& TokenCursor::after(std::size_t count) const { return tokens_[std::min(at_ + count, tokens_.size() - 1)]; }

bool TokenCursor::take_if(Kind kind) {
  if (now().kind != kind) return false;
  ++at_;
  return true;
}

void TokenCursor::close(Kind kind, std::size_t opened_at, std::string_view closing) {
  if (now().kind == Kind::end) fail_at(opened_at, fmt::format("the closing `{}` is missing", closing));
  if (!take_if(kind)) fail();
}

std::vector<std::string> TokenCursor::following_names() const {
  std::vector<std::string> names;
  for (std::size_t ahead = 0; after(ahead).kind == Kind::dot; ahead += 2) {
    const Token& name = after(ahead + 1);
    const bool is_name = name.kind == Kind::identifier || name.kind == Kind::quoted_identifier;
    if (!is_name || after(ahead + 2).kind == Kind::left_parenthesis) break;
    names.push_back(name.value.as_text());
  }
  return names;
}

void TokenCursor::fail() const {
  const std::string_view found = text_of(now());
  if (now().kind == Kind::end) fail_at(now().begin, "the expression ends too early");
  std::string hint;
  if (found == "and" || found == "&") hint = "write `&&`";
  if (found == "or") hint = "write `||`";
  if (found == "not") hint = "write `!`";
  if (found == "is") hint = "write `==`";
  fail_at(now().begin, fmt::format("`{}` can't stand here", found), hint);
}

}  // namespace runbook
