#include "book/tree_loader.h"

namespace runbook {
namespace {

class TreeLoader {
 public:
  TreeLoader(const Site& site, const ScalarsAt& scalars, Loading& loading)
      : site_(site), scalars_(scalars), loading_(loading) {}

  std::optional<ParamTree> load(const NodePtr& node) {
    switch (node->kind) {
      case Node::Kind::list: return load_list(*node);
      case Node::Kind::map: return load_map(*node);
      case Node::Kind::null:
      case Node::Kind::scalar: break;
    }
    return load_leaf(node);
  }

 private:
  ParamTree load_list(const Node& node) {
    std::vector<ParamTree> list;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      path_.emplace_back(i);
      if (std::optional<ParamTree> tree = load(node.items[i])) list.push_back(*std::move(tree));
      path_.pop_back();
    }
    return ParamTree{std::move(list)};
  }

  ParamTree load_map(const Node& node) {
    std::vector<std::pair<std::string, ParamTree>> members;
    for (const Node::Member& member : node.members) {
      path_.emplace_back(member.key);
      if (std::optional<ParamTree> tree = load(member.value)) members.emplace_back(member.key, *std::move(tree));
      path_.pop_back();
    }
    return ParamTree{std::move(members)};
  }

  std::optional<ParamTree> load_leaf(const NodePtr& node) {
    const bool may_be_constant = node->kind == Node::Kind::null || scalars_(path_) == Scalars::typed;
    if (std::optional<Value> constant = may_be_constant ? constant_of(*node) : std::nullopt)
      return ParamTree{*std::move(constant)};
    std::optional<PlacedTemplate> text = read_template(node, site_, loading_);
    if (!text) return std::nullopt;
    return ParamTree{*std::move(text)};
  }

  const Site& site_;
  const ScalarsAt& scalars_;
  Loading& loading_;
  ParamPath path_;
};

}  // namespace

std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, Scalars scalars, Loading& loading) {
  return load_tree(
      node, site, [scalars](const ParamPath&) { return scalars; }, loading);
}

std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, const ScalarsAt& scalars, Loading& loading) {
  return TreeLoader(site, scalars, loading).load(node);
}

}  // namespace runbook
