#include "book/schema_parts.h"

#include <fmt/format.h>

namespace runbook::schema {

Value reference(std::string_view definition) { return object({{"$ref", fmt::format("#/$defs/{}", definition)}}); }

List texts_of(const std::vector<std::string>& texts) { return List(texts.begin(), texts.end()); }

Value scalar() { return object({{"type", List{"string", "number", "boolean"}}}); }
Value scalar(const char* pattern) { return with(scalar(), "pattern", pattern); }

Value name_of(const char* pattern) { return object({{"type", List{"string", "boolean"}}, {"pattern", pattern}}); }

Value whole_number(std::int64_t least, std::int64_t most) {
  return object({{"type", List{"integer", "string"}}, {"minimum", least}, {"maximum", most}, {"pattern", whole_pattern}});
}

Value number(std::int64_t least) {
  return object({{"type", List{"number", "string"}}, {"minimum", least}, {"pattern", number_pattern}});
}

Value share(int least) {
  const char* pattern = least == 0 ? "^([0-9]+|0*(100|[0-9]{1,2})%)$" : "^(?!0+%?$)([0-9]+|0*(100|[0-9]{1,2})%)$";
  return object({{"type", List{"integer", "string"}}, {"minimum", least}, {"maximum", 1'000'000}, {"pattern", pattern}});
}

Value size() {
  constexpr std::int64_t largest = 1LL << 30;
  return object(
      {{"type", List{"integer", "string"}}, {"minimum", 0}, {"maximum", largest}, {"pattern", "^[0-9]+(B|KB|MB|GB)?$"}});
}

// Units descend, and only the last count has a fraction.
Value duration(Zero zero) {
  std::string pattern = zero == Zero::allowed ? "^(?=[0-9])" : "^(?=.*[1-9])";
  for (const char* unit : {"d", "h", "m", "s", "ms"}) pattern += fmt::format("([0-9]+(\\.[0-9]+(?={0}$))?{0})?", unit);
  return object({{"type", "string"}, {"pattern", pattern + "$"}});
}

Value list_of(Value items) { return object({{"type", "array"}, {"items", std::move(items)}}); }
Value not_empty(const Value& list) { return with(list, "minItems", 1); }

Value map_of(const char* key_pattern, Value value) {
  return object(
      {{"type", "object"}, {"patternProperties", object({{key_pattern, std::move(value)}})}, {"additionalProperties", false}});
}

Value closed_map(Map properties, List required) {
  Value map = object({{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
  return required.empty() ? map : with(map, "required", std::move(required));
}

Value with_one_key(const Value& map) { return with(with(map, "minProperties", 1), "maxProperties", 1); }

List each_required(const std::vector<std::string>& keys) {
  List each;
  for (const std::string& key : keys) each.push_back(object({{"required", List{key}}}));
  return each;
}

Value if_else(Value condition, Value then, Value otherwise) {
  return object({{"if", std::move(condition)}, {"then", std::move(then)}, {"else", std::move(otherwise)}});
}

Value is_list() { return object({{"type", "array"}}); }
Value is_map() { return object({{"type", "object"}}); }

Value documented(std::string_view doc, const Value& fallback, const Value& shape) {
  Value schema = object({{"description", doc}});
  if (!fallback.is_null()) schema = with(schema, "default", fallback);
  for (const auto& [key, value] : shape.as_map()) schema = with(schema, key, value);
  return schema;
}

}  // namespace runbook::schema
