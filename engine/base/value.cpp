#include "base/value.h"

#include <cmath>

namespace runbook {
namespace {

// Exact, where a conversion to double would call 2^53 + 1 and 2^53 equal.
bool equal_numbers(std::int64_t integer, double number) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (!(number >= -limit && number < limit) || std::trunc(number) != number) return false;
  return static_cast<std::int64_t>(number) == integer;
}

bool equal_lists(const List& a, const List& b) { return &a == &b || a == b; }

// Most maps that are equal have their members in the same order, too; looking there first keeps this linear.
bool equal_maps(const Value& a, const Value& b) {
  const Map& left = a.as_map();
  const Map& right = b.as_map();
  if (&left == &right) return true;
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto& [key, value] = left[i];
    const Value* other = right[i].first == key ? &right[i].second : b.find(key);
    if (other == nullptr || !(*other == value)) return false;
  }
  return true;
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const auto& [name, value] : as_map()) {
    if (name == key) return &value;
  }
  return nullptr;
}

Value Value::get(std::string_view key) const {
  const Value* member = find(key);
  return member ? *member : Value();
}

std::string Value::text_or(std::string_view key, std::string_view fallback) const {
  const Value* member = find(key);
  return member && member->is_text() ? member->as_text() : std::string(fallback);
}

std::int64_t Value::int_or(std::string_view key, std::int64_t fallback) const {
  const Value* member = find(key);
  return member && member->is_int() ? member->as_int() : fallback;
}

bool Value::bool_or(std::string_view key, bool fallback) const {
  const Value* member = find(key);
  return member && member->is_bool() ? member->as_bool() : fallback;
}

std::string_view Value::type_name() const {
  constexpr std::string_view names[] = {"null", "bool", "int", "number", "string", "list", "map"};
  return names[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_int() && b.is_double()) return equal_numbers(a.as_int(), b.as_number());
  if (a.is_double() && b.is_int()) return equal_numbers(b.as_int(), a.as_number());
  if (a.is_list() && b.is_list()) return equal_lists(a.as_list(), b.as_list());
  if (a.is_map() && b.is_map()) return equal_maps(a, b);
  return a.data_ == b.data_;
}

Value object(std::initializer_list<std::pair<std::string, Value>> members) { return Value(Map(members)); }

Value list_from(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return Value(std::move(list));
}

std::vector<std::string> texts_in(const Value& list) {
  std::vector<std::string> texts;
  if (!list.is_list()) return texts;
  for (const Value& item : list.as_list()) {
    if (item.is_text()) texts.push_back(item.as_text());
  }
  return texts;
}

Value with(const Value& map, std::string_view key, Value value) {
  Map members = map.is_map() ? map.as_map() : Map();
  for (auto& [name, member] : members) {
    if (name == key) {
      member = std::move(value);
      return Value(std::move(members));
    }
  }
  members.emplace_back(std::string(key), std::move(value));
  return Value(std::move(members));
}

}  // namespace runbook
