#include "expr/ast.h"

namespace runbook {
namespace {

using Node = Expression::Node;
using ResultPaths = std::vector<std::vector<std::string>>;

void add(ResultPaths& all, ResultPaths more) {
  for (auto& path : more) all.push_back(std::move(path));
}

ResultPaths below(ResultPaths paths, const std::string& name) {
  for (auto& path : paths) path.push_back(name);
  return paths;
}

// Each alternative: what it gives where `@` is one of `current`.
struct Visitor {
  const ResultPaths& current;

  static ResultPaths visit(const Node::Ptr& node, const ResultPaths& current) {
    return node ? std::visit(Visitor{current}, node->data) : current;
  }

  ResultPaths operator()(const Node::Literal&) const { return {}; }
  ResultPaths operator()(const Node::Current&) const { return current; }
  ResultPaths operator()(const Node::Context&) const { return {}; }
  ResultPaths operator()(const Node::StepValues&) const { return {}; }
  ResultPaths operator()(const Node::Field& field) const { return below(visit(field.of, current), field.name); }
  ResultPaths operator()(const Node::Index& index) const { return visit(index.of, current); }
  ResultPaths operator()(const Node::Not&) const { return {}; }
  ResultPaths operator()(const Node::Comparison&) const { return {}; }
  ResultPaths operator()(const Node::Logical& logical) const { return either(logical.left, logical.right); }
  ResultPaths operator()(const Node::Pipe& pipe) const { return visit(pipe.right, visit(pipe.left, current)); }
  ResultPaths operator()(const Node::Choice& choice) const { return either(choice.one, choice.other); }
  ResultPaths operator()(const Node::Body& body) const { return visit(body.expression, current); }

  ResultPaths operator()(const Node::Projection& projection) const {
    ResultPaths items = visit(projection.of, current);
    if (projection.kind == Node::Projection::Of::members) items = below(std::move(items), "*");
    return visit(projection.each, items);
  }

  ResultPaths operator()(const Node::MultiList& list) const {
    const ResultPaths base = visit(list.of, current);
    ResultPaths all;
    for (const Node::Ptr& item : list.items) add(all, visit(item, base));
    return all;
  }

  ResultPaths operator()(const Node::MultiMap& map) const {
    const ResultPaths base = visit(map.of, current);
    ResultPaths all;
    for (const auto& [name, member] : map.members) add(all, visit(member, base));
    return all;
  }

  // `map(&x, list)`: the body is about items of the other arguments.
  ResultPaths operator()(const Node::Call& call) const {
    const ResultPaths base = visit(call.of, current);
    ResultPaths given, all;
    for (const Node::Ptr& argument : call.arguments)
      if (!std::holds_alternative<Node::Body>(argument->data)) add(given, visit(argument, base));
    for (const Node::Ptr& argument : call.arguments)
      if (std::holds_alternative<Node::Body>(argument->data)) add(all, visit(argument, given));
    add(all, std::move(given));
    return all;
  }

  ResultPaths either(const Node::Ptr& one, const Node::Ptr& other) const {
    ResultPaths all = visit(one, current);
    add(all, visit(other, current));
    return all;
  }
};

}  // namespace

std::vector<std::vector<std::string>> Expression::result_paths() const { return Visitor::visit(parsed_->root, {{}}); }

}  // namespace runbook
