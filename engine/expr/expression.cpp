#include "expr/expression.h"

#include "base/error.h"
#include "expr/ast.h"
#include "expr/evaluator.h"
#include "expr/parser.h"

namespace runbook {

ExpressionError::ExpressionError(Kind kind, std::size_t offset, std::string message, std::string hint)
    : kind_(kind), offset_(offset), message_(std::move(message)), hint_(std::move(hint)) {}

Expression Expression::parse(std::string_view text) {
  auto parsed = std::make_shared<Parsed>();
  parsed->text = text;
  parsed->root = parse_tree(parsed->text, parsed->references, parsed->bare_names);
  Expression expression;
  expression.parsed_ = std::move(parsed);
  return expression;
}

Value Expression::evaluate(const Scope& scope, const Value* result) const {
  RUNBOOK_ASSERT(parsed_);
  return evaluate_tree(*parsed_->root, parsed_->text, scope, result);
}

const std::vector<Reference>& Expression::references() const { return parsed_->references; }
const std::vector<Reference>& Expression::bare_names() const { return parsed_->bare_names; }
const std::string& Expression::text() const { return parsed_->text; }

}  // namespace runbook
