// eval: an expression over JSON on standard input.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/diagnostic.h"
#include "base/error.h"
#include "base/json.h"
#include "book/value_scope.h"
#include "cli/commands.h"
#include "expr/expression.h"
#include "os/files.h"

namespace runbook {

namespace {

Value standard_input() {
  const std::string text = read_stream(STDIN_FILENO);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  return parse_json(text);
}

// What only a runbook knows can be tried, too.
std::string hint_of(const ExpressionError& error, const std::string& expression, bool is_strict) try {
  if (is_strict || error.kind() != ExpressionError::Kind::unknown_function) return error.hint();
  Expression::parse(expression, Dialect::runbook);
  return "runbooks know it: try --strict";
} catch (const ExpressionError&) {
  return error.hint();
}

int explain(const ExpressionError& error, const std::string& expression, bool is_strict, bool wants_json) {
  const SourceText source("expression", expression);
  Diagnostic diagnostic;
  diagnostic.place = source.place_at(error.offset());
  diagnostic.message = fmt::format("{}: {}", kind_name(error.kind()), error.what());
  diagnostic.hint = hint_of(error, expression, is_strict);
  if (wants_json)
    fmt::print("{}\n", to_json(object({{"error", kind_name(error.kind())},
                                       {"message", error.what()},
                                       {"hint", diagnostic.hint},
                                       {"column", diagnostic.place.column}})));
  else fmt::print(stderr, "{}", render(diagnostic, source));
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int eval_command(const Arguments& arguments) {
  const std::string& text = arguments.operands().front();
  const bool is_strict = arguments.has("--strict");
  try {
    const Expression expression = Expression::parse(text, is_strict ? Dialect::runbook : Dialect::plain);
    const Value given = standard_input();
    const Value result = expression.evaluate(ValueScope(), &given);
    fmt::print("{}\n", arguments.has("--compact") ? to_json(result) : to_pretty_json(result));
    return 0;
  } catch (const ExpressionError& error) {
    return explain(error, text, is_strict, arguments.wants_json());
  }
}

}  // namespace runbook
