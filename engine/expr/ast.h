#pragma once
// What the parser makes of an expression. Closed: who visits it names every alternative.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "expr/expression.h"

namespace runbook {

struct Function;

struct Expression::Node {
  using Ptr = std::unique_ptr<Node>;

  enum class Comparator { equal, unequal, less, less_or_equal, greater, greater_or_equal };
  enum class Connective { both, either };

  struct Literal {
    Value value;
  };
  struct Current {};  // `@`, and what a bare name looks into
  struct Context {    // `$name`
    std::string name;
  };
  struct StepValues {  // `$steps.id`
    std::string id;
  };
  struct Field {
    Ptr of;
    std::string name;
  };
  struct Index {
    Ptr of;
    std::int64_t index;  // below zero: from the end
  };
  struct Not {
    Ptr operand;
  };
  struct Comparison {
    Comparator comparator;
    Ptr left, right;
  };
  struct Logical {
    Connective connective;
    Ptr left, right;
  };
  struct Pipe {
    Ptr left, right;  // `@` of the right is the left
  };
  struct Slice {
    std::optional<std::int64_t> begin, end;
    std::int64_t step = 1;
  };
  // Many values of one; what follows it, `each`, is applied to every one of them.
  struct Projection {
    enum class Of { items, members, flattened, filtered, sliced } kind;
    Ptr of;
    Ptr each;
    Ptr condition;  // filtered
    Slice slice;    // sliced
  };
  struct MultiList {
    Ptr of;
    std::vector<Ptr> items;
  };
  struct MultiMap {
    Ptr of;
    std::vector<std::pair<std::string, Ptr>> members;
  };
  struct Call {
    const Function* function;
    std::vector<Ptr> arguments;
    Ptr of;  // `@` of the arguments; nullptr: that of the call
  };
  struct Choice {  // if(condition, one, other): only what is chosen is evaluated
    Ptr condition, one, other;
  };
  struct Body {  // `&expression`: an argument
    Ptr expression;
  };

  std::variant<Literal, Current, Context, StepValues, Field, Index, Not, Comparison, Logical, Pipe, Projection, MultiList,
               MultiMap, Call, Choice, Body>
      data;
  std::size_t begin = 0, end = 0;  // its bytes in the expression's text
  int height = 1;                  // of the tree below, bounded by the parser: walks may recurse
};

// What an Expression shares between its copies.
struct Expression::Parsed {
  std::string text;
  Dialect dialect = Dialect::runbook;
  Node::Ptr root;
  std::vector<Reference> references;
  std::vector<Reference> bare_names;
};

}  // namespace runbook
