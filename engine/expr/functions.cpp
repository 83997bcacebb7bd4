#include "expr/functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/json.h"
#include "base/utf8.h"
#include "expr/text_functions.h"

namespace runbook {
namespace {

using Kind = ExpressionError::Kind;

bool is_list_of(const Value& value, bool (Value::*is)() const) {
  return value.is_list() &&
         std::all_of(value.as_list().begin(), value.as_list().end(), [&](const Value& item) { return (item.*is)(); });
}

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

bool is_before(const Value& a, const Value& b) {
  if (a.is_text()) return a.as_text() < b.as_text();  // UTF-8 sorts as its code points do
  return a.is_int() && b.is_int() ? a.as_int() < b.as_int() : a.as_number() < b.as_number();
}

Value sorted(const FunctionCall& given) {
  List list = given[0].as_list();
  std::stable_sort(list.begin(), list.end(), is_before);
  return Value(std::move(list));
}
Value greatest_of(const FunctionCall& given) {
  const List& list = given[0].as_list();
  return list.empty() ? Value() : *std::max_element(list.begin(), list.end(), is_before);
}
Value least_of(const FunctionCall& given) {
  const List& list = given[0].as_list();
  return list.empty() ? Value() : *std::min_element(list.begin(), list.end(), is_before);
}

struct Keyed {
  Value key, item;
};

std::vector<Keyed> keyed(const FunctionCall& given) {
  std::vector<Keyed> all;
  for (const Value& item : given[0].as_list()) {
    all.push_back({given.apply(1, item), item});
    const Value &key = all.back().key, &first = all.front().key;
    const bool fits = (key.is_number() && first.is_number()) || (key.is_text() && first.is_text());
    if (!fits)
      given.fail(Kind::invalid_type, 1, fmt::format("it gives {} for an item: all must be numbers, or all text", to_json(key)));
  }
  return all;
}
bool has_key_before(const Keyed& a, const Keyed& b) { return is_before(a.key, b.key); }

Value sorted_by(const FunctionCall& given) {
  std::vector<Keyed> all = keyed(given);
  std::stable_sort(all.begin(), all.end(), has_key_before);
  List list;
  for (Keyed& each : all) list.push_back(std::move(each.item));
  return Value(std::move(list));
}
Value greatest_by(const FunctionCall& given) {
  const std::vector<Keyed> all = keyed(given);
  return all.empty() ? Value() : std::max_element(all.begin(), all.end(), has_key_before)->item;
}
Value least_by(const FunctionCall& given) {
  const std::vector<Keyed> all = keyed(given);
  return all.empty() ? Value() : std::min_element(all.begin(), all.end(), has_key_before)->item;
}

Value contains(const FunctionCall& given) {
  if (given[0].is_text()) return given[1].is_text() && given[0].as_text().find(given[1].as_text()) != std::string::npos;
  const List& list = given[0].as_list();
  return std::find(list.begin(), list.end(), given[1]) != list.end();
}
Value starts_with(const FunctionCall& given) { return given[0].as_text().starts_with(given[1].as_text()); }
Value ends_with(const FunctionCall& given) { return given[0].as_text().ends_with(given[1].as_text()); }

Value join(const FunctionCall& given) {
  std::string joined;
  for (const Value& item : given[1].as_list()) {
    if (&item != &given[1].as_list().front()) joined += given[0].as_text();
    joined += item.as_text();
  }
  return joined;
}

Value length_of(const FunctionCall& given) {
  const Value& of = given[0];
  if (of.is_list()) return static_cast<std::int64_t>(of.as_list().size());
  if (of.is_map()) return static_cast<std::int64_t>(of.as_map().size());
  std::int64_t count = 0;
  for (std::size_t at = 0; at < of.as_text().size(); at += code_point_at(of.as_text(), at).length) ++count;
  return count;
}

Value reversed(const FunctionCall& given) {
  if (given[0].is_list()) return Value(List(given[0].as_list().rbegin(), given[0].as_list().rend()));
  const std::string& text = given[0].as_text();
  std::string backwards;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = code_point_at(text, at).length;
    backwards.insert(0, text, at, length);
    at += length;
  }
  return backwards;
}

Value keys_of(const FunctionCall& given) {
  List names;
  for (const auto& [name, value] : given[0].as_map()) names.emplace_back(name);
  return Value(std::move(names));
}
Value values_of(const FunctionCall& given) {
  List values;
  for (const auto& [name, value] : given[0].as_map()) values.push_back(value);
  return Value(std::move(values));
}
Value merged(const FunctionCall& given) {
  Value all{Map()};
  for (std::size_t i = 0; i < given.size(); ++i) {
    for (const auto& [name, value] : given[i].as_map()) all = with(all, name, value);
  }
  return all;
}
Value first_not_null(const FunctionCall& given) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].is_null()) return given[i];
  }
  return {};
}
Value mapped(const FunctionCall& given) {
  List list;
  for (const Value& item : given[1].as_list()) list.push_back(given.apply(0, item));
  return Value(std::move(list));
}

Value to_array(const FunctionCall& given) { return given[0].is_list() ? given[0] : Value(List{given[0]}); }
Value to_string(const FunctionCall& given) { return text_or_json(given[0]); }
Value to_number(const FunctionCall& given) {
  if (given[0].is_number()) return given[0];
  if (!given[0].is_text()) return {};
  const auto parsed = try_parse_json(given[0].as_text());
  return parsed && parsed->is_number() ? *parsed : Value();
}
Value type_of(const FunctionCall& given) {
  if (given[0].is_number()) return "number";
  if (given[0].is_bool()) return "boolean";
  if (given[0].is_list()) return "array";
  if (given[0].is_map()) return "object";
  return given[0].is_null() ? "null" : "string";
}

Value member_or_else(const FunctionCall& given) {
  Value found;
  if (given[0].is_map() && given[1].is_text()) found = given[0].get(given[1].as_text());
  if (given[0].is_list() && given[1].is_int()) {
    const List& list = given[0].as_list();
    const auto size = static_cast<std::int64_t>(list.size());
    const std::int64_t at = given[1].as_int() < 0 ? given[1].as_int() + size : given[1].as_int();
    if (at >= 0 && at < size) found = list[static_cast<std::size_t>(at)];
  }
  return found.is_null() && given.size() > 2 ? given[2] : found;
}

Value unique(const FunctionCall& given) {
  List kept;
  std::unordered_map<std::string, std::vector<std::size_t>> seen;  // a quick look; Value's own equality decides
  for (const Value& item : given[0].as_list()) {
    auto& alike = seen[item.is_number() ? "number" : item.is_map() ? "map" : to_json(item)];
    const bool is_known = std::any_of(alike.begin(), alike.end(), [&](std::size_t at) { return kept[at] == item; });
    if (is_known) continue;
    alike.push_back(kept.size());
    kept.push_back(item);
  }
  return Value(std::move(kept));
}

constexpr unsigned orderable = accepts_numbers | accepts_texts;

std::vector<Function> make_table() {
  std::vector<Function> table = {
      {"abs", {accepts_number}, 1, false, false, "abs(number)", "without its sign", abs_of},
      {"avg", {accepts_numbers}, 1, false, false, "avg(numbers)", "the mean; null of none", average_of},
      {"ceil", {accepts_number}, 1, false, false, "ceil(number)", "the next whole number above", ceil_of},
      {"contains",
       {accepts_text | accepts_list, accepts_anything},
       2,
       false,
       false,
       "contains(text or list, what)",
       "whether it is in there",
       contains},
      {"ends_with", {accepts_text, accepts_text}, 2, false, false, "ends_with(text, end)", "whether it ends so", ends_with},
      {"floor", {accepts_number}, 1, false, false, "floor(number)", "the next whole number below", floor_of},
      {"join", {accepts_text, accepts_texts}, 2, false, false, "join(separator, texts)", "one text of many", join},
      {"keys", {accepts_map}, 1, false, false, "keys(map)", "the names in a map", keys_of},
      {"length",
       {accepts_text | accepts_list | accepts_map},
       1,
       false,
       false,
       "length(text, list or map)",
       "how many characters, items or members",
       length_of},
      {"map",
       {accepts_expression, accepts_list},
       2,
       false,
       false,
       "map(&expression, list)",
       "the expression over each item; keeps null",
       mapped},
      {"max", {orderable}, 1, false, false, "max(list)", "the greatest of numbers or texts", greatest_of},
      {"max_by",
       {accepts_list, accepts_expression},
       2,
       false,
       false,
       "max_by(list, &expression)",
       "the item of which the expression is greatest",
       greatest_by},
      {"merge", {accepts_map}, 0, true, false, "merge(map, map...)", "one map of many; later members win", merged},
      {"min", {orderable}, 1, false, false, "min(list)", "the least of numbers or texts", least_of},
      {"min_by",
       {accepts_list, accepts_expression},
       2,
       false,
       false,
       "min_by(list, &expression)",
       "the item of which the expression is least",
       least_by},
      {"not_null",
       {accepts_anything},
       1,
       true,
       false,
       "not_null(value, value...)",
       "the first that is not null",
       first_not_null},
      {"reverse",
       {accepts_text | accepts_list},
       1,
       false,
       false,
       "reverse(text or list)",
       "from the end to the beginning",
       reversed},
      {"sort", {orderable}, 1, false, false, "sort(list)", "numbers or texts in order", sorted},
      {"sort_by",
       {accepts_list, accepts_expression},
       2,
       false,
       false,
       "sort_by(list, &expression)",
       "items in the order of the expression",
       sorted_by},
      {"starts_with",
       {accepts_text, accepts_text},
       2,
       false,
       false,
       "starts_with(text, beginning)",
       "whether it begins so",
       starts_with},
      {"sum", {accepts_numbers}, 1, false, false, "sum(numbers)", "all added; 0 of none", sum_of},
      {"to_array", {accepts_anything}, 1, false, false, "to_array(value)", "a list; of one item if it was none", to_array},
      {"to_number",
       {accepts_anything},
       1,
       false,
       false,
       "to_number(value)",
       "the number that a text holds, or null",
       to_number},
      {"to_string", {accepts_anything}, 1, false, false, "to_string(value)", "text as it is, all else as JSON", to_string},
      {"type",
       {accepts_anything},
       1,
       false,
       false,
       "type(value)",
       "'number', 'string', 'boolean', 'array', 'object', 'null'",
       type_of},
      {"values", {accepts_map}, 1, false, false, "values(map)", "the values in a map", values_of},
      {"if",
       {accepts_anything, accepts_anything, accepts_anything},
       3,
       false,
       true,
       "if(condition, one, other)",
       "one of two; only that is evaluated",
       nullptr},
      {"get",
       {accepts_map | accepts_list | accepts_null, accepts_text | accepts_number, accepts_anything},
       2,
       false,
       true,
       "get(map or list, key, else)",
       "a member by a computed name; `else` where there is none",
       member_or_else},
      {"unique", {accepts_list}, 1, false, true, "unique(list)", "each item once, in the order of the first ones", unique},
      {"add", {accepts_number, accepts_number}, 2, false, true, "add(number, number)", "the sum", add},
      {"sub", {accepts_number, accepts_number}, 2, false, true, "sub(number, number)", "the difference", subtract},
      {"mul", {accepts_number, accepts_number}, 2, false, true, "mul(number, number)", "the product", multiply},
      {"div", {accepts_number, accepts_number}, 2, false, true, "div(number, number)", "the quotient", divide},
  };
  for (Function& function : text_functions()) table.push_back(std::move(function));
  return table;
}

}  // namespace

const std::vector<Function>& all_functions() {
  static const std::vector<Function> table = make_table();
  return table;
}

const Function* find_function(std::string_view name, Dialect dialect) {
  const auto& all = all_functions();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Function& function) { return function.name == name; });
  if (found == all.end() || (dialect == Dialect::plain && found->is_addition)) return nullptr;
  return &*found;
}

bool fits(const Value& value, unsigned takes) {
  if ((takes & accepts_numbers) != 0 && is_list_of(value, &Value::is_number)) return true;
  if ((takes & accepts_texts) != 0 && is_list_of(value, &Value::is_text)) return true;
  if (value.is_number()) return (takes & accepts_number) != 0;
  if (value.is_text()) return (takes & accepts_text) != 0;
  if (value.is_bool()) return (takes & accepts_boolean) != 0;
  if (value.is_list()) return (takes & accepts_list) != 0;
  if (value.is_map()) return (takes & accepts_map) != 0;
  return (takes & accepts_null) != 0;
}

std::string in_words(unsigned takes) {
  std::vector<std::string_view> words;
  if ((takes & accepts_number) != 0) words.emplace_back("a number");
  if ((takes & accepts_text) != 0) words.emplace_back("text");
  if ((takes & accepts_list) != 0) words.emplace_back("a list");
  if ((takes & accepts_map) != 0) words.emplace_back("a map");
  if ((takes & accepts_numbers) != 0) words.emplace_back("a list of numbers");
  if ((takes & accepts_texts) != 0) words.emplace_back("a list of texts");
  return fmt::format("{}", fmt::join(words, " or "));
}

}  // namespace runbook
