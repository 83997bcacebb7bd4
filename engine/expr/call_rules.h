#pragma once
// What holds for every call before it is evaluated. Each throws ExpressionError.
#include <cstddef>
#include <string>
#include <string_view>

#include "expr/ast.h"
#include "expr/functions.h"

namespace runbook {

// `at`: where its name stands in the expression.
const Function& function_named(const std::string& name, Dialect dialect, std::size_t at);
void check_count(const Function& function, std::size_t count, std::size_t at);
// That `&` stands before it if, and only if, the function applies it to each item. `text` is the whole expression.
void check_argument(const Function& function, std::size_t position, const Expression::Node& argument, std::string_view text);

}  // namespace runbook
