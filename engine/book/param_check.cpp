#include "book/param_check.h"

namespace runbook {
namespace {

using Members = std::vector<std::pair<std::string, ParamTree>>;

// Of a parameter, or of an item of it. nullptr: it does not stand in the file.
const PlacedTemplate* leaf_of(const ParamTree& params, const ParamProblem& problem) {
  const auto* members = std::get_if<Members>(&params.data);
  if (!members) return nullptr;
  for (const auto& [name, tree] : *members) {
    if (name != problem.param) continue;
    const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data);
    if (list && problem.item && *problem.item < list->size()) return std::get_if<PlacedTemplate>(&(*list)[*problem.item].data);
    return std::get_if<PlacedTemplate>(&tree.data);
  }
  return nullptr;
}

void report(const ParamProblem& problem, const ParamTree& params, const Node::Member& member, Problems& problems) {
  const PlacedTemplate* leaf = leaf_of(params, problem);
  const Place place = leaf ? leaf->place : member.key_place;
  const int length = length_of(leaf ? leaf->text.text() : member.key);
  if (problem.severity == ParamProblem::Severity::error) problems.error(place, length, problem.message, problem.hint);
  else problems.warning(place, length, problem.message, problem.hint);
}

}  // namespace

Value as_written(const ParamTree& params) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&params.data)) return leaf->text.text();
  if (const auto* constant = std::get_if<Value>(&params.data)) return *constant;
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&params.data)) {
    List items;
    for (const ParamTree& item : *list) items.push_back(as_written(item));
    return Value(std::move(items));
  }
  Map members;
  for (const auto& [name, tree] : std::get<Members>(params.data)) members.emplace_back(name, as_written(tree));
  return Value(std::move(members));
}

std::optional<EffectFound> check_params(const Declaration& type, const ParamTree& params, const Node::Member& member,
                                        Problems& problems) {
  if (!type.problems && !type.effect_of) return std::nullopt;
  const Value written = as_written(params);
  if (type.problems)
    for (const ParamProblem& problem : type.problems(written)) report(problem, params, member, problems);
  return type.effect_of ? std::optional(type.effect_of(written)) : std::nullopt;
}

}  // namespace runbook
