#include "expr/call_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"

namespace runbook {
namespace {

using Kind = ExpressionError::Kind;

constexpr std::size_t most_known = 8;  // names in a hint

}  // namespace

const Function& function_named(const std::string& name, Dialect dialect, std::size_t at) {
  if (const Function* function = find_function(name, dialect)) return *function;
  std::vector<std::string> known;
  for (const Function& function : all_functions()) {
    if (dialect == Dialect::runbook || !function.is_addition) known.push_back(function.name);
  }
  throw ExpressionError(Kind::unknown_function, at, fmt::format("there is no function `{}`", name),
                        suggestion(name, known, most_known));
}

void check_count(const Function& function, std::size_t count, std::size_t at) {
  const bool is_right = count >= function.least && (function.takes_more || count <= function.takes.size());
  if (is_right) return;
  throw ExpressionError(Kind::invalid_arity, at,
                        fmt::format("`{}` can't take {} argument{}", function.name, count, count == 1 ? "" : "s"),
                        fmt::format("write `{}`", function.usage));
}

void check_argument(const Function& function, std::size_t position, const Expression::Node& argument, std::string_view text) {
  const unsigned takes = function.takes[std::min(position, function.takes.size() - 1)];
  const bool is_body = std::holds_alternative<Expression::Node::Body>(argument.data);
  if (is_body == ((takes & accepts_expression) != 0)) return;
  if (is_body)
    throw ExpressionError(Kind::invalid_type, argument.begin, fmt::format("`{}` takes no `&` here", function.name),
                          fmt::format("write `{}`", function.usage));
  throw ExpressionError(Kind::invalid_type, argument.begin,
                        fmt::format("`{}` takes an expression here that it applies to each item", function.name),
                        fmt::format("write `&{}`", text.substr(argument.begin, argument.end - argument.begin)));
}

}  // namespace runbook
