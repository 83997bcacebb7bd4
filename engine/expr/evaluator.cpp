#include "expr/evaluator.h"

#include <fmt/format.h>

#include "base/error.h"

namespace runbook {
namespace {

using Node = Expression::Node;
using Kind = ExpressionError::Kind;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string_view in_words(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "true or false";
  if (value.is_number()) return "a number";
  if (value.is_text()) return "text";
  return value.is_list() ? "a list" : "a map";
}

bool is_same_kind(const Value& a, const Value& b) {
  if (a.is_number()) return b.is_number();
  return a.type_name() == b.type_name();
}

class Evaluator {
 public:
  Evaluator(std::string_view text, const Scope& scope, const Value* result) : text_(text), scope_(scope), result_(result) {}

  Value value_of(const Node& node) const {
    return std::visit(Overloaded{
                          [&](const Node::Literal& literal) { return literal.value; },
                          [&](const Node::Result&) { return result(node); },
                          [&](const Node::Context& context) { return context_value(node, context.name); },
                          [&](const Node::StepValues& step) { return step_values(node, step.id); },
                          [&](const Node::Field& field) { return field_of(node, field); },
                          [&](const Node::Index& index) { return item_of(node, index); },
                          [&](const Node::Not& negation) { return Value(!boolean(*negation.operand, "!")); },
                          [&](const Node::Comparison& comparison) { return Value(compare(node, comparison)); },
                          [&](const Node::Logical& logical) { return Value(combine(logical)); },
                      },
                      node.data);
  }

 private:
  std::string_view text_of(const Node& node) const { return text_.substr(node.begin, node.end - node.begin); }

  std::string shown(const Node& node) const {
    return std::holds_alternative<Node::Result>(node.data) ? "the result" : fmt::format("`{}`", text_of(node));
  }

  [[noreturn]] void fail(Kind kind, const Node& node, std::string message, std::string hint = {}) const {
    throw ExpressionError(kind, node.begin, std::move(message), std::move(hint));
  }

  Value result(const Node& node) const {
    if (!result_)
      fail(Kind::not_available, node, "there is no result here that a bare name could look into",
           "context values begin with `$`");
    return *result_;
  }

  Value context_value(const Node& node, const std::string& name) const {
    std::optional<Value> found = scope_.context(name);
    if (!found) fail(Kind::unknown_name, node, fmt::format("there is no `${}` here", name));
    return *std::move(found);
  }

  Value step_values(const Node& node, const std::string& id) const {
    std::optional<Value> found = scope_.step(id);
    if (!found) fail(Kind::unknown_name, node, fmt::format("there is no step `{}`", id));
    return *std::move(found);
  }

  Value field_of(const Node& node, const Node::Field& field) const {
    const Value of = value_of(*field.of);
    if (of.is_null()) return {};
    if (of.is_map()) return of.get(field.name);
    fail(Kind::invalid_type, node, fmt::format("{} is {} and has no field `{}`", shown(*field.of), in_words(of), field.name));
  }

  Value item_of(const Node& node, const Node::Index& index) const {
    const Value of = value_of(*index.of);
    if (of.is_null()) return {};
    if (!of.is_list()) fail(Kind::invalid_type, node, fmt::format("{} is {} and has no items", shown(*index.of), in_words(of)));
    const auto size = static_cast<std::int64_t>(of.as_list().size());
    const std::int64_t at = index.index < 0 ? size + index.index : index.index;
    return at < 0 || at >= size ? Value() : of.as_list()[static_cast<std::size_t>(at)];
  }

  bool boolean(const Node& node, std::string_view of_operator) const {
    const Value value = value_of(node);
    if (value.is_bool()) return value.as_bool();
    fail(Kind::invalid_type, node,
         fmt::format("`{}` takes true or false, and `{}` is {}", of_operator, text_of(node), in_words(value)),
         value.is_null() || value.is_text() ? fmt::format("compare it: `{} == ...`", text_of(node)) : "");
  }

  bool combine(const Node::Logical& logical) const {
    const bool needs_both = logical.connective == Node::Connective::both;
    const std::string_view symbol = needs_both ? "&&" : "||";
    if (boolean(*logical.left, symbol) != needs_both) return !needs_both;
    return boolean(*logical.right, symbol);
  }

  bool compare(const Node& node, const Node::Comparison& comparison) const {
    const Value left = value_of(*comparison.left);
    const Value right = value_of(*comparison.right);
    switch (comparison.comparator) {
      case Node::Comparator::equal: return is_equal(node, comparison, left, right);
      case Node::Comparator::unequal: return !is_equal(node, comparison, left, right);
      case Node::Comparator::less: return is_less(comparison, left, right);
      case Node::Comparator::greater: return is_less(comparison, left, right, Operands::exchanged);
      case Node::Comparator::less_or_equal: return is_less(comparison, left, right) || left == right;
      case Node::Comparator::greater_or_equal: return is_less(comparison, left, right, Operands::exchanged) || left == right;
    }
    RUNBOOK_ASSERT(false);
  }

  bool is_equal(const Node& node, const Node::Comparison& comparison, const Value& left, const Value& right) const {
    if (left.is_null() || right.is_null()) return left.is_null() && right.is_null();
    if (is_same_kind(left, right)) return left == right;
    fail(Kind::invalid_type, node,
         fmt::format("can't compare {} with {}: `{}` is {}, `{}` is {}", in_words(left), in_words(right),
                     text_of(*comparison.left), in_words(left), text_of(*comparison.right), in_words(right)));
  }

  enum class Operands { as_written, exchanged };

  bool is_less(const Node::Comparison& comparison, const Value& left, const Value& right,
               Operands order = Operands::as_written) const {
    require_number(*comparison.left, left);
    require_number(*comparison.right, right);
    const Value& first = order == Operands::as_written ? left : right;
    const Value& second = order == Operands::as_written ? right : left;
    if (first.is_int() && second.is_int()) return first.as_int() < second.as_int();
    return first.as_number() < second.as_number();
  }

  void require_number(const Node& node, const Value& value) const {
    if (value.is_number()) return;
    fail(Kind::invalid_type, node,
         fmt::format("`<` and its kin compare numbers, and `{}` is {}", text_of(node), in_words(value)));
  }

  std::string_view text_;
  const Scope& scope_;
  const Value* result_;
};

}  // namespace

Value evaluate_tree(const Node& root, std::string_view text, const Scope& scope, const Value* result) {
  return Evaluator(text, scope, result).value_of(root);
}

}  // namespace runbook
