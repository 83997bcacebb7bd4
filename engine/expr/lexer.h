#pragma once
// JMESPath's tokens, and `$name`.
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace runbook {

struct Token {
  enum class Kind {
    identifier,
    quoted_identifier,  // value: the name
    literal,            // 'text' or `json`; value: what it stands for
    number,             // value: what it stands for
    context,            // $name; value: the name
    dot,
    left_bracket,
    filter,
    flatten,
    right_bracket,
    left_parenthesis,
    right_parenthesis,
    left_brace,
    right_brace,
    comma,
    colon,
    star,
    at,
    pipe,
    ampersand,
    or_or,
    and_and,
    bang,
    equal,
    unequal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    end,
  };
  Kind kind = Kind::end;
  std::size_t begin = 0, end = 0;  // bytes of the text
  Value value;
};

// Ends with a token `end`. Throws ExpressionError{syntax}.
std::vector<Token> tokenize(std::string_view text);

}  // namespace runbook
