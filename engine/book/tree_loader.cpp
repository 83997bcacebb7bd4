#include "book/tree_loader.h"

namespace runbook {
namespace {

std::optional<ParamTree> load_leaf(const NodePtr& node, const Site& site, Scalars scalars, Loading& loading) {
  const bool may_be_constant = scalars == Scalars::typed || node->kind == Node::Kind::null;
  if (std::optional<Value> constant = may_be_constant ? constant_of(*node) : std::nullopt)
    return ParamTree{*std::move(constant)};
  std::optional<PlacedTemplate> text = read_template(node, site, loading);
  if (!text) return std::nullopt;
  return ParamTree{*std::move(text)};
}

}  // namespace

std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, Scalars scalars, Loading& loading) {
  if (node->kind == Node::Kind::list) {
    std::vector<ParamTree> list;
    for (const NodePtr& item : node->items) {
      if (std::optional<ParamTree> tree = load_tree(item, site, scalars, loading)) list.push_back(*std::move(tree));
    }
    return ParamTree{std::move(list)};
  }
  if (node->kind != Node::Kind::map) return load_leaf(node, site, scalars, loading);
  std::vector<std::pair<std::string, ParamTree>> members;
  for (const Node::Member& member : node->members) {
    if (std::optional<ParamTree> tree = load_tree(member.value, site, scalars, loading))
      members.emplace_back(member.key, *std::move(tree));
  }
  return ParamTree{std::move(members)};
}

}  // namespace runbook
