#include "expr/expression.h"

#include "base/error.h"
#include "expr/ast.h"
#include "expr/evaluator.h"
#include "expr/parser.h"

namespace runbook {

ExpressionError::ExpressionError(Kind kind, std::size_t offset, std::string message, std::string hint)
    : kind_(kind), offset_(offset), message_(std::move(message)), hint_(std::move(hint)) {}

std::string_view kind_name(ExpressionError::Kind kind) {
  switch (kind) {
    case ExpressionError::Kind::syntax: return "syntax";
    case ExpressionError::Kind::unknown_function: return "unknown-function";
    case ExpressionError::Kind::invalid_arity: return "invalid-arity";
    case ExpressionError::Kind::invalid_type: return "invalid-type";
    case ExpressionError::Kind::invalid_value: return "invalid-value";
    case ExpressionError::Kind::unknown_name: return "unknown-name";
    case ExpressionError::Kind::not_available: return "not-available";
  }
  RUNBOOK_ASSERT(false);
}

std::optional<Value> Scope::parse_yaml(std::string_view, std::string& why) const {
  why = "no YAML is read here";
  return std::nullopt;
}

Expression Expression::parse(std::string_view text, Dialect dialect) {
  auto parsed = std::make_shared<Parsed>();
  parsed->text = text;
  parsed->dialect = dialect;
  parse_tree(*parsed);
  Expression expression;
  expression.parsed_ = std::move(parsed);
  return expression;
}

Value Expression::evaluate(const Scope& scope, const Value* result) const {
  RUNBOOK_ASSERT(parsed_);
  return evaluate_tree(*parsed_, scope, result);
}

const std::vector<Reference>& Expression::references() const { return parsed_->references; }
const std::vector<Reference>& Expression::bare_names() const { return parsed_->bare_names; }
const std::string& Expression::text() const { return parsed_->text; }

}  // namespace runbook
