#include "book/constraints.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "book/inputs.h"
#include "book/value_scope.h"

namespace runbook {
namespace {

class Constraints {
 public:
  Constraints(const Runbook& runbook, const Value& inputs, const std::set<std::string>& unknown)
      : runbook_(runbook), unknown_(unknown), scope_(object({{"inputs", inputs}, {"vars", Value(Map())}})) {}

  std::vector<InputProblem> broken() {
    evaluate_vars();
    for (const Constraint& constraint : runbook_.constraints) {
      if (!depends(constraint.that.expression.references())) judge(constraint);
    }
    return std::move(problems_);
  }

 private:
  // On something that is not known.
  bool depends(const std::vector<Reference>& references) const {
    return std::any_of(references.begin(), references.end(), [&](const Reference& reference) {
      const std::set<std::string>& names = reference.root == "vars" ? unknown_vars_ : unknown_;
      return reference.path.empty() ? !names.empty() : names.contains(reference.path.front());
    });
  }

  void evaluate_vars() {
    for (const auto& [name, text] : runbook_.vars) {
      if (depends(text.text.references())) {
        unknown_vars_.insert(name);
        continue;
      }
      try {
        vars_ = with(vars_, name, text.text.evaluate(scope_));
        scope_.set("vars", vars_);
      } catch (const ExpressionError& error) {
        failed_vars_.emplace(name, error.what());
      }
    }
  }

  void judge(const Constraint& constraint) {
    const Expression& that = constraint.that.expression;
    for (const Reference& reference : that.references()) {
      if (reference.root != "vars" || reference.path.empty()) continue;
      if (const auto failed = failed_vars_.find(reference.path.front()); failed != failed_vars_.end())
        return report(that,
                      fmt::format("the constraint `{}` needs the var `{}`: {}", that.text(), failed->first, failed->second));
    }
    try {
      const Value holds = that.evaluate(scope_, nullptr);
      if (!holds.is_bool())
        return report(that,
                      fmt::format("the constraint `{}` yields {}, and true or false is wanted", that.text(), to_json(holds)));
      if (!holds.as_bool()) report(that, fmt::format("{} (`{}` is false)", constraint.because, that.text()));
    } catch (const ExpressionError& error) {
      report(that, fmt::format("the constraint `{}`: {}", that.text(), error.what()));
    }
  }

  void report(const Expression& that, std::string message) {
    std::string hint;
    for (const Reference& reference : that.references()) {
      const Input* input =
          reference.root == "inputs" && !reference.path.empty() ? runbook_.find_input(reference.path.front()) : nullptr;
      const std::string way = input ? how_to_give(*input) : "";
      if (way.empty() || hint.find(way) != std::string::npos) continue;
      hint += (hint.empty() ? "" : "\n") + way;
    }
    problems_.push_back({std::move(message), std::move(hint)});
  }

  const Runbook& runbook_;
  const std::set<std::string>& unknown_;
  std::set<std::string> unknown_vars_;
  std::map<std::string, std::string> failed_vars_;  // and why
  ValueScope scope_;                                // inputs, and the vars so far
  Value vars_ = Value(Map());
  std::vector<InputProblem> problems_;
};

std::string shown_example(const Input& input) {
  if (input.example.is_null()) return "...";
  if (input.example.is_text()) return input.example.as_text();
  const bool is_of_words = input.example.is_list() && !input.example.as_list().empty() &&
                           std::all_of(input.example.as_list().begin(), input.example.as_list().end(), [](const Value& item) {
                             return item.is_text() && item.as_text().find_first_of(" ,'\"") == std::string::npos;
                           });
  if (!is_of_words) return "'" + to_json(input.example) + "'";
  std::string text;
  for (const Value& item : input.example.as_list()) text += (text.empty() ? "" : ",") + item.as_text();
  return text;
}

}  // namespace

std::string how_to_give(const Input& input) {
  if (input.type == ValueType::secret) return fmt::format("export {}=...", environment_name(input));
  return fmt::format("-i {}={}", input.name, shown_example(input));
}

std::vector<InputProblem> broken_constraints(const Runbook& runbook, const Value& inputs,
                                             const std::set<std::string>& unknown) {
  return Constraints(runbook, inputs, unknown).broken();
}

}  // namespace runbook
