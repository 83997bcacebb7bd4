#pragma once
#include "expr/expression.h"

namespace runbook::aws {

// Where the expressions of models are evaluated: they look into an answer, and into nothing else.
class NoScope : public Scope {
 public:
  std::optional<Value> context(std::string_view) const override { return std::nullopt; }
  std::optional<Value> step(std::string_view) const override { return std::nullopt; }
};

// Null where it is no expression, or fails.
inline Value evaluate_in(const Value& result, const std::string& expression) {
  try {
    return Expression::parse(expression, Dialect::plain).evaluate(NoScope(), &result);
  } catch (const ExpressionError&) {
    return {};
  }
}

}  // namespace runbook::aws
