#include "run/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"

namespace runbook {

namespace {

std::string as_text(const Value& value) {
  if (value.is_text()) return value.as_text();
  if (value.is_number() || value.is_bool()) return to_json(value);
  throw Error(ExitCode::step_failed, fmt::format("a {} where text is needed", value.type_name()));
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// A secret may be missing after a resume, for it is never stored; or its step was not run at all.
void require_secret_output(const RunFacts& facts, const Reference& reference, const Scope& scope) {
  if (reference.root != "steps" || reference.path.size() < 2) return;
  const Step* step = facts.runbook->find(reference.path[0]);
  const OutputRule* rule = step ? step->find_output(reference.path[1]) : nullptr;
  if (!rule || !rule->is_secret || facts.secret_outputs->find(step->id, rule->name)) return;
  const std::string state = scope.step(step->id).value_or(Value()).text_or("state", "");
  const bool has_run = state != "skipped" && state != "satisfied";
  const std::string missing = fmt::format("the secret output `{}` of step `{}` is not there", rule->name, step->id);
  if (!has_run)
    throw Error(ExitCode::step_failed, fmt::format("{}: that step did not run, it is {}", missing, state),
                rule->is_kept() ? "put it where `keep` looks for it, or leave this step out too: runbook skip"
                                : "leave this step out too: runbook skip");
  throw Error(
      ExitCode::step_failed, missing + ": the engine that held it has ended",
      fmt::format("let the step give it again: runbook redo {} {} --because \"its secret is needed\"", facts.run, step->id));
}

void require_secrets(const RunFacts& facts, const Template& text, const Scope& scope) {
  for (const Reference& reference : text.references()) {
    require_secret_output(facts, reference, scope);
    if (reference.root != "inputs" || reference.path.empty()) continue;
    const Input* input = facts.runbook->find_input(reference.path[0]);
    if (!input || input->type != ValueType::secret || facts.secrets.count(input->name)) continue;
    if (facts.secret_outputs->find("", input->name)) continue;
    throw Error(ExitCode::step_failed,
                fmt::format("the secret input `{}` is not there (secrets are never stored)", input->name),
                fmt::format("RUNBOOK_INPUT_{}=... runbook run --resume", upper(input->name)));
  }
}

// A number or true stays what it is in JSON and becomes text where a process gets it.
Value evaluate_param(const Declaration& type, const std::string& name, const ParamTree& tree, const Scope& scope) {
  Value value = tree.evaluate(scope);
  const Param* param = type.find(name);
  if (!param || param->type != Param::Type::arguments || !value.is_list()) return value;
  List arguments;
  for (const Value& argument : value.as_list()) arguments.emplace_back(as_text(argument));
  return Value(std::move(arguments));
}

void require_secrets_in(const RunFacts& facts, const ParamTree& tree, const Scope& scope) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return require_secrets(facts, leaf->text, scope);
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data)) {
    for (const auto& item : *list) require_secrets_in(facts, item, scope);
    return;
  }
  const auto* map = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
  for (const auto& [key, value] : map ? *map : std::vector<std::pair<std::string, ParamTree>>())
    require_secrets_in(facts, value, scope);
}

Value evaluate_params(const RunFacts& facts, const std::string& type_name, const ParamTree& tree, const Scope& scope) {
  require_secrets_in(facts, tree, scope);
  const Declaration* type = find_declaration(*facts.types, type_name);
  RUNBOOK_ASSERT(type);
  const auto* members = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
  Map params;
  if (members) {
    for (const auto& [name, value] : *members) params.emplace_back(name, evaluate_param(*type, name, value, scope));
  }
  return Value(std::move(params));
}

struct Environment {
  std::vector<std::string> all;  // "NAME=value"
  Map of_step;                   // what `env:` gave
  void set(std::string_view name, std::string_view value) {
    auto is_it = [&](const std::string& entry) {
      return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
    };
    auto found = std::find_if(all.begin(), all.end(), is_it);
    if (found == all.end()) found = all.emplace(all.end());
    *found = fmt::format("{}={}", name, value);
  }
};

Environment make_environment(const RunFacts& facts, const Step& step, const Declaration& type, const Scope& scope) {
  Environment env{facts.environment, {}};
  if (type.exports_inputs && facts.inputs.is_map()) {
    for (const auto& [name, value] : facts.inputs.as_map()) {
      if (value.is_text() || value.is_number() || value.is_bool()) env.set(name, as_text(value));
    }
  }
  for (const auto& entry : step.env) {
    require_secrets(facts, entry.value.text, scope);
    std::string value = as_text(entry.value.text.evaluate(scope));
    env.set(entry.name, value);
    env.of_step.emplace_back(entry.name, std::move(value));
  }
  env.set("RUNBOOK_RUN", facts.run);
  env.set("RUNBOOK_STEP", step.id);
  return env;
}

}  // namespace

std::string working_folder(const RunFacts& facts, const Step& step, const Scope& scope) {
  if (!step.dir) return facts.dir;
  return (std::filesystem::path(facts.dir) / as_text(step.dir->text.evaluate(scope))).lexically_normal().string();
}

namespace {

bool has_values(const ParamTree& tree) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.has_expressions();
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data))
    return std::any_of(list->begin(), list->end(), has_values);
  const auto* map = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
  return map && std::any_of(map->begin(), map->end(), [](const auto& member) { return has_values(member.second); });
}

Request make(const RunFacts& facts, const Step& step, const std::string& type_name, const ParamTree& params,
             const Scope& scope) {
  Request request;
  const Declaration* type = find_declaration(*facts.types, type_name);
  RUNBOOK_ASSERT(type);
  request.type = type_name;
  request.params = evaluate_params(facts, type_name, params, scope);
  Environment env = make_environment(facts, step, *type, scope);
  request.env = std::move(env.all);
  request.dir = working_folder(facts, step, scope);
  request.output_head = step.output_head;
  request.output_tail = step.output_tail;
  request.secrets = facts.secret_values();
  if (!has_values(params) && step.env.empty() && !step.dir) return request;
  Value shown = object({{"type", type_name}, {"params", request.params}, {"env", Value(env.of_step)}, {"dir", request.dir}});
  request.shown = request.secrets.empty() ? shown : try_parse_json(redact(to_json(shown), request.secrets)).value_or(Value());
  return request;
}

}  // namespace

Value described_request(const RunFacts& facts, const Step& step, const Scope& scope) {
  Value shown;
  if (step.manual) {
    shown = object({{"type", step.type}, {"params", step.params.evaluate(scope)}});
  } else {
    const Declaration* type = find_declaration(*facts.types, step.type);
    RUNBOOK_ASSERT(type);
    shown = object({{"type", step.type},
                    {"params", evaluate_params(facts, step.type, step.params, scope)},
                    {"env", Value(make_environment(facts, step, *type, scope).of_step)},
                    {"dir", working_folder(facts, step, scope)}});
  }
  const auto secrets = facts.secret_values();
  return secrets.empty() ? shown : try_parse_json(redact(to_json(shown), secrets)).value_or(Value());
}

Request make_request(const RunFacts& facts, const Step& step, const Scope& scope) {
  Request request = make(facts, step, step.type, step.params, scope);
  request.keeps_result = step.needs_result();
  request.hides_output = step.gives_secrets();
  request.leaves = !step.leaves.empty();
  if (step.timeout_ms && (step.kills_on_timeout || step.effect == Effect::read)) request.timeout_ms = step.timeout_ms;
  return request;
}

Request make_probe_request(const RunFacts& facts, const Step& step, const Probe& probe, const Scope& scope) {
  Request request = make(facts, step, probe.type, probe.params, scope);
  request.keeps_result = probe.that || probe.fail_when || !probe.outputs.empty();
  request.timeout_ms = probe.look_timeout_ms;
  return request;
}

}  // namespace runbook
