#include "expr/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/call_rules.h"
#include "expr/token_cursor.h"

namespace runbook {
namespace {

using Kind = Token::Kind;
using Node = Expression::Node;
using Projection = Node::Projection;

// Bounds the height of the tree, and so every recursion over it.
constexpr int highest_tree = 200;

// How tightly an operator holds what stands before it; 0: it is no operator. A projection goes on to the first one that is
// looser than `loosest_in_projection`.
int binding_power(Kind kind) {
  switch (kind) {
    case Kind::pipe: return 1;
    case Kind::or_or: return 2;
    case Kind::and_and: return 3;
    case Kind::equal:
    case Kind::unequal:
    case Kind::less:
    case Kind::less_or_equal:
    case Kind::greater:
    case Kind::greater_or_equal: return 5;
    case Kind::flatten: return 9;
    case Kind::filter: return 21;
    case Kind::dot: return 40;
    case Kind::left_bracket: return 55;
    default: return 0;
  }
}
constexpr int pipe_power = 1, comparison_power = 5, flatten_power = 9, loosest_in_projection = 10, star_power = 20,
              filter_power = 21, not_power = 6, body_power = 0;

[[noreturn]] void fail(ExpressionError::Kind kind, std::size_t at, std::string message, std::string hint = {}) {
  throw ExpressionError(kind, at, std::move(message), std::move(hint));
}
[[noreturn]] void fail(std::size_t at, std::string message, std::string hint = {}) {
  fail(ExpressionError::Kind::syntax, at, std::move(message), std::move(hint));
}

Node::Comparator comparator(Kind kind) {
  switch (kind) {
    case Kind::equal: return Node::Comparator::equal;
    case Kind::unequal: return Node::Comparator::unequal;
    case Kind::less: return Node::Comparator::less;
    case Kind::less_or_equal: return Node::Comparator::less_or_equal;
    case Kind::greater: return Node::Comparator::greater;
    default: return Node::Comparator::greater_or_equal;
  }
}

class Parser {
 public:
  explicit Parser(Expression::Parsed& into) : into_(into), tokens_(into.text) {}

  Node::Ptr run() {
    if (tokens_.now().kind == Kind::end) fail(0, "the expression is empty");
    Node::Ptr root = expression(0);
    if (tokens_.now().kind != Kind::end) tokens_.fail();
    return root;
  }

 private:
  // While one lives, bare names look into something else than the result at hand.
  class Inside {
   public:
    explicit Inside(Parser& parser) : depth_(parser.inside_) { ++depth_; }
    ~Inside() { --depth_; }
    Inside(const Inside&) = delete;

   private:
    int& depth_;
  };

  bool is_plain() const { return into_.dialect == Dialect::plain; }

  template <class Data>
  Node::Ptr make(Data data, std::size_t begin, int height_below) const {
    if (height_below >= highest_tree) fail(begin, "the expression nests too deeply");
    auto node = std::make_unique<Node>();
    node->data = std::move(data);
    node->begin = begin;
    node->end = tokens_.end_of_last();
    node->height = height_below + 1;
    return node;
  }

  Node::Ptr current(std::size_t begin) const {
    Node::Ptr node = make(Node::Current{}, begin, 0);
    node->end = begin;
    return node;
  }

  Node::Ptr expression(int power) {
    if (++depth_ > highest_tree) fail(tokens_.now().begin, "the expression nests too deeply");
    Node::Ptr whole = extended(operand(), power);
    --depth_;
    return whole;
  }

  Node::Ptr extended(Node::Ptr left, int power) {
    while (binding_power(tokens_.now().kind) > power) left = continued(std::move(left));
    return left;
  }

  // What an expression can begin with.
  Node::Ptr operand() {
    const Token& token = tokens_.now();
    switch (token.kind) {
      case Kind::literal: return make(Node::Literal{tokens_.take().value}, token.begin, 0);
      case Kind::number: return number();
      case Kind::identifier: return named_operand();
      case Kind::quoted_identifier: return quoted_operand();
      case Kind::context: return context_value();
      case Kind::at: return result(tokens_.take());
      case Kind::bang: return negation();
      case Kind::left_parenthesis: return group();
      case Kind::left_bracket: return bracket_operand();
      case Kind::left_brace: return multi_map(current(token.begin));
      case Kind::star: note_result("*"); return members(current(token.begin));
      case Kind::filter: note_result("["); return filter(current(token.begin));
      case Kind::flatten: note_result("["); return flatten(current(token.begin));
      case Kind::ampersand: fail(token.begin, "`&` stands only before an argument that is applied to each item");
      case Kind::end: fail(token.begin, "the expression ends too early");
      case Kind::dot: fail(token.begin, "a path begins with a name, not with a dot", first_name_hint());
      default: tokens_.fail();
    }
  }

  std::string first_name_hint() const {
    if (tokens_.after().kind != Kind::identifier) return {};
    const std::string name(tokens_.text_of(tokens_.after()));
    return is_plain() ? fmt::format("write `{}`", name)
                      : fmt::format("write `{0}`, or `json.{0}` in what a command printed as JSON", name);
  }

  // How an expression can go on.
  Node::Ptr continued(Node::Ptr left) {
    switch (tokens_.now().kind) {
      case Kind::dot: tokens_.take(); return after_dot(std::move(left));
      case Kind::left_bracket: return bracket(std::move(left));
      case Kind::filter: return filter(std::move(left));
      case Kind::flatten: return flatten(std::move(left));
      case Kind::pipe: return pipe(std::move(left));
      case Kind::or_or: return logical(std::move(left), Node::Connective::either);
      case Kind::and_and: return logical(std::move(left), Node::Connective::both);
      default: return comparison(std::move(left));
    }
  }

  Node::Ptr number() {
    const Token& token = tokens_.take();
    if (is_plain()) fail(token.begin, "a number takes backticks", fmt::format("write `{}`", tokens_.text_of(token)));
    return make(Node::Literal{token.value}, token.begin, 0);
  }

  void note_result(std::string name) { note_result(std::move(name), {}, tokens_.now().begin); }
  void note_result(std::string name, std::vector<std::string> path, std::size_t begin) {
    if (inside_ == 0) into_.bare_names.push_back({std::move(name), std::move(path), begin});
  }

  Node::Ptr named_operand() {
    if (tokens_.after().kind == Kind::left_parenthesis) return call(nullptr);
    const Token& token = tokens_.take();
    const std::string& name = token.value.as_text();
    if (!is_plain()) {
      if (name == "true" || name == "false") return make(Node::Literal{name == "true"}, token.begin, 0);
      if (name == "null") return make(Node::Literal{}, token.begin, 0);
    }
    note_result(name, tokens_.following_names(), token.begin);
    return make(Node::Field{current(token.begin), name}, token.begin, 1);
  }

  Node::Ptr quoted_operand() {
    const Token& token = tokens_.now();
    const std::string& name = token.value.as_text();
    if (!is_plain()) fail(token.begin, "strings take single quotes", fmt::format("write '{}'", name));
    if (tokens_.after().kind == Kind::left_parenthesis) fail(token.begin, "the name of a function takes no quotes");
    tokens_.take();
    return make(Node::Field{current(token.begin), name}, token.begin, 1);
  }

  Node::Ptr result(const Token& token) {
    note_result("@", tokens_.following_names(), token.begin);
    return make(Node::Current{}, token.begin, 0);
  }

  Node::Ptr context_value() {
    const Token& token = tokens_.take();
    const std::string& name = token.value.as_text();
    if (is_plain())
      fail(token.begin, fmt::format("`${}` is known in runbooks only", name), "`eval --strict` reads what runbooks read");
    into_.references.push_back({name, tokens_.following_names(), token.begin});
    if (name != "steps") return make(Node::Context{name}, token.begin, 0);
    const std::vector<std::string>& path = into_.references.back().path;
    if (path.empty())
      fail(token.begin, "`$steps` needs the id of a step", "write `$steps.<id>.<output>` or `$steps.<id>.state`");
    tokens_.take();  // the dot
    tokens_.take();  // the id
    return make(Node::StepValues{path.front()}, token.begin, 0);
  }

  Node::Ptr negation() {
    const std::size_t begin = tokens_.take().begin;
    Node::Ptr operand = expression(not_power);
    const int height = operand->height;
    return make(Node::Not{std::move(operand)}, begin, height);
  }

  Node::Ptr group() {
    const std::size_t begin = tokens_.take().begin;
    if (tokens_.now().kind == Kind::right_parenthesis)
      fail(tokens_.now().begin, "an expression is missing between `(` and `)`");
    Node::Ptr inner = expression(0);
    tokens_.close(Kind::right_parenthesis, begin, ")");
    inner->begin = begin;
    inner->end = tokens_.end_of_last();
    return inner;
  }

  // `[` where nothing stands before it: an index, a slice or `[*]` of the result, or a list of expressions.
  Node::Ptr bracket_operand() {
    const Kind inside = tokens_.after().kind;
    const bool is_of_result = inside == Kind::number || inside == Kind::colon ||
                              (inside == Kind::star && tokens_.after(2).kind == Kind::right_bracket);
    if (!is_of_result) return multi_list(nullptr);
    note_result("[");
    return bracket(current(tokens_.now().begin));
  }

  Node::Ptr after_dot(Node::Ptr of) {
    const Token& token = tokens_.now();
    switch (token.kind) {
      case Kind::star: return members(std::move(of));
      case Kind::left_bracket: return multi_list(std::move(of));
      case Kind::left_brace: return multi_map(std::move(of));
      case Kind::flatten:
        fail(token.begin, "an expression is missing between `[` and `]`", "without the dot `[]` flattens a list");
      case Kind::context: fail(token.begin, fmt::format("`{}` can't stand after a dot", tokens_.text_of(token)));
      case Kind::identifier:
        if (tokens_.after().kind == Kind::left_parenthesis) return call(std::move(of));
        break;
      case Kind::quoted_identifier: break;
      default: fail(token.begin, "a name must follow the dot");
    }
    tokens_.take();
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Field{std::move(of), token.value.as_text()}, begin, height);
  }

  Node::Ptr bracket(Node::Ptr of) {
    const Token bracket = tokens_.take();
    const Token& inside = tokens_.now();
    if (inside.kind == Kind::star) {
      tokens_.take();
      tokens_.close(Kind::right_bracket, bracket.begin, "]");
      return projection(Projection::Of::items, std::move(of), star_power);
    }
    if (inside.kind == Kind::colon || (inside.kind == Kind::number && tokens_.after().kind == Kind::colon))
      return slice(std::move(of), bracket);
    if (inside.kind == Kind::literal && inside.value.is_text())
      fail(inside.begin, "a list is indexed by a number",
           fmt::format("a field is written .{0} or .\"{0}\"", inside.value.as_text()));
    if (inside.kind == Kind::end) fail(bracket.begin, "the closing `]` is missing");
    if (inside.kind != Kind::number)
      fail(inside.begin, "an index is a number",
           "a choice of fields takes a dot before it: `.[a, b]`; a condition `?`: `[?a]`");
    const std::int64_t index = whole_number();
    tokens_.close(Kind::right_bracket, bracket.begin, "]");
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Index{std::move(of), index}, begin, height);
  }

  std::int64_t whole_number() {
    const Token& token = tokens_.take();
    if (!token.value.is_int()) fail(token.begin, "an index is a whole number");
    return token.value.as_int();
  }

  Node::Ptr slice(Node::Ptr of, const Token& bracket) {
    std::optional<std::int64_t> parts[3];
    int part = 0;
    while (tokens_.now().kind != Kind::right_bracket) {
      if (tokens_.now().kind == Kind::number && !parts[part]) parts[part] = whole_number();
      else if (tokens_.now().kind == Kind::colon && part < 2) ++part, tokens_.take();
      else if (tokens_.now().kind == Kind::end) fail(bracket.begin, "the closing `]` is missing");
      else tokens_.fail();
    }
    tokens_.take();
    if (parts[2] == 0) fail(ExpressionError::Kind::invalid_value, bracket.begin, "the step of a slice can't be 0");
    Node::Ptr all = projection(Projection::Of::sliced, std::move(of), star_power);
    std::get<Projection>(all->data).slice = {parts[0], parts[1], parts[2].value_or(1)};
    return all;
  }

  Node::Ptr members(Node::Ptr of) {
    tokens_.take();
    return projection(Projection::Of::members, std::move(of), star_power);
  }

  Node::Ptr flatten(Node::Ptr of) {
    tokens_.take();
    return projection(Projection::Of::flattened, std::move(of), flatten_power);
  }

  Node::Ptr filter(Node::Ptr of) {
    const std::size_t begin = tokens_.take().begin;
    Node::Ptr condition;
    {
      Inside inside(*this);
      condition = expression(0);
    }
    tokens_.close(Kind::right_bracket, begin, "]");
    const int height = condition->height;
    Node::Ptr all = projection(Projection::Of::filtered, std::move(of), filter_power, height);
    std::get<Projection>(all->data).condition = std::move(condition);
    return all;
  }

  // What follows belongs to each item, as far as it holds more tightly than `power`.
  Node::Ptr projection(Projection::Of kind, Node::Ptr of, int power, int height_beside = 0) {
    const std::size_t begin = of->begin;
    Inside inside(*this);
    Node::Ptr each = of_each(power);
    const int height = std::max({of->height, each->height, height_beside});
    return make(Projection{kind, std::move(of), std::move(each), nullptr, {}}, begin, height);
  }

  Node::Ptr of_each(int power) {
    const Kind kind = tokens_.now().kind;
    if (binding_power(kind) < loosest_in_projection) return current(tokens_.now().begin);
    if (kind != Kind::dot) return expression(power);
    tokens_.take();
    // As every implementation has it: a choice ends what belongs to each item, so that `a[*].[b, c][0]` is the first of all.
    const bool is_choice = tokens_.now().kind == Kind::left_bracket || tokens_.now().kind == Kind::left_brace;
    Node::Ptr each = after_dot(current(tokens_.now().begin));
    return is_choice ? std::move(each) : extended(std::move(each), power);
  }

  Node::Ptr pipe(Node::Ptr left) {
    tokens_.take();
    Inside inside(*this);
    Node::Ptr right = expression(pipe_power);
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Pipe{std::move(left), std::move(right)}, begin, height);
  }

  // `of` nullptr: of what is at hand.
  Node::Ptr multi_list(Node::Ptr of) {
    const std::size_t opened = tokens_.take().begin;
    Node::MultiList list;
    const std::size_t begin = of ? of->begin : opened;
    int height = of ? of->height : 0;
    std::optional<Inside> inside;
    if (of) inside.emplace(*this);
    do {
      list.items.push_back(expression(0));
      height = std::max(height, list.items.back()->height);
    } while (tokens_.take_if(Kind::comma));
    tokens_.close(Kind::right_bracket, opened, "]");
    list.of = of ? std::move(of) : current(begin);
    return make(std::move(list), begin, std::max(height, 1));
  }

  Node::Ptr multi_map(Node::Ptr of) {
    const std::size_t opened = tokens_.take().begin;
    const std::size_t begin = of->begin;
    int height = of->height;
    Node::MultiMap map;
    std::optional<Inside> inside;
    if (begin != opened) inside.emplace(*this);
    do {
      map.members.push_back(member());
      height = std::max(height, map.members.back().second->height);
    } while (tokens_.take_if(Kind::comma));
    tokens_.close(Kind::right_brace, opened, "}");
    map.of = std::move(of);
    return make(std::move(map), begin, height);
  }

  std::pair<std::string, Node::Ptr> member() {
    const Token& name = tokens_.now();
    if (name.kind == Kind::end) fail(name.begin, "the expression ends too early");
    if (name.kind != Kind::identifier && name.kind != Kind::quoted_identifier)
      fail(name.begin, "a name must stand here, as in `{name: expression}`");
    tokens_.take();
    if (tokens_.now().kind != Kind::colon)
      fail(tokens_.now().begin, fmt::format("a `:` must follow `{}`", name.value.as_text()));
    tokens_.take();
    return {name.value.as_text(), expression(0)};
  }

  // `of`: what stands before the dot before the name; nullptr: there is none.
  Node::Ptr call(Node::Ptr of) {
    const Token& name = tokens_.take();
    const Function& function = function_named(name.value.as_text(), into_.dialect, name.begin);
    const std::size_t opened = tokens_.take().begin;
    const std::size_t begin = of ? of->begin : name.begin;
    std::vector<Node::Ptr> arguments = this->arguments(opened, of != nullptr);
    check_count(function, arguments.size(), name.begin);
    int height = of ? of->height : 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      check_argument(function, i, *arguments[i], into_.text);
      height = std::max(height, arguments[i]->height);
    }
    if (!function.body && !of)
      return make(Node::Choice{std::move(arguments[0]), std::move(arguments[1]), std::move(arguments[2])}, begin, height);
    if (!function.body) fail(name.begin, "`if` can't stand after a dot");
    return make(Node::Call{&function, std::move(arguments), std::move(of)}, begin, height);
  }

  std::vector<Node::Ptr> arguments(std::size_t opened, bool is_inside) {
    std::optional<Inside> inside;
    if (is_inside) inside.emplace(*this);
    std::vector<Node::Ptr> found;
    if (tokens_.now().kind != Kind::right_parenthesis) {
      do found.push_back(argument());
      while (tokens_.take_if(Kind::comma));
    }
    tokens_.close(Kind::right_parenthesis, opened, ")");
    return found;
  }

  Node::Ptr argument() {
    if (tokens_.now().kind != Kind::ampersand) return expression(0);
    const std::size_t begin = tokens_.take().begin;
    Inside inside(*this);
    Node::Ptr body = expression(body_power);
    const int height = body->height;
    return make(Node::Body{std::move(body)}, begin, height);
  }

  Node::Ptr logical(Node::Ptr left, Node::Connective connective) {
    const int power = binding_power(tokens_.take().kind);
    Node::Ptr right = expression(power);
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Logical{connective, std::move(left), std::move(right)}, begin, height);
  }

  Node::Ptr comparison(Node::Ptr left) {
    const Token& token = tokens_.take();
    Node::Ptr right = expression(comparison_power);
    if (!is_plain() && binding_power(tokens_.now().kind) == comparison_power)
      fail(tokens_.now().begin, "comparisons can't be chained", "write `a < b && b < c`");
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Comparison{comparator(token.kind), std::move(left), std::move(right)}, begin, height);
  }

  Expression::Parsed& into_;
  TokenCursor tokens_;
  int depth_ = 0;
  int inside_ = 0;
};

}  // namespace

void parse_tree(Expression::Parsed& into) { into.root = Parser(into).run(); }

}  // namespace runbook
