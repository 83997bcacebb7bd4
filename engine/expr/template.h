#pragma once
// Text with `${{ expression }}` in it. `$${{` stands for a literal `${{`.
#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"

namespace runbook {

class Template {
 public:
  Template() = default;
  // Throws ExpressionError; offsets count from the beginning of `text`. Brackets and quotes inside an expression are respected:
  // `}}` inside a quoted string does not end it.
  static Template parse(std::string_view text);

  // A lone `${{ }}` keeps its type (text around it: text, numbers and booleans only); null is an error.
  Value evaluate(const Scope& scope) const;

  bool has_expressions() const { return !expressions().empty(); }
  const std::vector<Expression>& expressions() const { return expressions_; }
  // Of all expressions, with offsets into the template's text.
  std::vector<Reference> references() const;
  const std::string& text() const { return text_; }   // as written

 private:
  std::string text_;
  std::vector<std::string> literals_;       // one more than expressions_
  std::vector<Expression> expressions_;
  std::vector<std::size_t> offsets_;        // of each expression in text_
};

}  // namespace runbook
