#include "expr/number_functions.h"

#include <cmath>
#include <cstdint>

namespace runbook {
namespace {

using Kind = ExpressionError::Kind;

// Whole numbers stay whole.
Value number_of(double value) {
  constexpr double exact = 9007199254740992;  // 2^53
  if (std::trunc(value) == value && std::abs(value) <= exact) return static_cast<std::int64_t>(value);
  return value;
}

Value abs_of(const FunctionCall& given) {
  if (!given[0].is_int()) return std::abs(given[0].as_number());
  const std::int64_t value = given[0].as_int();
  if (value == INT64_MIN) return -static_cast<double>(value);
  return value < 0 ? -value : value;
}
Value ceil_of(const FunctionCall& given) { return given[0].is_int() ? given[0] : number_of(std::ceil(given[0].as_number())); }
Value floor_of(const FunctionCall& given) { return given[0].is_int() ? given[0] : number_of(std::floor(given[0].as_number())); }

Value added(const Value& a, const Value& b) {
  std::int64_t whole = 0;
  if (a.is_int() && b.is_int() && !__builtin_add_overflow(a.as_int(), b.as_int(), &whole)) return whole;
  return a.as_number() + b.as_number();
}

Value sum_of_list(const List& list) {
  Value sum = 0;
  for (const Value& item : list) sum = added(sum, item);
  return sum;
}
Value sum_of(const FunctionCall& given) { return sum_of_list(given[0].as_list()); }
Value average_of(const FunctionCall& given) {
  const List& list = given[0].as_list();
  if (list.empty()) return {};
  return number_of(sum_of_list(list).as_number() / static_cast<double>(list.size()));
}

Value add(const FunctionCall& given) { return added(given[0], given[1]); }
Value subtract(const FunctionCall& given) {
  std::int64_t whole = 0;
  const bool are_whole = given[0].is_int() && given[1].is_int();
  if (are_whole && !__builtin_sub_overflow(given[0].as_int(), given[1].as_int(), &whole)) return whole;
  return given[0].as_number() - given[1].as_number();
}
Value multiply(const FunctionCall& given) {
  std::int64_t whole = 0;
  const bool are_whole = given[0].is_int() && given[1].is_int();
  if (are_whole && !__builtin_mul_overflow(given[0].as_int(), given[1].as_int(), &whole)) return whole;
  return given[0].as_number() * given[1].as_number();
}
Value divide(const FunctionCall& given) {
  if (given[1].as_number() == 0) given.fail(Kind::invalid_value, 1, "nothing can be divided by 0");
  const bool are_whole = given[0].is_int() && given[1].is_int() && given[1].as_int() != -1;
  if (are_whole && given[0].as_int() % given[1].as_int() == 0) return given[0].as_int() / given[1].as_int();
  return number_of(given[0].as_number() / given[1].as_number());
}

}  // namespace

std::vector<Function> number_functions() {
  return {
      {"abs", {accepts_number}, 1, false, false, "abs(number)", "without its sign", abs_of},
      {"avg", {accepts_numbers}, 1, false, false, "avg(numbers)", "the mean; null of none", average_of},
      {"ceil", {accepts_number}, 1, false, false, "ceil(number)", "the next whole number above", ceil_of},
      {"floor", {accepts_number}, 1, false, false, "floor(number)", "the next whole number below", floor_of},
      {"sum", {accepts_numbers}, 1, false, false, "sum(numbers)", "all added; 0 of none", sum_of},
      {"add", {accepts_number, accepts_number}, 2, false, true, "add(number, number)", "the sum", add},
      {"sub", {accepts_number, accepts_number}, 2, false, true, "sub(number, number)", "the difference", subtract},
      {"mul", {accepts_number, accepts_number}, 2, false, true, "mul(number, number)", "the product", multiply},
      {"div", {accepts_number, accepts_number}, 2, false, true, "div(number, number)", "the quotient", divide},
  };
}

}  // namespace runbook
