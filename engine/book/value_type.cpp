#include "book/value_type.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "base/trimmed.h"

namespace runbook {
namespace {

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> to_number(const std::string& text) {
  if (const std::optional<std::int64_t> whole = parse_number<std::int64_t>(text)) return Value(*whole);
  if (const std::optional<double> number = parse_number<double>(text); number && std::isfinite(*number)) return Value(*number);
  return std::nullopt;
}

// a,b,c: each as it would be read between brackets.
std::optional<Value> split_at_commas(std::string_view text, Scalars scalars, std::string& why) {
  List list;
  while (true) {
    const std::size_t end = std::min(text.find(','), text.size());
    Node item;
    item.kind = Node::Kind::scalar;
    item.text = trimmed(text.substr(0, end));
    if (item.text.empty()) {
      why = fmt::format("an item of the list is empty; `[]` is a list without items");
      return std::nullopt;
    }
    list.push_back(given_value(item, scalars));
    if (end == text.size()) return Value(std::move(list));
    text.remove_prefix(end + 1);
  }
}

std::optional<Value> to_list(const std::string& text, Scalars scalars, std::string& why) {
  const bool is_flow = trimmed(text).starts_with('[');
  std::string no_yaml;
  const NodePtr node = parse_given(text, no_yaml);
  if (node && node->kind == Node::Kind::list) return given_value(*node, scalars);
  if (node && node->kind == Node::Kind::map) why = "it is a map, and a list is wanted";
  else if (is_flow) why = fmt::format("`{}` is no list: {}", text, no_yaml);
  else if (node && node->kind == Node::Kind::scalar && node->quoted) return Value(List{Value(node->text)});
  else return split_at_commas(text, scalars, why);
  return std::nullopt;
}

std::optional<Value> to_map(const std::string& text, Scalars scalars, std::string& why) {
  std::string no_yaml;
  const NodePtr node = parse_given(text, no_yaml);
  if (node && node->kind == Node::Kind::map) return given_value(*node, scalars);
  why = node ? fmt::format("`{}` is no map; write {{key: value}}", text) : fmt::format("`{}` is no map: {}", text, no_yaml);
  return std::nullopt;
}

// Text that needs no more than a look; nullopt: it is not of that type.
std::optional<Value> to_scalar(ValueType type, const std::string& text) {
  if (type == ValueType::boolean)
    return text == "true" || text == "false" ? std::optional<Value>(text == "true") : std::nullopt;
  if (type == ValueType::duration) return parse_duration_ms(text) ? std::optional<Value>(text) : std::nullopt;
  if (type == ValueType::number) return to_number(text);
  if (type != ValueType::integer) return Value(text);
  const std::optional<std::int64_t> whole = parse_number<std::int64_t>(text);
  return whole ? std::optional<Value>(*whole) : std::nullopt;
}

std::string lack_of(ValueType type, const std::string& text) {
  if (type == ValueType::boolean) return "is neither `true` nor `false`";
  if (type == ValueType::duration)
    return to_number(text) ? fmt::format("is no duration without its unit: {0}s, {0}m", text)
                           : "is no duration; durations are written 500ms, 30s, 10m, 1h30m, 3d";
  return type == ValueType::integer ? "is not a whole number" : "is not a number";
}

}  // namespace

std::string_view value_type_name(ValueType type) {
  switch (type) {
    case ValueType::text: return "string";
    case ValueType::integer: return "int";
    case ValueType::number: return "number";
    case ValueType::boolean: return "bool";
    case ValueType::list: return "list";
    case ValueType::map: return "map";
    case ValueType::path: return "path";
    case ValueType::duration: return "duration";
    case ValueType::secret: return "secret";
  }
  return {};
}

bool has_members(ValueType type) { return type == ValueType::list || type == ValueType::map; }

bool is_exported(ValueType type) { return type != ValueType::secret && !has_members(type); }

std::optional<Value> convert(ValueType type, const std::string& text, std::string& why, Scalars scalars) {
  if (type == ValueType::list) return to_list(text, scalars, why);
  if (type == ValueType::map) return to_map(text, scalars, why);
  std::optional<Value> value = to_scalar(type, text);
  if (!value) why = fmt::format("`{}` {}", text, lack_of(type, text));
  return value;
}

std::optional<Value> convert(ValueType type, const Node& node, std::string& why, Scalars scalars) {
  const Node::Kind wanted = type == ValueType::list ? Node::Kind::list : Node::Kind::map;
  if (node.kind == Node::Kind::scalar) return convert(type, node.text, why, scalars);
  if (has_members(type) && node.kind == wanted) return given_value(node, scalars);
  why = fmt::format("expected {}, got {}", has_members(type) ? fmt::format("a {}", value_type_name(type)) : "one value",
                    kind_in_words(node));
  return std::nullopt;
}

}  // namespace runbook
