#pragma once
#include <string_view>

#include "expr/ast.h"

namespace runbook {

// Throws ExpressionError{syntax, unsupported}.
Expression::Node::Ptr parse_tree(std::string_view text, std::vector<Reference>& references, std::vector<Reference>& bare_names);

}  // namespace runbook
