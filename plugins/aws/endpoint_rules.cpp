// The evaluation of endpoint rule sets.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/endpoint.h"
#include "plugins/aws/rule_functions.h"
#include "plugins/aws/rule_values.h"

namespace runbook::aws {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ExitCode::step_failed, "endpoint rules: " + what, "the service models are damaged; install them anew");
}

const Value& needed(const Value& node, std::string_view key) {
  const Value* value = node.find(key);
  if (!value) refuse(fmt::format("`{}` is missing in {}", key, to_json(node).substr(0, 80)));
  return *value;
}

const List& needed_list(const Value& node, std::string_view key) {
  const Value& list = needed(node, key);
  if (!list.is_list()) refuse(fmt::format("`{}` is no list", key));
  return list.as_list();
}

const std::string& needed_text(const Value& node, std::string_view key) {
  const Value& text = needed(node, key);
  if (!text.is_text()) refuse(fmt::format("`{}` is no text", key));
  return text.as_text();
}

class Evaluation {
 public:
  explicit Evaluation(const Value& partitions) : partitions_(partitions) {}

  void set(std::string_view name, Value value) { scope_.emplace_back(name, std::move(value)); }
  std::optional<RuleOutcome> first_of(const List& rules);

 private:
  std::optional<RuleOutcome> outcome_of(const Value& rule);
  bool holds(const Value& condition);
  RuleOutcome endpoint(const Value& endpoint);
  Value value_of(const Value& node);
  Value called(const Value& node);
  Value filled(const std::string& text) const;
  Value filled_deep(const Value& node);
  Value reference(std::string_view name) const;
  std::string insertion(std::string_view path) const;

  const Value& partitions_;
  // What is known here: parameters and what conditions have assigned. The names live in the rule set and in the parameters.
  std::vector<std::pair<std::string_view, Value>> scope_;
};

std::optional<RuleOutcome> Evaluation::first_of(const List& rules) {
  for (const Value& rule : rules) {
    const std::size_t known = scope_.size();
    std::optional<RuleOutcome> outcome = outcome_of(rule);
    if (outcome) return outcome;
    scope_.resize(known);  // what a rule assigns holds within it
  }
  return std::nullopt;
}

std::optional<RuleOutcome> Evaluation::outcome_of(const Value& rule) {
  if (const Value* conditions = rule.find("conditions"); conditions && conditions->is_list()) {
    for (const Value& condition : conditions->as_list()) {
      if (!holds(condition)) return std::nullopt;
    }
  }
  const std::string& type = needed_text(rule, "type");
  if (type == "tree") return first_of(needed_list(rule, "rules"));
  if (type == "endpoint") return endpoint(needed(rule, "endpoint"));
  if (type == "error") return RuleOutcome{std::nullopt, text_or_json(value_of(needed(rule, "error")))};
  refuse(fmt::format("a rule of the unknown type `{}`", type));
}

bool Evaluation::holds(const Value& condition) {
  Value value = called(condition);
  if (value.is_null() || (value.is_bool() && !value.as_bool())) return false;
  if (const Value* name = condition.find("assign"); name && name->is_text()) set(name->as_text(), std::move(value));
  return true;
}

RuleOutcome Evaluation::endpoint(const Value& endpoint) {
  const Value url = value_of(needed(endpoint, "url"));
  if (!url.is_text()) refuse("the url of an endpoint is no text");
  const Value properties = filled_deep(endpoint.get("properties"));
  const Value headers = filled_deep(endpoint.get("headers"));
  return {
      RuledEndpoint{url.as_text(), properties.is_map() ? properties : Value(Map{}), headers.is_map() ? headers : Value(Map{})},
      ""};
}

Value Evaluation::value_of(const Value& node) {
  if (node.is_text()) return filled(node.as_text());
  if (const Value* name = node.find("ref")) return name->is_text() ? reference(name->as_text()) : Value();
  return node.find("fn") ? called(node) : node;
}

Value Evaluation::called(const Value& node) {
  List arguments;
  for (const Value& argument : needed_list(node, "argv")) arguments.push_back(value_of(argument));
  return call_rule_function(needed_text(node, "fn"), arguments, partitions_);
}

// `{Region}` and `{url#authority}` are filled in; `{{` and `}}` are braces.
Value Evaluation::filled(const std::string& text) const {
  if (text.find_first_of("{}") == std::string::npos) return text;
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_doubled = at + 1 < text.size() && text[at + 1] == c;
    if ((c == '{' || c == '}') && is_doubled) result.push_back(text[at++]);
    else if (c == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string::npos) refuse(fmt::format("a `{{` without its `}}` in \"{}\"", text));
      result += insertion(std::string_view(text).substr(at + 1, end - at - 1));
      at = end;
    } else result.push_back(c);
  }
  return result;
}

std::string Evaluation::insertion(std::string_view path) const {
  const std::size_t hash = path.find('#');
  Value value = reference(path.substr(0, hash));
  if (hash != std::string_view::npos) {
    std::string rest(path.substr(hash + 1));
    for (char& c : rest) c = c == '#' ? '.' : c;
    value = attribute(value, rest);
  }
  if (value.is_null()) refuse(fmt::format("`{{{}}}` is used where it is not set", path));
  return text_or_json(value);
}

Value Evaluation::filled_deep(const Value& node) {
  if (node.is_list()) {
    List list;
    for (const Value& item : node.as_list()) list.push_back(filled_deep(item));
    return list;
  }
  if (!node.is_map() || node.find("ref") || node.find("fn")) return value_of(node);
  Map map;
  for (const auto& [key, value] : node.as_map()) map.emplace_back(key, filled_deep(value));
  return map;
}

Value Evaluation::reference(std::string_view name) const {
  for (auto known = scope_.rbegin(); known != scope_.rend(); ++known) {
    if (known->first == name) return known->second;
  }
  return {};
}

}  // namespace

RuleOutcome evaluate_rules(const Value& rules, const Value& partitions, const Value& params) {
  Evaluation evaluation(partitions);
  const Value& declared = needed(rules, "parameters");
  if (!declared.is_map()) refuse("`parameters` is no map");
  for (const auto& [name, declaration] : declared.as_map()) {
    const Value* given = params.find(name);
    Value value = given && !given->is_null() ? *given : declaration.get("default");
    if (value.is_null() && declaration.bool_or("required", false)) return {std::nullopt, fmt::format("{} is required", name)};
    if (!value.is_null()) evaluation.set(name, std::move(value));
  }
  if (auto outcome = evaluation.first_of(needed_list(rules, "rules"))) return *std::move(outcome);
  throw Error(ExitCode::step_failed, fmt::format("no endpoint rule fits the parameters {}", to_json(params)),
              "set `endpoint:` in the target");
}

}  // namespace runbook::aws
