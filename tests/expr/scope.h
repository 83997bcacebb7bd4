#pragma once
#include <doctest/doctest.h>

#include <string>

#include "base/json.h"
#include "expr/expression.h"

// A scope with given values; `$steps` are the members of a map.
class GivenScope : public runbook::Scope {
 public:
  GivenScope(runbook::Value context, runbook::Value steps = {}) : context_(std::move(context)), steps_(std::move(steps)) {}

  std::optional<runbook::Value> context(std::string_view name) const override { return member(context_, name); }
  std::optional<runbook::Value> step(std::string_view id) const override { return member(steps_, id); }

 private:
  static std::optional<runbook::Value> member(const runbook::Value& map, std::string_view name) {
    const runbook::Value* found = map.find(name);
    if (!found) return std::nullopt;
    return *found;
  }

  runbook::Value context_, steps_;
};

// As JSON. `result`: what bare names look into; nullptr: there is none.
inline std::string value_in(const GivenScope& scope, std::string_view text, const runbook::Value* result) {
  return runbook::to_json(runbook::Expression::parse(text).evaluate(scope, result));
}

// Fails the test if there is no error.
template <class Evaluate>
runbook::ExpressionError error_from(std::string_view text, const Evaluate& evaluate) {
  try {
    evaluate();
  } catch (const runbook::ExpressionError& error) {
    return error;
  }
  FAIL("no error in " << text);
  return {runbook::ExpressionError::Kind::syntax, 0, ""};
}

inline runbook::ExpressionError error_in(const GivenScope& scope, std::string_view text, const runbook::Value* result) {
  return error_from(text, [&] { runbook::Expression::parse(text).evaluate(scope, result); });
}
