#include "run/outputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/lines.h"
#include "base/pattern.h"
#include "base/redactor.h"
#include "base/trimmed.h"
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
  const Value& result = !rule.is_secret && outcome.masked_result ? *outcome.masked_result : outcome.result;
  if (!rule.value && rule.is_lines) return result.get("stdout");
  if (!rule.value) return named(outcome, rule.name, why);
  try {
    Value value = rule.value->expression.evaluate(scope, &result);
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

// Without the newline that programs end their output with: it is no part of the secret.
std::optional<std::string> secret_of(const Value& value, std::string& why) {
  if (!value.is_text()) {
    why = "a secret is text, and this is not";
    return std::nullopt;
  }
  std::string secret = without_line_ends(value.as_text());
  if (secret.size() >= shortest_secret) return secret;
  why = fmt::format("a secret of less than {} characters can't be masked in what is shown", shortest_secret);
  return std::nullopt;
}

class Extraction {
 public:
  Extraction(const Outcome& outcome, const Scope& scope) : outcome_(outcome), scope_(scope) {}

  // "" or why it can't be had.
  std::string take(const OutputRule& rule) {
    std::string why;
    if (outcome_.given) return take_given(rule);
    if (rule.is_of_result() && !outcome_.why_no_result.empty()) return outcome_.why_no_result;
    if (!rule.is_of_result() && outcome_.named_outputs_are_missing)
      return "what was written to $RUNBOOK_OUTPUT can't be read, or was held by the supervisor, which died";
    std::optional<Value> value = raw_value(rule, outcome_, scope_, why);
    if (rule.is_secret) return take_secret(rule, value, why);
    if (value) value = converted(rule, *value, why);
    if (!value) return why;
    values_.emplace_back(rule.name, *value);
    return {};
  }

  void take_rest(const std::vector<OutputRule>& rules) {
    if (!secrets_.empty()) return;
    for (const auto& [name, value] : outcome_.named_outputs) {
      bool is_ruled =
          std::any_of(rules.begin(), rules.end(), [&, &name = name](const OutputRule& rule) { return rule.name == name; });
      if (!is_ruled) values_.emplace_back(name, Value(value));
    }
  }

  StepOutputs all() {
    Value values{std::move(values_)};
    if (secrets_.empty()) return {std::move(values), {}};
    std::vector<std::string> secrets;
    for (const auto& [name, secret] : secrets_) secrets.push_back(secret);
    return {try_parse_json(redact(to_json(values), secrets)).value_or(Value(Map{})), std::move(secrets_)};
  }

 private:
  std::string take_given(const OutputRule& rule) {
    const Value* value = outcome_.given->find(rule.name);
    if (value && rule.is_secret) return take_secret(rule, *value, {});
    if (!value) return "neither the scenario nor the step's `example` gives it";
    values_.emplace_back(rule.name, *value);
    return {};
  }

  // What an expression says of its failure may repeat what it looked at.
  std::string take_secret(const OutputRule& rule, const std::optional<Value>& value, const std::string& why_none) {
    std::string why;
    std::optional<std::string> secret = value ? secret_of(*value, why) : std::nullopt;
    if (!value) why = rule.value ? fmt::format("`{}` has no value", rule.value->expression.text()) : why_none;
    if (!secret) return why;
    values_.emplace_back(rule.name, Value(secret_mask));
    secrets_.emplace_back(rule.name, *std::move(secret));
    return {};
  }

  const Outcome& outcome_;
  const Scope& scope_;
  Map values_;
  std::vector<std::pair<std::string, std::string>> secrets_;
};

}  // namespace

std::optional<StepOutputs> extract_outputs(const std::vector<OutputRule>& rules, const Outcome& outcome, const Scope& scope,
                                           std::string& why) {
  Extraction extraction(outcome, scope);
  for (const OutputRule& rule : rules) {
    const std::string reason = extraction.take(rule);
    if (reason.empty()) continue;
    why = fmt::format("output `{}`: {}", rule.name, reason);
    return std::nullopt;
  }
  extraction.take_rest(rules);
  return extraction.all();
}

}  // namespace runbook
