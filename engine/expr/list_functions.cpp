#include "expr/list_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/json.h"
#include "base/utf8.h"

namespace runbook {
namespace {

using Kind = ExpressionError::Kind;

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

Value mapped(const FunctionCall& given) {
  List list;
  for (const Value& item : given[1].as_list()) list.push_back(given.apply(0, item));
  return Value(std::move(list));
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

}  // namespace

std::vector<Function> list_functions() {
  return {
      {"contains",
       {accepts_text | accepts_list, accepts_anything},
       2,
       false,
       false,
       "contains(text or list, what)",
       "whether it is in there",
       contains},
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
      {"min", {orderable}, 1, false, false, "min(list)", "the least of numbers or texts", least_of},
      {"min_by",
       {accepts_list, accepts_expression},
       2,
       false,
       false,
       "min_by(list, &expression)",
       "the item of which the expression is least",
       least_by},
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
      {"unique", {accepts_list}, 1, false, true, "unique(list)", "each item once, in the order of the first ones", unique},
  };
}

}  // namespace runbook
