#pragma once
#include "expr/ast.h"

namespace runbook {

// Fills in root, references and bare_names of `into` from its text and dialect. Throws ExpressionError.
void parse_tree(Expression::Parsed& into);

}  // namespace runbook
