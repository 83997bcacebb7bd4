#pragma once
#include "expr/ast.h"

namespace runbook {

// See Expression::evaluate.
Value evaluate_tree(const Expression::Node& root, std::string_view text, const Scope& scope, const Value* result);

}  // namespace runbook
