#include "book/runbook.h"

#include <algorithm>

namespace runbook {

ParamTree::ParamTree() = default;

ParamTree::ParamTree(Data tree) : data(std::move(tree)) {}

Value ParamTree::evaluate(const Scope& scope) const {
  if (const auto* text = std::get_if<PlacedTemplate>(&data)) return text->text.evaluate(scope);
  if (const auto* constant = std::get_if<Value>(&data)) return *constant;
  if (const auto* items = std::get_if<std::vector<ParamTree>>(&data)) {
    List list;
    for (const ParamTree& item : *items) list.push_back(item.evaluate(scope));
    return list;
  }
  Map map;
  for (const auto& [name, tree] : std::get<std::vector<std::pair<std::string, ParamTree>>>(data))
    map.emplace_back(name, tree.evaluate(scope));
  return map;
}

std::vector<Reference> ParamTree::references() const {
  if (const auto* text = std::get_if<PlacedTemplate>(&data)) return text->text.references();
  std::vector<Reference> all;
  const auto add = [&all](const ParamTree& tree) {
    for (Reference& reference : tree.references()) all.push_back(std::move(reference));
  };
  if (const auto* items = std::get_if<std::vector<ParamTree>>(&data))
    for (const ParamTree& item : *items) add(item);
  if (const auto* members = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&data))
    for (const auto& [name, tree] : *members) add(tree);
  return all;
}

bool Step::needs_result() const {
  if (retry.when) return true;
  return std::any_of(outputs.begin(), outputs.end(), [](const OutputRule& output) { return output.is_of_result(); });
}

std::vector<Reference> Step::references_to_values() const {
  std::vector<Reference> all = params.references();
  const auto add = [&all](std::vector<Reference> more) { std::move(more.begin(), more.end(), std::back_inserter(all)); };
  for (const EnvEntry& entry : env) add(entry.value.text.references());
  for (const Probe* each : {before.get(), done_when.get(), verify.get(), probe.get()})
    if (each) add(each->params.references());
  if (include)
    for (const auto& [name, value] : include->with) add(value.references());
  return all;
}

bool Step::gives_secrets() const {
  return std::any_of(outputs.begin(), outputs.end(), [](const OutputRule& output) { return output.is_secret; });
}

const OutputRule* Step::find_output(std::string_view name) const {
  const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const OutputRule& rule) { return rule.name == name; });
  return found == outputs.end() ? nullptr : &*found;
}

std::vector<std::string> Step::output_names() const {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<OutputRule>& rules) {
    for (const OutputRule& rule : rules)
      if (std::find(names.begin(), names.end(), rule.name) == names.end()) names.push_back(rule.name);
  };
  add(outputs);
  if (include) {
    for (const auto& [name, value] : include->runbook->outputs) names.push_back(name);
  }
  for (const Probe* each : {done_when.get(), probe.get()})
    if (each) add(each->outputs);
  return names;
}

Section::Section() = default;
Section::~Section() = default;

const Step* Runbook::find(std::string_view id) const {
  const auto found = steps_by_id.find(id);
  return found == steps_by_id.end() ? nullptr : found->second;
}

const Step* Runbook::find_step_of(std::string_view instance) const {
  std::string id;
  std::size_t at = 0;
  for (; at < instance.size() && instance[at] != '/'; ++at) {
    if (instance[at] == '[') at = std::min(instance.find(']', at), instance.size() - 1);
    else id += instance[at];
  }
  constexpr std::string_view undo = ":undo";
  if (id.ends_with(undo)) {
    const Step* undone = find(std::string_view(id).substr(0, id.size() - undo.size()));
    return undone ? undone->undo.get() : nullptr;
  }
  const Step* step = find(id);
  if (at == instance.size()) return step;
  return step && step->include ? step->include->runbook->find_step_of(instance.substr(at + 1)) : nullptr;
}

const Input* Runbook::find_input(std::string_view wanted) const {
  for (const Input& input : inputs) {
    if (input.name == wanted) return &input;
  }
  return nullptr;
}

const Target* Runbook::find_target(std::string_view wanted) const {
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const Target& target) { return target.name == wanted; });
  return found == targets.end() ? nullptr : &*found;
}

}  // namespace runbook
