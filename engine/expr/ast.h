#pragma once
// What the parser makes of an expression. Closed: who visits it names every alternative.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "expr/expression.h"

namespace runbook {

struct Expression::Node {
  using Ptr = std::unique_ptr<Node>;

  enum class Comparator { equal, unequal, less, less_or_equal, greater, greater_or_equal };
  enum class Connective { both, either };

  struct Literal {
    Value value;
  };
  struct Result {};  // `@`, and what a bare name looks into
  struct Context {   // `$name`
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

  std::variant<Literal, Result, Context, StepValues, Field, Index, Not, Comparison, Logical> data;
  std::size_t begin = 0, end = 0;  // its bytes in the expression's text
  int height = 1;                  // of the tree below, bounded by the parser: walks may recurse
};

// What an Expression shares between its copies.
struct Expression::Parsed {
  std::string text;
  Node::Ptr root;
  std::vector<Reference> references;
  std::vector<Reference> bare_names;
};

}  // namespace runbook
