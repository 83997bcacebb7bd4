#include "run/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

#include "base/environment.h"
#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "base/shell_word.h"
#include "run/on_target.h"
#include "run/settle.h"

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

// What references mean where an instance stands: in the runbook that is run, or in one that it includes.
class Surroundings {
 public:
  Surroundings(const RunFacts& facts, const Instance& step, const Scope& scope)
      : facts_(facts), step_(step), scope_(scope), included_(included_around(step.frame.get())) {}

  void require_secrets(const Template& text) const {
    for (const Reference& reference : text.references()) {
      if (reference.root == "steps" && reference.path.size() > 1) require_output(reference.path[0], reference.path[1]);
      if (reference.root == "inputs" && !reference.path.empty()) require_input(reference.path[0]);
    }
  }

  void require_secrets(const ParamTree& tree) const {
    if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return require_secrets(leaf->text);
    if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data)) {
      for (const auto& item : *list) require_secrets(item);
      return;
    }
    const auto* map = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
    for (const auto& [key, value] : map ? *map : std::vector<std::pair<std::string, ParamTree>>()) require_secrets(value);
  }

  Value inputs() const { return included_ ? included_->inputs : facts_.inputs; }

 private:
  const Runbook& runbook() const { return included_ ? *included_->runbook : *facts_.runbook; }

  // A secret may be missing after a resume, for it is never stored; or its step was not run at all.
  void require_output(const std::string& id, const std::string& output) const {
    const Step* step = runbook().find(id);
    const OutputRule* rule = step ? step->find_output(output) : nullptr;
    if (!rule || !rule->is_secret) return;
    const Instance instance(*step, outer_loops(step_.frame, step->loops.size()));
    if (facts_.secret_outputs->find(instance.id, rule->name)) return;
    const std::string state = state_of(id);
    const bool has_run = state != "skipped" && state != "satisfied";
    const std::string missing = fmt::format("the secret output `{}` of step `{}` is not there", rule->name, instance.id);
    const std::string redo =
        fmt::format("runbook redo {} {} --because \"its secret is needed\"", facts_.run, quoted_for_shell(instance.id));
    if (has_run)
      throw Error(ExitCode::step_failed, missing + ": the engine that held it has ended",
                  "let the step give it again: " + redo);
    throw Error(ExitCode::step_failed, fmt::format("{}: that step did not run, it is {}", missing, state),
                state == "skipped" && has_begun() ? "let it run after all: " + redo
                : rule->is_kept()                 ? "put it where `keep` looks for it, or leave this step out too: runbook skip"
                                                  : "leave this step out too: runbook skip");
  }

  // What has begun is not left out any more.
  bool has_begun() const {
    const std::string state = state_of(step_->id);
    return state == "running" || state == "in_doubt";
  }
  std::string state_of(const std::string& id) const { return scope_.step(id).value_or(Value()).text_or("state", ""); }

  void require_input(const std::string& name) const {
    const Input* input = runbook().find_input(name);
    if (!input || input->type != ValueType::secret) return;
    const bool is_there = included_ ? included_->secrets.count(name) > 0
                                    : facts_.secrets.count(name) > 0 || facts_.secret_outputs->find("", name) != nullptr;
    if (is_there) return;
    const std::string what = fmt::format("the secret input `{}` is not there (secrets are never stored)", name);
    if (included_) throw Error(ExitCode::step_failed, what, "give the secret from which `with` takes it, then go on");
    throw Error(ExitCode::step_failed, what, fmt::format("RUNBOOK_INPUT_{}=... runbook run --resume", upper(name)));
  }

  const RunFacts& facts_;
  const Instance& step_;
  const Scope& scope_;
  const Frame* included_;
};

// A number or true stays what it is in JSON and becomes text where a process gets it.
Value evaluate_param(const Declaration& type, const std::string& name, const ParamTree& tree, const Scope& scope) {
  Value value = tree.evaluate(scope);
  const Param* param = type.find(name);
  const bool is_list = param && (param->type == Param::Type::arguments || param->type == Param::Type::words);
  if (!is_list || !value.is_list()) return value;
  List arguments;
  for (const Value& argument : value.as_list()) arguments.emplace_back(as_text(argument));
  return Value(std::move(arguments));
}

Value evaluate_params(const RunFacts& facts, const Instance& step, const std::string& type_name, const ParamTree& tree,
                      const Scope& scope) {
  Surroundings(facts, step, scope).require_secrets(tree);
  const Declaration* type = find_declaration(*facts.types, type_name);
  RUNBOOK_ASSERT(type);
  const auto* members = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
  Map params;
  if (members) {
    for (const auto& [name, value] : *members) params.emplace_back(name, evaluate_param(*type, name, value, scope));
  }
  return Value(std::move(params));
}

// What the runbook was checked for must hold with the values, too: none of them becomes a flag that makes another thing of it.
// `most`: the effect that it was found to have; nullopt: the step says its effect itself.
void check_again(const Declaration& type, const Value& params, std::optional<Effect> most) {
  if (type.problems)
    for (const ParamProblem& problem : type.problems(params))
      if (problem.severity == ParamProblem::Severity::error) throw Error(ExitCode::step_failed, problem.message, problem.hint);
  if (!type.effect_of || !most) return;
  const EffectFound found = type.effect_of(params);
  if (found.effect > *most)
    throw Error(ExitCode::step_failed,
                fmt::format("with its values its effect is `{}`, and not `{}`: {}", effect_name(found.effect),
                            effect_name(*most), found.why),
                "look at the values; if it is meant, say so in the step: `effect: once`");
}

struct Environment {
  std::vector<std::string> all;  // "NAME=value"
  Map of_step;                   // what `env:` gave
  void set(std::string_view name, std::string_view value) { set_variable(all, name, value); }
  // Lists and maps are no text.
  void set_scalar(std::string_view name, const Value& value) {
    if (value.is_text() || value.is_number() || value.is_bool()) set(name, as_text(value));
  }
};

// The innermost last.
void set_loop_variables(Environment& env, const Frame* frame) {
  if (!frame || frame->runbook) return;
  set_loop_variables(env, frame->outer.get());
  env.set_scalar(frame->loop->loop->as, frame->item);
}

Environment make_environment(const RunFacts& facts, const Instance& step, const Declaration& type, const Scope& scope,
                             const Value& target = {}) {
  Environment env{facts.environment, {}};
  for (const auto& [name, value] : target.is_map() ? target.as_map() : Map()) env.set_scalar(name, value);
  const Surroundings surroundings(facts, step, scope);
  if (type.exports_inputs) {
    const Value inputs = surroundings.inputs();
    for (const auto& [name, value] : inputs.is_map() ? inputs.as_map() : Map()) env.set_scalar(name, value);
    set_loop_variables(env, step.frame.get());
  }
  for (const auto& entry : step->env) {
    surroundings.require_secrets(entry.value.text);
    std::string value = as_text(entry.value.text.evaluate(scope));
    env.set(entry.name, value);
    env.of_step.emplace_back(entry.name, std::move(value));
  }
  env.set("RUNBOOK_RUN", facts.run);
  env.set("RUNBOOK_STEP", step.id);
  return env;
}

}  // namespace

std::string working_folder(const RunFacts& facts, const Instance& step, const Scope& scope) {
  const Frame* included = included_around(step.frame.get());
  const std::string& folder = included ? included->dir : facts.dir;
  if (!step->dir) return folder;
  return (std::filesystem::path(folder) / as_text(step->dir->text.evaluate(scope))).lexically_normal().string();
}

namespace {

bool has_values(const ParamTree& tree) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.has_expressions();
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data))
    return std::any_of(list->begin(), list->end(), has_values);
  const auto* map = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
  return map && std::any_of(map->begin(), map->end(), [](const auto& member) { return has_values(member.second); });
}

Value masked(const Value& shown, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return shown;
  const std::string text = to_json(shown), safe = redact(text, secrets);
  return safe == text ? shown : try_parse_json(safe).value_or(Value());
}

Request make(const RunFacts& facts, const Instance& step, const std::string& type_name, const ParamTree& params,
             const Scope& scope, const Value& target) {
  Request request;
  const Declaration* type = find_declaration(*facts.types, type_name);
  RUNBOOK_ASSERT(type);
  request.type = type_name;
  request.params = evaluate_params(facts, step, type_name, params, scope);
  Environment env = make_environment(facts, step, *type, scope, target_environment(target));
  request.env = std::move(env.all);
  request.dir = working_folder(facts, step, scope);
  request.output_head = step->output_head;
  request.output_tail = step->output_tail;
  request.secrets = facts.secret_values();
  for (std::string& secret : target_secrets(target)) request.secrets.push_back(std::move(secret));
  if (!has_values(params) && step->env.empty() && !step->dir) return request;
  Value shown = object({{"type", type_name}, {"params", request.params}, {"env", Value(env.of_step)}, {"dir", request.dir}});
  request.shown = masked(shown, request.secrets);
  return request;
}

}  // namespace

Value described_request(const RunFacts& facts, const Instance& step, const Scope& scope) {
  Value shown;
  if (step->manual) {
    shown = object({{"type", step->type}, {"params", step->params.evaluate(scope)}});
  } else {
    const Declaration* type = find_declaration(*facts.types, step->type);
    RUNBOOK_ASSERT(type);
    shown = object({{"type", step->type},
                    {"params", evaluate_params(facts, step, step->type, step->params, scope)},
                    {"env", Value(make_environment(facts, step, *type, scope).of_step)},
                    {"dir", working_folder(facts, step, scope)}});
  }
  return masked(shown, facts.secret_values());
}

// As a shell would have it, whatever the step is: a person types commands there.
Request make_surroundings(const RunFacts& facts, const Instance& step, const Scope& scope, const Value& target) {
  const Declaration* own = find_declaration(*facts.types, step->probe ? step->probe->type : step->type);
  const Declaration* type = own ? own : find_declaration(*facts.types, "shell");
  RUNBOOK_ASSERT(type);
  Request request;
  request.env = make_environment(facts, step, *type, scope, target_environment(target)).all;
  request.dir = working_folder(facts, step, scope);
  return request;
}

Value described_probe(const RunFacts& facts, const Instance& step, const Probe& probe, const Scope& scope) {
  const Value params = probe.type.empty() ? Value() : evaluate_params(facts, step, probe.type, probe.params, scope);
  return masked(object({{"type", probe.type}, {"params", params}}), facts.secret_values());
}

Value probe_with_values(const RunFacts& facts, const Instance& step, const Scope& scope) {
  try {
    return has_values(step->probe->params) ? described_probe(facts, step, *step->probe, scope) : Value();
  } catch (const std::exception&) {
    return Value();
  }
}

Request make_request(const RunFacts& facts, const Instance& step, const Scope& scope, const Value& target) {
  Request request = make(facts, step, step->type, step->params, scope, target);
  const bool is_found = !step->effect_why.empty();
  check_again(*find_declaration(*facts.types, step->type), request.params,
              is_found ? std::optional(step->effect) : std::nullopt);
  request.keeps_result = step->needs_result();
  request.hides_output = step->gives_secrets();
  request.wants_findings = !request.hides_output;
  request.tty = step->has_terminal;
  request.leaves = !step->leaves.empty();
  request.is_repeatable = is_repeatable(step->effect);
  if (step->timeout_ms && (step->kills_on_timeout || step->effect == Effect::read)) request.timeout_ms = step->timeout_ms;
  return request;
}

Request make_probe_request(const RunFacts& facts, const Instance& step, const Probe& probe, const Scope& scope,
                           const Value& target) {
  Request request = make(facts, step, probe.type, probe.params, scope, target);
  check_again(*find_declaration(*facts.types, probe.type), request.params, Effect::read);
  request.keeps_result = !probe.follows && (probe.that || probe.fail_when || !probe.outputs.empty());
  request.timeout_ms = probe.look_timeout_ms;
  if (probe.follows) request.following = Following{probe.until, probe.fail_on, ""};
  return request;
}

}  // namespace runbook
