#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "expr/lexer.h"

namespace runbook {

// Where a parser stands in an expression. The tokens end with `end`, which nobody takes.
class TokenCursor {
 public:
  // Throws ExpressionError{syntax}. `text` must outlive it.
  explicit TokenCursor(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  const Token& now() const { return tokens_[at_]; }
  const Token& after(std::size_t count = 1) const;
  const Token& take() { return tokens_[at_++]; }
  // Whether it stood here.
  bool take_if(Token::Kind kind);
  // Takes what closes something that was opened there; throws ExpressionError{syntax} if something else stands here.
  void close(Token::Kind kind, std::size_t opened_at, std::string_view closing);

  // Of the token that was taken last.
  std::size_t end_of_last() const { return at_ > 0 ? tokens_[at_ - 1].end : 0; }
  std::string_view text_of(const Token& token) const { return text_.substr(token.begin, token.end - token.begin); }
  // The names of `.a.b` that follow, without moving on.
  std::vector<std::string> following_names() const;

  // That the token here can't stand here.
  [[noreturn]] void fail() const;

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace runbook
