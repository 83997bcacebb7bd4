#include "run/scope.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "book/value_scope.h"
#include "book/yaml_value.h"

namespace runbook {

std::vector<std::string> RunFacts::secret_values() const {
  std::vector<std::string> values;
  for (const auto& [name, value] : secrets) values.push_back(value);
  values.insert(values.end(), secret_outputs->all().begin(), secret_outputs->all().end());
  return values;
}

Value StoredValues::get(const std::string& digest) {
  if (digest.empty()) return {};
  auto found = cache_.find(digest);
  if (found != cache_.end()) return found->second;
  return cache_.emplace(digest, parse_json(reader_(digest))).first->second;
}

RunScope RunScope::with_before(Value before) const {
  RunScope scope = *this;
  scope.before_ = std::move(before);
  return scope;
}

std::optional<Value> RunScope::context(std::string_view name) const {
  if (name == "vars") return facts_.vars;
  if (name == "run") return facts_.run_values;
  if (name == "before") return before_;
  if (name != "inputs") return std::nullopt;
  Value inputs = facts_.inputs;
  for (const auto& [secret, value] : facts_.secrets) inputs = with(inputs, secret, value);
  for (const Input& input : facts_.runbook->inputs) {
    const std::string* secret = input.type == ValueType::secret ? facts_.secret_outputs->find("", input.name) : nullptr;
    if (secret) inputs = with(inputs, input.name, *secret);
  }
  return inputs;
}

std::optional<Value> RunScope::step(std::string_view id) const {
  const Step* known = facts_.runbook->find(id);
  if (!known) return std::nullopt;
  const InstanceState& it = state_.of(std::string(id));
  Value step = is_done(it.state) ? values_.get(it.outputs) : Value();
  for (const OutputRule& rule : known->outputs) {
    const std::string* secret = rule.is_secret ? facts_.secret_outputs->find(id, rule.name) : nullptr;
    if (secret) step = with(step, rule.name, *secret);
  }
  return with(step, "state", step_state_name(it.state));
}

std::optional<Value> RunScope::parse_yaml(std::string_view text, std::string& why) const { return parse_yaml_text(text, why); }

RunFacts facts_of(const std::string& run, std::shared_ptr<const Runbook> runbook, const Declarations& types, Value inputs,
                  const RunState& state) {
  RunFacts facts;
  facts.run = run;
  facts.runbook = std::move(runbook);
  facts.types = &types;
  facts.inputs = std::move(inputs);
  facts.dir = state.dir;
  facts.run_values = run_values_of(run, state);
  facts.vars = evaluate_vars(*facts.runbook, facts.inputs, facts.run_values);
  return facts;
}

Value run_values_of(const std::string& run, const RunState& state) {
  return object({{"id", run},
                 {"started_at", utc_text(state.began_at_ms)},
                 {"dir", state.dir},
                 {"operator", state.operator_name},
                 {"host", state.host}});
}

Value evaluate_vars(const Runbook& runbook, const Value& inputs, const Value& run_values) {
  Value vars = Value(Map());
  ValueScope scope(object({{"inputs", inputs}, {"run", run_values}, {"vars", vars}}));
  for (const auto& [name, text] : runbook.vars) {
    try {
      vars = with(vars, name, text.text.evaluate(scope));
      scope.set("vars", vars);
    } catch (const ExpressionError& error) {
      throw Error(ExitCode::usage, "the value of `" + name + "` under vars: " + error.what());
    }
  }
  return vars;
}

}  // namespace runbook
