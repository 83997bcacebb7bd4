#include "run/outputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/lines.h"
#include "base/pattern.h"
#include "book/inputs.h"

namespace runbook {

namespace {

std::optional<std::string> first_match(const std::string& text, const std::string& expression, std::string& why) {
  auto pattern = Pattern::parse(expression, why);
  if (!pattern) return std::nullopt;
  auto found = pattern->search(text);
  if (!found) why = fmt::format("nothing in standard output matches `{}`", expression);
  return found;
}

std::optional<Value> named(const Outcome& outcome, const std::string& name, std::string& why) {
  for (const auto& [key, value] : outcome.named_outputs) {
    if (key == name) return Value(value);
  }
  why = fmt::format("nothing wrote `{0}=...` to $RUNBOOK_OUTPUT (echo \"{0}=$value\" >> \"$RUNBOOK_OUTPUT\")", name);
  return std::nullopt;
}

std::optional<Value> raw_value(const OutputRule& rule, const Outcome& outcome, const Scope& scope, std::string& why) {
  if (!rule.regex.empty()) {
    auto text = first_match(outcome.result.text_or("stdout", ""), rule.regex, why);
    return text ? std::optional<Value>(*text) : std::nullopt;
  }
  if (!rule.value && rule.is_lines) return outcome.result.get("stdout");
  if (!rule.value) return named(outcome, rule.name, why);
  try {
    Value value = rule.value->expression.evaluate(scope, &outcome.result);
    if (!value.is_null()) return value;
    why = fmt::format("`{}` is null", rule.value->expression.text());
  } catch (const ExpressionError& error) {
    why = error.what();
  }
  return std::nullopt;
}

std::optional<Value> converted(const OutputRule& rule, const Value& value, std::string& why) {
  if (rule.is_lines && value.is_text()) {
    const std::vector<std::string_view> lines = lines_of(value.as_text());
    return Value(List(lines.begin(), lines.end()));
  }
  if (rule.is_lines) {
    why = fmt::format("`lines` takes text, and this is {}", to_json(value));
    return std::nullopt;
  }
  if (rule.type == ValueType::text) return value;
  return convert(rule.type, text_or_json(value), why);
}

}  // namespace

std::optional<Value> extract_outputs(const std::vector<OutputRule>& rules, const Outcome& outcome, const Scope& scope,
                                     std::string& why) {
  Map outputs;
  for (const OutputRule& rule : rules) {
    std::string reason;
    std::optional<Value> value;
    if (rule.is_of_result() && outcome.result_is_missing) reason = "the output was held by the supervisor, which died";
    else value = raw_value(rule, outcome, scope, reason);
    if (value) value = converted(rule, *value, reason);
    if (!value) {
      why = fmt::format("output `{}`: {}", rule.name, reason);
      return std::nullopt;
    }
    outputs.emplace_back(rule.name, *value);
  }
  for (const auto& named : outcome.named_outputs) {
    bool is_ruled = std::any_of(rules.begin(), rules.end(), [&](const OutputRule& rule) { return rule.name == named.first; });
    if (!is_ruled) outputs.emplace_back(named.first, Value(named.second));
  }
  return Value(std::move(outputs));
}

}  // namespace runbook
