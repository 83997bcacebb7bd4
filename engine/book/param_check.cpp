#include "book/param_check.h"

namespace runbook {
namespace {

using Members = std::vector<std::pair<std::string, ParamTree>>;

struct Spot {
  Place place;
  int length;
};

// Of a parameter, or of an item of it, that is a scalar, or a word of one. nullopt: it is none.
std::optional<Spot> spot_of_leaf(const ParamTree& params, const ParamProblem& problem) {
  const auto* members = std::get_if<Members>(&params.data);
  for (const auto& [name, tree] : members ? *members : Members()) {
    if (name != problem.param || problem.path.size() > 1) continue;
    const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data);
    const auto* item = problem.path.empty() ? nullptr : std::get_if<std::size_t>(&problem.path.front());
    const ParamTree* at = list && item && *item < list->size() ? &(*list)[*item] : &tree;
    if (const auto* leaf = std::get_if<PlacedTemplate>(&at->data)) return Spot{leaf->place, length_of(leaf->text.text())};
  }
  return std::nullopt;
}

Spot spot_of(const Node::Member& member, bool is_about_name) {
  const bool is_scalar = member.value->kind == Node::Kind::scalar && !member.value->block;
  if (is_about_name || !is_scalar) return {member.key_place, length_of(member.key)};
  return {member.value->place, length_of(member.value->text)};
}

// As near to it as the file goes: what comes from `defaults` does not stand here.
Spot spot_in_file(const Node::Member& type, const ParamProblem& problem) {
  const Node::Member* param = type.value->kind == Node::Kind::map ? type.value->find(problem.param) : nullptr;
  if (!param) return {type.key_place, length_of(type.key)};
  Spot spot = spot_of(*param, problem.path.empty() && problem.is_about_name);
  const Node* node = param->value.get();
  for (std::size_t depth = 0; depth < problem.path.size(); ++depth) {
    const auto* name = std::get_if<std::string>(&problem.path[depth]);
    const bool is_last = depth + 1 == problem.path.size();
    if (name) {
      const Node::Member* member = node->kind == Node::Kind::map ? node->find(*name) : nullptr;
      if (!member) return spot;
      spot = spot_of(*member, problem.is_about_name || !is_last);
      node = member->value.get();
    } else {
      const std::size_t item = std::get<std::size_t>(problem.path[depth]);
      if (node->kind != Node::Kind::list || item >= node->items.size()) return spot;
      node = node->items[item].get();
      spot = {node->place, node->kind == Node::Kind::scalar && !node->block ? length_of(node->text) : 1};
    }
  }
  return spot;
}

void report(const ParamProblem& problem, const ParamTree& params, const Node::Member& member, Problems& problems) {
  const auto [place, length] = spot_of_leaf(params, problem).value_or(spot_in_file(member, problem));
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
