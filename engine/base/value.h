#pragma once
// The data of the language: null, bool, integer, number, text, list, map in written order. A Value is cheap to copy:
// lists and maps are shared and immutable. Threads may share Values freely.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace runbook {

class Value;
using List = std::vector<Value>;
using Map = std::vector<std::pair<std::string, Value>>;

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(List value) : data_(std::make_shared<const List>(std::move(value))) {}
  Value(Map value) : data_(std::make_shared<const Map>(std::move(value))) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_text() const { return std::holds_alternative<std::string>(data_); }
  bool is_list() const { return std::holds_alternative<std::shared_ptr<const List>>(data_); }
  bool is_map() const { return std::holds_alternative<std::shared_ptr<const Map>>(data_); }

  // Each is an assertion: the caller has asked is_...() before.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  double as_number() const { return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_); }
  const std::string& as_text() const { return std::get<std::string>(data_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Map& as_map() const { return *std::get<std::shared_ptr<const Map>>(data_); }

  // The member of a map; nullptr if this is no map or has no such member. Linear: maps of the language are small.
  const Value* find(std::string_view key) const;
  // The member, or null.
  Value get(std::string_view key) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::int64_t int_or(std::string_view key, std::int64_t fallback) const;
  bool bool_or(std::string_view key, bool fallback) const;

  // "null", "bool", "int", "number", "string", "list", "map": the words of the language.
  std::string_view type_name() const;

  friend bool operator==(const Value& a, const Value& b);  // 1 == 1.0; maps regardless of order

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::shared_ptr<const List>, std::shared_ptr<const Map>>
      data_;
};

// A map written in place: object({{"a", 1}, {"b", "text"}}).
Value object(std::initializer_list<std::pair<std::string, Value>> members);
// A list of texts, and the texts in a list; whatever else it holds is passed over.
Value list_from(const std::vector<std::string>& texts);
std::vector<std::string> texts_in(const Value& list);
// A copy of `map` with `key` set (replaced in place, or appended). `map` may be null.
Value with(const Value& map, std::string_view key, Value value);

}  // namespace runbook
