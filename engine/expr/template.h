#pragma once
// Text with `${{ expression }}` in it. `$${{` stands for a literal `${{`. Immutable, cheap to copy; threads may share it.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"

namespace runbook {

// Text at its blanks: words, and where each begins. An expression is never split.
struct TemplateWord {
  std::string text;
  std::size_t offset = 0;
};
std::vector<TemplateWord> words_of_template(std::string_view text);

class Template {
 public:
  Template() = default;
  // Throws ExpressionError; offsets count from the beginning of `text`. Brackets and quotes inside an expression are respected:
  // `}}` inside a quoted string does not end it.
  static Template parse(std::string_view text);

  // A lone `${{ }}` keeps its type (text around it: text, numbers and booleans only); null is an error.
  Value evaluate(const Scope& scope) const;

  // The same, but "(known after STEP)" stands for what a Scope does not know yet.
  Value foreseen(const Scope& scope) const;

  // One `${{ }}` and nothing around it: its value keeps its type.
  bool is_lone_expression() const;
  bool has_expressions() const { return !expressions().empty(); }
  const std::vector<Expression>& expressions() const;
  // Of all expressions, with offsets into the template's text.
  std::vector<Reference> references() const;
  std::vector<Reference> bare_names() const;  // each is an error when evaluated: inside `${{ }}` there is no result
  const std::string& text() const;            // as written

  struct Parsed;

 private:
  enum class IfUnknown { fails, is_said };
  Value value_of(std::size_t index, const Scope& scope) const;
  Value joined(const Scope& scope, IfUnknown if_unknown) const;

  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace runbook
