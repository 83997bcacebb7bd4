#pragma once
// The functions of expressions: JMESPath's, and a closed list of more for runbooks. Nothing here depends on the clock or on chance.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"

namespace runbook {

// What an argument may be; flags that are or-ed.
enum Accepted : unsigned {
  accepts_number = 1,
  accepts_text = 2,
  accepts_boolean = 4,
  accepts_list = 8,
  accepts_map = 16,
  accepts_null = 32,
  accepts_expression = 64,  // `&expression`, and nothing else
  accepts_numbers = 128,    // a list of numbers alone
  accepts_texts = 256,      // a list of texts alone
  accepts_anything = accepts_number | accepts_text | accepts_boolean | accepts_list | accepts_map | accepts_null,
};

// One call, its arguments evaluated and checked.
class FunctionCall {
 public:
  virtual ~FunctionCall() = default;
  virtual std::size_t size() const = 0;
  virtual const Value& operator[](std::size_t index) const = 0;
  // What the expression at this place makes of an item.
  virtual Value apply(std::size_t index, const Value& item) const = 0;
  virtual const Scope& scope() const = 0;
  // At the place of that argument.
  [[noreturn]] virtual void fail(ExpressionError::Kind kind, std::size_t index, const std::string& message) const = 0;
};

struct Function {
  std::string name;
  std::vector<unsigned> takes;  // of each argument
  std::size_t least;            // arguments that must be there
  bool takes_more;              // as many as there are, like the last one
  bool is_addition;             // not one of JMESPath's
  std::string usage;            // "replace(text, from, to)"
  std::string summary;
  Value (*body)(const FunctionCall& arguments);  // nullptr: `if`, which the evaluator does itself
};

const std::vector<Function>& all_functions();
// nullptr: there is none; plain JMESPath has none of the additions.
const Function* find_function(std::string_view name, Dialect dialect);

// "a number, text or a list of numbers"
std::string in_words(unsigned takes);
bool fits(const Value& value, unsigned takes);

}  // namespace runbook
