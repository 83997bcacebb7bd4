#include "expr/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/call_rules.h"
#include "expr/lexer.h"

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
  explicit Parser(Expression::Parsed& into) : into_(into), text_(into.text), tokens_(tokenize(into.text)) {}

  Node::Ptr run() {
    if (now().kind == Kind::end) fail(0, "the expression is empty");
    Node::Ptr root = expression(0);
    if (now().kind != Kind::end) fail_unexpected();
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
  const Token& now() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_++]; }
  std::string_view text_of(const Token& token) const { return text_.substr(token.begin, token.end - token.begin); }

  void take(Kind kind, std::size_t opened_at, std::string_view closing) {
    if (now().kind == Kind::end) fail(opened_at, fmt::format("the closing `{}` is missing", closing));
    if (now().kind != kind) fail_unexpected();
    ++at_;
  }

  template <class Data>
  Node::Ptr make(Data data, std::size_t begin, int height_below) const {
    if (height_below >= highest_tree) fail(begin, "the expression nests too deeply");
    auto node = std::make_unique<Node>();
    node->data = std::move(data);
    node->begin = begin;
    node->end = at_ > 0 ? tokens_[at_ - 1].end : begin;
    node->height = height_below + 1;
    return node;
  }

  Node::Ptr current(std::size_t begin) const {
    Node::Ptr node = make(Node::Current{}, begin, 0);
    node->end = begin;
    return node;
  }

  Node::Ptr expression(int power) {
    if (++depth_ > highest_tree) fail(now().begin, "the expression nests too deeply");
    Node::Ptr whole = extended(operand(), power);
    --depth_;
    return whole;
  }

  Node::Ptr extended(Node::Ptr left, int power) {
    while (binding_power(now().kind) > power) left = continued(std::move(left));
    return left;
  }

  // What an expression can begin with.
  Node::Ptr operand() {
    const Token& token = now();
    switch (token.kind) {
      case Kind::literal: return make(Node::Literal{take().value}, token.begin, 0);
      case Kind::number: return number();
      case Kind::identifier: return named_operand();
      case Kind::quoted_identifier: return quoted_operand();
      case Kind::context: return context_value();
      case Kind::at: return result(take());
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
      default: fail_unexpected();
    }
  }

  std::string first_name_hint() const {
    if (after().kind != Kind::identifier) return {};
    const std::string name(text_of(after()));
    return is_plain() ? fmt::format("write `{}`", name)
                      : fmt::format("write `{0}`, or `json.{0}` in what a command printed as JSON", name);
  }

  // How an expression can go on.
  Node::Ptr continued(Node::Ptr left) {
    switch (now().kind) {
      case Kind::dot: ++at_; return after_dot(std::move(left));
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
    const Token& token = take();
    if (is_plain()) fail(token.begin, "a number takes backticks", fmt::format("write `{}`", text_of(token)));
    return make(Node::Literal{token.value}, token.begin, 0);
  }

  void note_result(std::string name) { note_result(std::move(name), {}, now().begin); }
  void note_result(std::string name, std::vector<std::string> path, std::size_t begin) {
    if (inside_ == 0) into_.bare_names.push_back({std::move(name), std::move(path), begin});
  }

  Node::Ptr named_operand() {
    if (after().kind == Kind::left_parenthesis) return call(nullptr);
    const Token& token = take();
    const std::string& name = token.value.as_text();
    if (!is_plain()) {
      if (name == "true" || name == "false") return make(Node::Literal{name == "true"}, token.begin, 0);
      if (name == "null") return make(Node::Literal{}, token.begin, 0);
    }
    note_result(name, following_names(), token.begin);
    return make(Node::Field{current(token.begin), name}, token.begin, 1);
  }

  Node::Ptr quoted_operand() {
    const Token& token = now();
    const std::string& name = token.value.as_text();
    if (!is_plain()) fail(token.begin, "strings take single quotes", fmt::format("write '{}'", name));
    if (after().kind == Kind::left_parenthesis) fail(token.begin, "the name of a function takes no quotes");
    ++at_;
    return make(Node::Field{current(token.begin), name}, token.begin, 1);
  }

  Node::Ptr result(const Token& token) {
    note_result("@", following_names(), token.begin);
    return make(Node::Current{}, token.begin, 0);
  }

  // The names of `.a.b` that follow, without moving on.
  std::vector<std::string> following_names() const {
    std::vector<std::string> names;
    for (std::size_t i = at_; i + 1 < tokens_.size() && tokens_[i].kind == Kind::dot; i += 2) {
      const Kind kind = tokens_[i + 1].kind;
      if (kind != Kind::identifier && kind != Kind::quoted_identifier) break;
      if (i + 2 < tokens_.size() && tokens_[i + 2].kind == Kind::left_parenthesis) break;
      names.push_back(tokens_[i + 1].value.as_text());
    }
    return names;
  }

  Node::Ptr context_value() {
    const Token& token = take();
    const std::string& name = token.value.as_text();
    if (is_plain())
      fail(token.begin, fmt::format("`${}` is known in runbooks only", name), "`eval --strict` reads what runbooks read");
    into_.references.push_back({name, following_names(), token.begin});
    if (name != "steps") return make(Node::Context{name}, token.begin, 0);
    const std::vector<std::string>& path = into_.references.back().path;
    if (path.empty())
      fail(token.begin, "`$steps` needs the id of a step", "write `$steps.<id>.<output>` or `$steps.<id>.state`");
    at_ += 2;
    return make(Node::StepValues{path.front()}, token.begin, 0);
  }

  Node::Ptr negation() {
    const std::size_t begin = take().begin;
    Node::Ptr operand = expression(not_power);
    const int height = operand->height;
    return make(Node::Not{std::move(operand)}, begin, height);
  }

  Node::Ptr group() {
    const std::size_t begin = take().begin;
    if (now().kind == Kind::right_parenthesis) fail(now().begin, "an expression is missing between `(` and `)`");
    Node::Ptr inner = expression(0);
    take(Kind::right_parenthesis, begin, ")");
    inner->begin = begin;
    inner->end = tokens_[at_ - 1].end;
    return inner;
  }

  // `[` where nothing stands before it: an index, a slice or `[*]` of the result, or a list of expressions.
  Node::Ptr bracket_operand() {
    const Kind inside = after().kind;
    const bool is_of_result = inside == Kind::number || inside == Kind::colon || (inside == Kind::star && closes_after_star());
    if (!is_of_result) return multi_list(nullptr);
    note_result("[");
    return bracket(current(now().begin));
  }

  bool closes_after_star() const { return at_ + 2 < tokens_.size() && tokens_[at_ + 2].kind == Kind::right_bracket; }

  Node::Ptr after_dot(Node::Ptr of) {
    const Token& token = now();
    switch (token.kind) {
      case Kind::star: return members(std::move(of));
      case Kind::left_bracket: return multi_list(std::move(of));
      case Kind::left_brace: return multi_map(std::move(of));
      case Kind::flatten:
        fail(token.begin, "an expression is missing between `[` and `]`", "without the dot `[]` flattens a list");
      case Kind::context: fail(token.begin, fmt::format("`{}` can't stand after a dot", text_of(token)));
      case Kind::identifier:
        if (after().kind == Kind::left_parenthesis) return call(std::move(of));
        break;
      case Kind::quoted_identifier: break;
      default: fail(token.begin, "a name must follow the dot");
    }
    ++at_;
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Field{std::move(of), token.value.as_text()}, begin, height);
  }

  Node::Ptr bracket(Node::Ptr of) {
    const Token bracket = take();
    const Token& inside = now();
    if (inside.kind == Kind::star) {
      ++at_;
      take(Kind::right_bracket, bracket.begin, "]");
      return projection(Projection::Of::items, std::move(of), star_power);
    }
    if (inside.kind == Kind::colon || (inside.kind == Kind::number && after().kind == Kind::colon))
      return slice(std::move(of), bracket);
    if (inside.kind == Kind::literal && inside.value.is_text())
      fail(inside.begin, "a list is indexed by a number",
           fmt::format("a field is written .{0} or .\"{0}\"", inside.value.as_text()));
    if (inside.kind == Kind::end) fail(bracket.begin, "the closing `]` is missing");
    if (inside.kind != Kind::number)
      fail(inside.begin, "an index is a number",
           "a choice of fields takes a dot before it: `.[a, b]`; a condition `?`: `[?a]`");
    const std::int64_t index = whole_number();
    take(Kind::right_bracket, bracket.begin, "]");
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Index{std::move(of), index}, begin, height);
  }

  std::int64_t whole_number() {
    const Token& token = take();
    if (!token.value.is_int()) fail(token.begin, "an index is a whole number");
    return token.value.as_int();
  }

  Node::Ptr slice(Node::Ptr of, const Token& bracket) {
    std::optional<std::int64_t> parts[3];
    int part = 0;
    while (now().kind != Kind::right_bracket) {
      if (now().kind == Kind::number && !parts[part]) parts[part] = whole_number();
      else if (now().kind == Kind::colon && part < 2) ++part, ++at_;
      else if (now().kind == Kind::end) fail(bracket.begin, "the closing `]` is missing");
      else fail_unexpected();
    }
    ++at_;
    if (parts[2] == 0) fail(ExpressionError::Kind::invalid_value, bracket.begin, "the step of a slice can't be 0");
    Node::Ptr all = projection(Projection::Of::sliced, std::move(of), star_power);
    std::get<Projection>(all->data).slice = {parts[0], parts[1], parts[2].value_or(1)};
    return all;
  }

  Node::Ptr members(Node::Ptr of) {
    ++at_;
    return projection(Projection::Of::members, std::move(of), star_power);
  }

  Node::Ptr flatten(Node::Ptr of) {
    ++at_;
    return projection(Projection::Of::flattened, std::move(of), flatten_power);
  }

  Node::Ptr filter(Node::Ptr of) {
    const std::size_t begin = take().begin;
    Node::Ptr condition;
    {
      Inside inside(*this);
      condition = expression(0);
    }
    take(Kind::right_bracket, begin, "]");
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
    const Kind kind = now().kind;
    if (binding_power(kind) < loosest_in_projection) return current(now().begin);
    if (kind != Kind::dot) return expression(power);
    ++at_;
    // As every implementation has it: a choice ends what belongs to each item, so that `a[*].[b, c][0]` is the first of all.
    const bool is_choice = now().kind == Kind::left_bracket || now().kind == Kind::left_brace;
    Node::Ptr each = after_dot(current(now().begin));
    return is_choice ? std::move(each) : extended(std::move(each), power);
  }

  Node::Ptr pipe(Node::Ptr left) {
    ++at_;
    Inside inside(*this);
    Node::Ptr right = expression(pipe_power);
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Pipe{std::move(left), std::move(right)}, begin, height);
  }

  // `of` nullptr: of what is at hand.
  Node::Ptr multi_list(Node::Ptr of) {
    const std::size_t opened = take().begin;
    Node::MultiList list;
    const std::size_t begin = of ? of->begin : opened;
    int height = of ? of->height : 0;
    std::optional<Inside> inside;
    if (of) inside.emplace(*this);
    do {
      list.items.push_back(expression(0));
      height = std::max(height, list.items.back()->height);
    } while (takes_comma());
    take(Kind::right_bracket, opened, "]");
    list.of = of ? std::move(of) : current(begin);
    return make(std::move(list), begin, std::max(height, 1));
  }

  Node::Ptr multi_map(Node::Ptr of) {
    const std::size_t opened = take().begin;
    const std::size_t begin = of->begin;
    int height = of->height;
    Node::MultiMap map;
    std::optional<Inside> inside;
    if (begin != opened) inside.emplace(*this);
    do {
      map.members.push_back(member());
      height = std::max(height, map.members.back().second->height);
    } while (takes_comma());
    take(Kind::right_brace, opened, "}");
    map.of = std::move(of);
    return make(std::move(map), begin, height);
  }

  std::pair<std::string, Node::Ptr> member() {
    const Token& name = now();
    if (name.kind == Kind::end) fail(name.begin, "the expression ends too early");
    if (name.kind != Kind::identifier && name.kind != Kind::quoted_identifier)
      fail(name.begin, "a name must stand here, as in `{name: expression}`");
    ++at_;
    if (now().kind != Kind::colon) fail(now().begin, fmt::format("a `:` must follow `{}`", name.value.as_text()));
    ++at_;
    return {name.value.as_text(), expression(0)};
  }

  bool takes_comma() {
    if (now().kind != Kind::comma) return false;
    ++at_;
    return true;
  }

  // `of`: what stands before the dot before the name; nullptr: there is none.
  Node::Ptr call(Node::Ptr of) {
    const Token& name = take();
    const Function& function = function_named(name.value.as_text(), into_.dialect, name.begin);
    const std::size_t opened = take().begin;
    const std::size_t begin = of ? of->begin : name.begin;
    std::vector<Node::Ptr> arguments = this->arguments(opened, of != nullptr);
    check_count(function, arguments.size(), name.begin);
    int height = of ? of->height : 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      check_argument(function, i, *arguments[i], text_);
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
    if (now().kind != Kind::right_parenthesis) {
      do found.push_back(argument());
      while (takes_comma());
    }
    take(Kind::right_parenthesis, opened, ")");
    return found;
  }

  Node::Ptr argument() {
    if (now().kind != Kind::ampersand) return expression(0);
    const std::size_t begin = take().begin;
    Inside inside(*this);
    Node::Ptr body = expression(body_power);
    const int height = body->height;
    return make(Node::Body{std::move(body)}, begin, height);
  }

  Node::Ptr logical(Node::Ptr left, Node::Connective connective) {
    const int power = binding_power(take().kind);
    Node::Ptr right = expression(power);
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Logical{connective, std::move(left), std::move(right)}, begin, height);
  }

  Node::Ptr comparison(Node::Ptr left) {
    const Token& token = take();
    Node::Ptr right = expression(comparison_power);
    if (!is_plain() && binding_power(now().kind) == comparison_power)
      fail(now().begin, "comparisons can't be chained", "write `a < b && b < c`");
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Comparison{comparator(token.kind), std::move(left), std::move(right)}, begin, height);
  }

  [[noreturn]] void fail_unexpected() const {
    const Token& token = now();
    const std::string_view found = text_of(token);
    if (token.kind == Kind::end) fail(token.begin, "the expression ends too early");
    std::string hint;
    if (found == "and" || found == "&") hint = "write `&&`";
    if (found == "or") hint = "write `||`";
    if (found == "not") hint = "write `!`";
    if (found == "is") hint = "write `==`";
    fail(token.begin, fmt::format("`{}` can't stand here", found), hint);
  }

  Expression::Parsed& into_;
  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int inside_ = 0;
};

}  // namespace

void parse_tree(Expression::Parsed& into) { into.root = Parser(into).run(); }

}  // namespace runbook
