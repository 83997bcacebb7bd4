#include "expr/evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "expr/functions.h"

namespace runbook {
namespace {

using Node = Expression::Node;
using Projection = Node::Projection;
using Kind = ExpressionError::Kind;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string_view kind_in_words(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "true or false";
  if (value.is_number()) return "a number";
  if (value.is_text()) return "text";
  return value.is_list() ? "a list" : "a map";
}

bool is_scalar(const Value& value) { return value.is_text() || value.is_number() || value.is_bool(); }

bool is_same_kind(const Value& a, const Value& b) {
  if (a.is_number()) return b.is_number();
  return a.type_name() == b.type_name();
}

// JMESPath: false, null, and what is empty.
bool is_true(const Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_text()) return !value.as_text().empty();
  if (value.is_list()) return !value.as_list().empty();
  if (value.is_map()) return !value.as_map().empty();
  return !value.is_null();
}

List flattened(const List& list) {
  List flat;
  for (const Value& item : list) {
    if (item.is_list()) flat.insert(flat.end(), item.as_list().begin(), item.as_list().end());
    else flat.push_back(item);
  }
  return flat;
}

// As in Python, whose rules JMESPath names: bounds beyond the list are its ends.
List sliced(const List& list, const Node::Slice& slice) {
  const auto size = static_cast<std::int64_t>(list.size());
  const bool is_forward = slice.step > 0;
  const std::int64_t lowest = is_forward ? 0 : -1, highest = is_forward ? size : size - 1;
  const auto bound = [&](std::int64_t given) { return std::clamp(given < 0 ? given + size : given, lowest, highest); };
  const std::int64_t begin = slice.begin ? bound(*slice.begin) : is_forward ? lowest : highest;
  const std::int64_t end = slice.end ? bound(*slice.end) : is_forward ? highest : lowest;
  List chosen;
  const std::int64_t distance = is_forward ? end - begin : begin - end;
  const std::int64_t stride = slice.step == INT64_MIN ? INT64_MAX : std::abs(slice.step);
  for (std::int64_t offset = 0; offset < distance; offset += stride) {
    chosen.push_back(list[static_cast<std::size_t>(is_forward ? begin + offset : begin - offset)]);
    if (stride > distance) break;
  }
  return chosen;
}

class Evaluator;

class EvaluatedCall final : public FunctionCall {
 public:
  EvaluatedCall(const Evaluator& evaluator, const Node::Call& call, const Value* current);
  std::size_t size() const override { return values_.size(); }
  const Value& operator[](std::size_t index) const override { return values_[index]; }
  Value apply(std::size_t index, const Value& item) const override;
  const Scope& scope() const override;
  [[noreturn]] void fail(ExpressionError::Kind kind, std::size_t index, const std::string& message) const override {
    throw ExpressionError(kind, call_.arguments[index]->begin, message);
  }

 private:
  const Evaluator& evaluator_;
  const Node::Call& call_;
  std::vector<Value> values_;
};

class Evaluator {
 public:
  Evaluator(const Expression::Parsed& parsed, const Scope& scope)
      : text_(parsed.text), is_strict_(parsed.dialect == Dialect::runbook), scope_(scope) {}

  // current: what bare names look into; nullptr: there is nothing.
  Value value_of(const Node& node, const Value* current) const {
    return std::visit(Overloaded{
                          [&](const Node::Literal& literal) { return literal.value; },
                          [&](const Node::Current&) { return current_value(node, current); },
                          [&](const Node::Context& context) { return context_value(node, context.name); },
                          [&](const Node::StepValues& step) { return step_values(node, step.id); },
                          [&](const Node::Field& field) { return value_of(*field.of, current).get(field.name); },
                          [&](const Node::Index& index) { return item_of(value_of(*index.of, current), index.index); },
                          [&](const Node::Not& negation) { return Value(!is_true(value_of(*negation.operand, current))); },
                          [&](const Node::Comparison& comparison) { return compare(node, comparison, current); },
                          [&](const Node::Logical& logical) { return combine(logical, current); },
                          [&](const Node::Pipe& pipe) { return within(*pipe.right, value_of(*pipe.left, current)); },
                          [&](const Projection& projection) { return project(projection, current); },
                          [&](const Node::MultiList& list) { return multi_list(list, current); },
                          [&](const Node::MultiMap& map) { return multi_map(map, current); },
                          [&](const Node::Call& call) { return called(call, current); },
                          [&](const Node::Choice& choice) { return chosen(choice, current); },
                          [&](const Node::Body&) -> Value { RUNBOOK_ASSERT(false); },
                      },
                      node.data);
  }

  std::string_view text_of(const Node& node) const { return text_.substr(node.begin, node.end - node.begin); }
  const Scope& scope() const { return scope_; }

 private:
  [[noreturn]] void fail(Kind kind, const Node& node, std::string message, std::string hint = {}) const {
    throw ExpressionError(kind, node.begin, std::move(message), std::move(hint));
  }

  Value within(const Node& node, const Value& current) const { return value_of(node, &current); }

  Value current_value(const Node& node, const Value* current) const {
    if (!current)
      fail(Kind::not_available, node, "there is no result here that a bare name could look into",
           "context values begin with `$`");
    return *current;
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

  static Value item_of(const Value& of, std::int64_t index) {
    if (!of.is_list()) return {};
    const auto size = static_cast<std::int64_t>(of.as_list().size());
    const std::int64_t at = index < 0 ? size + index : index;
    return at < 0 || at >= size ? Value() : of.as_list()[static_cast<std::size_t>(at)];
  }

  Value project(const Projection& projection, const Value* current) const {
    const Value of = value_of(*projection.of, current);
    const bool is_of_map = projection.kind == Projection::Of::members;
    if (is_of_map ? !of.is_map() : !of.is_list()) return {};
    List found;
    const auto add = [&](const Value& item) {
      if (projection.condition && !is_true(within(*projection.condition, item))) return;
      Value each = within(*projection.each, item);
      if (!each.is_null()) found.push_back(std::move(each));
    };
    if (is_of_map) {
      for (const auto& [name, value] : of.as_map()) add(value);
    } else {
      for (const Value& item : items(projection, of.as_list())) add(item);
    }
    return Value(std::move(found));
  }

  static List items(const Projection& projection, const List& list) {
    if (projection.kind == Projection::Of::flattened) return flattened(list);
    if (projection.kind == Projection::Of::sliced) return sliced(list, projection.slice);
    return list;
  }

  // A choice of nothing is null; one that stands alone needs nothing unless its items do.
  Value multi_list(const Node::MultiList& list, const Value* current) const {
    const std::optional<Value> of = base_of(*list.of, current);
    if (of && of->is_null() && current) return {};
    List items;
    for (const Node::Ptr& item : list.items) items.push_back(value_of(*item, of ? &*of : nullptr));
    return Value(std::move(items));
  }

  Value multi_map(const Node::MultiMap& map, const Value* current) const {
    const std::optional<Value> of = base_of(*map.of, current);
    if (of && of->is_null() && current) return {};
    Value members{Map()};
    for (const auto& [name, value] : map.members) members = with(members, name, value_of(*value, of ? &*of : nullptr));
    return members;
  }

  std::optional<Value> base_of(const Node& of, const Value* current) const {
    if (!current && std::holds_alternative<Node::Current>(of.data)) return std::nullopt;
    return value_of(of, current);
  }

  Value called(const Node::Call& call, const Value* current) const {
    if (!call.of) return call.function->body(EvaluatedCall(*this, call, current));
    const Value of = value_of(*call.of, current);
    return call.function->body(EvaluatedCall(*this, call, &of));
  }

  Value chosen(const Node::Choice& choice, const Value* current) const {
    const Value condition = value_of(*choice.condition, current);
    if (!condition.is_bool())
      fail(Kind::invalid_type, *choice.condition,
           fmt::format("the condition of `if` is true or false, and `{}` is {}", text_of(*choice.condition),
                       kind_in_words(condition)));
    return value_of(condition.as_bool() ? *choice.one : *choice.other, current);
  }

  Value combine(const Node::Logical& logical, const Value* current) const {
    Value left = value_of(*logical.left, current);
    const bool decides = is_true(left) == (logical.connective == Node::Connective::either);
    return decides ? left : value_of(*logical.right, current);
  }

  Value compare(const Node& node, const Node::Comparison& comparison, const Value* current) const {
    const Value left = value_of(*comparison.left, current);
    const Value right = value_of(*comparison.right, current);
    if (comparison.comparator == Node::Comparator::equal) return is_equal(node, comparison, left, right);
    if (comparison.comparator == Node::Comparator::unequal) return !is_equal(node, comparison, left, right);
    if (is_strict_) require_orderable(*comparison.left, left), require_orderable(*comparison.right, right);
    if (!left.is_number() || !right.is_number()) return {};
    switch (comparison.comparator) {
      case Node::Comparator::less: return is_less(left, right);
      case Node::Comparator::greater: return is_less(right, left);
      case Node::Comparator::less_or_equal: return is_less(left, right) || left == right;
      default: return is_less(right, left) || left == right;
    }
  }

  bool is_equal(const Node& node, const Node::Comparison& comparison, const Value& left, const Value& right) const {
    if (!is_strict_ || !is_scalar(left) || !is_scalar(right) || is_same_kind(left, right)) return left == right;
    fail(Kind::invalid_type, node,
         fmt::format("can't compare {} with {}: `{}` is {}, `{}` is {}", kind_in_words(left), kind_in_words(right),
                     text_of(*comparison.left), kind_in_words(left), text_of(*comparison.right), kind_in_words(right)));
  }

  static bool is_less(const Value& first, const Value& second) {
    if (first.is_int() && second.is_int()) return first.as_int() < second.as_int();
    return first.as_number() < second.as_number();
  }

  void require_orderable(const Node& node, const Value& value) const {
    if (value.is_number() || value.is_null()) return;
    fail(Kind::invalid_type, node,
         fmt::format("`<` and its kin compare numbers, and `{}` is {}", text_of(node), kind_in_words(value)),
         value.is_text() ? fmt::format("text that holds a number: `to_number({})`", text_of(node)) : "");
  }

  std::string_view text_;
  bool is_strict_;
  const Scope& scope_;
};

EvaluatedCall::EvaluatedCall(const Evaluator& evaluator, const Node::Call& call, const Value* current)
    : evaluator_(evaluator), call_(call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const unsigned takes = call.function->takes[std::min(i, call.function->takes.size() - 1)];
    const Node& argument = *call.arguments[i];
    const bool is_body = (takes & accepts_expression) != 0;
    values_.push_back(is_body ? Value() : evaluator.value_of(argument, current));
    if (is_body || fits(values_.back(), takes)) continue;
    fail(Kind::invalid_type, i,
         fmt::format("`{}` takes {} here, and `{}` is {}", call.function->name, in_words(takes), evaluator.text_of(argument),
                     values_.back().is_list() ? "a list of other things" : kind_in_words(values_.back())));
  }
}

Value EvaluatedCall::apply(std::size_t index, const Value& item) const {
  return evaluator_.value_of(*std::get<Node::Body>(call_.arguments[index]->data).expression, &item);
}

const Scope& EvaluatedCall::scope() const { return evaluator_.scope(); }

}  // namespace

Value evaluate_tree(const Expression::Parsed& parsed, const Scope& scope, const Value* result) {
  return Evaluator(parsed, scope).value_of(*parsed.root, result);
}

}  // namespace runbook
