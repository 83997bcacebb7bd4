#pragma once
#include "expr/ast.h"

namespace runbook {

// See Expression::evaluate.
Value evaluate_tree(const Expression::Parsed& parsed, const Scope& scope, const Value* result);

}  // namespace runbook
