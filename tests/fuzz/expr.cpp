// Text as an expression, and as a template.
#include <optional>
#include <string>

#include "base/error.h"
#include "expr/template.h"
#include "tests/fuzz/fuzz.h"

namespace runbook {
namespace {

class FewValues : public Scope {
 public:
  std::optional<Value> context(std::string_view name) const override {
    if (name == "inputs")
      return object({{"a", "text"}, {"n", 7}, {"f", 0.5}, {"t", true}, {"none", nullptr}, {"list", some_list()}});
    if (name == "vars") return object({{"a", "${{ $inputs.a }}"}, {"m", object({{"b", some_list()}})}});
    if (name == "run") return object({{"id", "20261121-1105-abcd"}});
    return std::nullopt;
  }
  std::optional<Value> step(std::string_view id) const override {
    if (id != "a") return std::nullopt;
    return object({{"state", "succeeded"}, {"x", 3}});
  }

 private:
  static Value some_list() { return List{1, "two", nullptr, object({{"k", "v"}, {"n", 2}}), List{3, 4}}; }
};

Value some_result() {
  return object(
      {{"stdout", "a b\n"}, {"exit_code", 0}, {"json", object({{"a", List{object({{"b", 1}}), object({{"b", 2}})}}})}});
}

bool same(const Reference& a, const Reference& b) { return a.root == b.root && a.path == b.path && a.offset == b.offset; }

bool same(const std::vector<Reference>& a, const std::vector<Reference>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Reference& x, const Reference& y) { return same(x, y); });
}

void check_error(const ExpressionError& error, std::string_view text) {
  RUNBOOK_ASSERT(error.offset() <= text.size());
  RUNBOOK_ASSERT(*error.what() != '\0');
}

// The value, or the message of why there is none.
template <class Evaluate>
std::pair<std::optional<Value>, std::string> outcome_of(const Evaluate& evaluate, std::string_view text) {
  try {
    return {evaluate(), ""};
  } catch (const ExpressionError& error) {
    check_error(error, text);
    return {std::nullopt, error.what()};
  }
}

void check_references(const std::vector<Reference>& references, std::string_view text) {
  for (const Reference& reference : references) RUNBOOK_ASSERT(reference.offset < text.size());
}

void fuzz_expression(std::string_view input) {
  const Expression expression = Expression::parse(input);
  RUNBOOK_ASSERT(expression.text() == input);
  check_references(expression.references(), input);
  check_references(expression.bare_names(), input);
  const Expression again = Expression::parse(expression.text());
  RUNBOOK_ASSERT(same(expression.references(), again.references()) && same(expression.bare_names(), again.bare_names()));

  const FewValues scope;
  const Value result = some_result();
  const auto first = outcome_of([&] { return expression.evaluate(scope, &result); }, input);
  RUNBOOK_ASSERT(first == outcome_of([&] { return again.evaluate(scope, &result); }, input));
  outcome_of([&] { return expression.evaluate(scope, nullptr); }, input);
}

void fuzz_template(std::string_view input) {
  const Template text = Template::parse(input);
  RUNBOOK_ASSERT(text.text() == input);
  check_references(text.references(), input);
  check_references(text.bare_names(), input);
  const auto value = outcome_of([&] { return text.evaluate(FewValues()); }, input);
  if (input.find("${{") != std::string_view::npos) return;
  RUNBOOK_ASSERT(!text.has_expressions() && value.first && *value.first == Value(input));
}

}  // namespace

void fuzz(std::string_view input) {
  for (const auto& target : {fuzz_expression, fuzz_template}) {
    try {
      target(input);
    } catch (const ExpressionError& error) {
      check_error(error, input);
    }
  }
}

}  // namespace runbook
