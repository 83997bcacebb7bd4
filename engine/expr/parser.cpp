#include "expr/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/lexer.h"

namespace runbook {
namespace {

using Kind = Token::Kind;
using Node = Expression::Node;

// Bounds the height of the tree, and so every recursion over it.
constexpr int highest_tree = 200;

// How tightly an operator holds what stands before it; 0: it is no operator.
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
    case Kind::dot:
    case Kind::left_bracket:
    case Kind::filter:
    case Kind::flatten: return 50;
    default: return 0;
  }
}
constexpr int comparison_power = 5;
constexpr int not_power = 45;

[[noreturn]] void fail(std::size_t at, std::string message, std::string hint = {}) {
  throw ExpressionError(ExpressionError::Kind::syntax, at, std::move(message), std::move(hint));
}

[[noreturn]] void refuse(const Token& token, std::string_view what) {
  throw ExpressionError(ExpressionError::Kind::unsupported, token.begin,
                        fmt::format("{} are not supported by this version", what));
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
  Parser(std::string_view text, std::vector<Reference>& references, std::vector<Reference>& bare_names)
      : text_(text), tokens_(tokenize(text)), references_(references), bare_names_(bare_names) {}

  Node::Ptr run() {
    if (now().kind == Kind::end) fail(0, "the expression is empty");
    Node::Ptr root = expression(0);
    if (now().kind != Kind::end) fail_unexpected();
    return root;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_++]; }
  std::string_view text_of(const Token& token) const { return text_.substr(token.begin, token.end - token.begin); }

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

  Node::Ptr expression(int power) {
    if (++depth_ > highest_tree) fail(now().begin, "the expression nests too deeply");
    Node::Ptr left = operand();
    while (binding_power(now().kind) > power) left = continued(std::move(left));
    --depth_;
    return left;
  }

  Node::Ptr operand() {
    const Token& token = now();
    switch (token.kind) {
      case Kind::literal: return make(Node::Literal{take().value}, token.begin, 0);
      case Kind::identifier: return named_operand();
      case Kind::quoted_identifier:
        fail(token.begin, "strings take single quotes", fmt::format("write '{}'", token.value.as_text()));
      case Kind::context: return context_value();
      case Kind::at: return result(take());
      case Kind::bang: return negation();
      case Kind::left_parenthesis: return group();
      case Kind::left_bracket: return result_index();
      default: refuse_operand(token);
    }
  }

  Node::Ptr named_operand() {
    const Token& token = now();
    const std::string& name = token.value.as_text();
    if (after().kind == Kind::left_parenthesis) refuse(token, "functions");
    ++at_;
    if (name == "true" || name == "false") return make(Node::Literal{name == "true"}, token.begin, 0);
    if (name == "null") return make(Node::Literal{}, token.begin, 0);
    bare_names_.push_back({name, following_names(), token.begin});
    return make(Node::Field{implied_result(token), name}, token.begin, 1);
  }

  Node::Ptr implied_result(const Token& token) const { return make(Node::Result{}, token.begin, 0); }

  Node::Ptr result(const Token& token) {
    bare_names_.push_back({"@", following_names(), token.begin});
    return make(Node::Result{}, token.begin, 0);
  }

  // The names of `.a.b` that follow, without moving on.
  std::vector<std::string> following_names() const {
    std::vector<std::string> names;
    for (std::size_t i = at_; i + 1 < tokens_.size() && tokens_[i].kind == Kind::dot; i += 2) {
      const Kind kind = tokens_[i + 1].kind;
      if (kind != Kind::identifier && kind != Kind::quoted_identifier) break;
      names.push_back(tokens_[i + 1].value.as_text());
    }
    return names;
  }

  Node::Ptr context_value() {
    const Token& token = take();
    const std::string& name = token.value.as_text();
    references_.push_back({name, following_names(), token.begin});
    if (name != "steps") return make(Node::Context{name}, token.begin, 0);
    if (references_.back().path.empty())
      fail(token.begin, "`$steps` needs the id of a step", "write `$steps.<id>.<output>` or `$steps.<id>.state`");
    at_ += 2;
    return make(Node::StepValues{references_.back().path.front()}, token.begin, 0);
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
    if (now().kind == Kind::end) fail(begin, "the closing `)` is missing");
    if (now().kind != Kind::right_parenthesis) fail_unexpected();
    inner->begin = begin;
    inner->end = take().end;
    return inner;
  }

  Node::Ptr result_index() {
    const Token& token = now();
    if (after().kind != Kind::literal) refuse_bracket(token);
    bare_names_.push_back({"[", {}, token.begin});
    return index(implied_result(token));
  }

  Node::Ptr continued(Node::Ptr left) {
    switch (now().kind) {
      case Kind::dot: return field(std::move(left));
      case Kind::left_bracket: return index(std::move(left));
      case Kind::filter: refuse(now(), "filters `[?...]`");
      case Kind::flatten: refuse(now(), "projections `[]`");
      case Kind::pipe: refuse(now(), "pipes");
      case Kind::or_or: return logical(std::move(left), Node::Connective::either);
      case Kind::and_and: return logical(std::move(left), Node::Connective::both);
      default: return comparison(std::move(left));
    }
  }

  Node::Ptr field(Node::Ptr of) {
    ++at_;
    const Token& token = now();
    if (token.kind == Kind::star) refuse(token, "projections `*`");
    if (token.kind == Kind::left_bracket || token.kind == Kind::flatten || token.kind == Kind::left_brace)
      refuse(token, "multiselects");
    if (token.kind == Kind::identifier && after().kind == Kind::left_parenthesis) refuse(token, "functions");
    if (token.kind == Kind::context) fail(token.begin, fmt::format("`{}` can't stand after a dot", text_of(token)));
    if (token.kind != Kind::identifier && token.kind != Kind::quoted_identifier)
      fail(token.begin, "a name must follow the dot");
    ++at_;
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Field{std::move(of), token.value.as_text()}, begin, height);
  }

  Node::Ptr index(Node::Ptr of) {
    const Token bracket = take();
    const Token number = now();
    if (number.kind == Kind::literal && number.value.is_text())
      fail(number.begin, "a list is indexed by a number",
           fmt::format("a field is written .{0} or .\"{0}\"", number.value.as_text()));
    if (number.kind != Kind::literal || after().kind == Kind::colon) {
      --at_;
      refuse_bracket(bracket);
    }
    if (!number.value.is_int()) fail(number.begin, "an index is a whole number");
    ++at_;
    if (now().kind == Kind::comma) refuse(bracket, "multiselects");
    if (now().kind != Kind::right_bracket) fail(bracket.begin, "the closing `]` is missing");
    ++at_;
    const std::size_t begin = of->begin;
    const int height = of->height;
    return make(Node::Index{std::move(of), number.value.as_int()}, begin, height);
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
    if (binding_power(now().kind) == comparison_power)
      fail(now().begin, "comparisons can't be chained", "write `a < b && b < c`");
    const std::size_t begin = left->begin;
    const int height = std::max(left->height, right->height);
    return make(Node::Comparison{comparator(token.kind), std::move(left), std::move(right)}, begin, height);
  }

  // `[` that begins no index.
  [[noreturn]] void refuse_bracket(const Token& bracket) const {
    const Kind inside = after().kind;
    if (inside == Kind::star) refuse(bracket, "projections `[*]`");
    if (inside == Kind::colon || inside == Kind::literal) refuse(bracket, "slices");
    if (inside == Kind::end) fail(bracket.begin, "the closing `]` is missing");
    refuse(bracket, "multiselects");
  }

  [[noreturn]] void refuse_operand(const Token& token) const {
    switch (token.kind) {
      case Kind::end: fail(token.begin, "the expression ends too early");
      case Kind::star: refuse(token, "projections `*`");
      case Kind::filter: refuse(token, "filters `[?...]`");
      case Kind::flatten: refuse(token, "projections `[]`");
      case Kind::left_brace: refuse(token, "multiselects");
      case Kind::ampersand: refuse(token, "references to expressions `&`");
      default: fail_unexpected();
    }
  }

  [[noreturn]] void fail_unexpected() const {
    const Token& token = now();
    const std::string_view found = text_of(token);
    std::string hint;
    if (found == "and" || found == "&") hint = "write `&&`";
    if (found == "or") hint = "write `||`";
    if (found == "not") hint = "write `!`";
    if (found == "is") hint = "write `==`";
    fail(token.begin, fmt::format("`{}` can't stand here", found), hint);
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Reference>& references_;
  std::vector<Reference>& bare_names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Node::Ptr parse_tree(std::string_view text, std::vector<Reference>& references, std::vector<Reference>& bare_names) {
  return Parser(text, references, bare_names).run();
}

}  // namespace runbook
