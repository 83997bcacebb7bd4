#include "book/type_schema.h"

#include <fmt/format.h>

#include "book/schema_parts.h"

namespace runbook::schema {
namespace {

Value choice_or_expression(const std::vector<std::string>& choices) {
  return object(
      {{"anyOf", List{object({{"enum", texts_of(choices)}}), object({{"type", "string"}, {"pattern", has_expression}})}}});
}

Value standard_input() {
  const Value map = with_one_key(closed_map({{"json", true}, {"yaml", true}, {"file", scalar()}}, {}));
  return with(map, "type", List{"string", "number", "boolean", "object"});
}

Value shape_of(const Param& param) {
  switch (param.type) {
    case Param::Type::text: return scalar(script_pattern);
    case Param::Type::name: return scalar();
    case Param::Type::value: return param.choices.empty() ? scalar() : choice_or_expression(param.choices);
    case Param::Type::arguments: return not_empty(list_of(scalar()));
    case Param::Type::words: return if_else(is_list(), not_empty(list_of(scalar())), with(scalar(), "minLength", 1));
    case Param::Type::input: return standard_input();
    case Param::Type::tree: return Value(Map());
  }
  return true;
}

Value parameter(const Param& param) { return documented(param.doc, param.fallback, shape_of(param)); }

Value or_null(const Value& schema) {
  const Value type = schema.get("type");
  if (type.is_null()) return object({{"anyOf", List{object({{"type", "null"}}), schema}}});
  List types = type.is_list() ? type.as_list() : List{type};
  types.emplace_back("null");
  return with(schema, "type", std::move(types));
}

// A map whose member `key` is as said.
Value has(std::string_view key, Value value) {
  return object({{"required", List{key}}, {"properties", object({{std::string(key), std::move(value)}})}});
}

Value properties(std::string_view key, Value value) {
  return object({{"properties", object({{std::string(key), std::move(value)}})}});
}

// What has to be given alone, and what only together.
Value in_company(const Declaration& type, Value map) {
  if (const std::vector<std::string> one_of = type.one_of(); !one_of.empty()) map = with(map, "oneOf", each_required(one_of));
  Map beside;
  for (const Param& param : type.params)
    if (!param.beside.empty()) beside.emplace_back(param.name, List{param.beside});
  return beside.empty() ? map : with(map, "dependentRequired", Value(std::move(beside)));
}

}  // namespace

Map parameters_of(const Declaration& type) {
  Map parameters;
  for (const Param& param : type.params) parameters.emplace_back(param.name, parameter(param));
  return parameters;
}

Value type_value(const Declaration& type, Holder holder) {
  List required;
  for (const Param& param : type.params) {
    if (param.is_required && holder == Holder::probe) required.emplace_back(param.name);
  }
  const Param* main = type.find(type.main_param);
  Value alone = main ? parameter(*main) : is_map();
  if (main && holder == Holder::step && !main->is_one_of) alone = or_null(alone);
  const Value value =
      if_else(is_map(), in_company(type, closed_map(parameters_of(type), std::move(required))), std::move(alone));
  return documented(type.summary, Value(), value);
}

namespace {

// Nothing stands for it where it may be left out.
Value value_alone(const Param* main) {
  if (!main) return is_map();
  return main->is_required ? parameter(*main) : or_null(parameter(*main));
}

}  // namespace

Value target_value(const Declaration& type) {
  Map parameters = parameters_of(type);
  parameters.emplace_back("from", name_of(name_pattern));
  List required;
  for (const Param& param : type.params)
    if (param.is_required) required.emplace_back(param.name);
  const Param* main = type.find(type.main_param);
  const Value value = if_else(is_map(), closed_map(std::move(parameters), std::move(required)), value_alone(main));
  return documented(type.summary, Value(), value);
}

std::string steps_with(const Declaration& type, const Param& param) {
  return fmt::format("steps_with_{}_{}", type.name, param.name);
}

Value steps_that_give(const Declaration& type, const Param& param) {
  const bool is_main = param.name == type.main_param;
  const Value alone = is_main ? object({{"not", object({{"type", "null"}})}}) : Value(false);
  const Value gives = if_else(is_map(), object({{"required", List{param.name}}}), alone);
  const Value all = reference(steps_with(type, param));
  const Value watch = if_else(is_list(), list_of(properties("on_trip", all)), properties("on_trip", all));
  const Value in_section = object(
      {{"properties", object({{"steps", all}, {"parallel", all}, {"watch", watch}, {"rescue", all}, {"finally", all}})}});
  const Value in_step = object({{"properties", object({{type.name, gives}, {"undo", properties(type.name, gives)}})}});
  return object({{"items", if_else(object({{"required", List{"section"}}}), in_section, in_step)}});
}

Value rule_of_defaults(const Declaration& type, const Param& param) {
  const Value is_given = has("defaults", has(type.name, object({{"required", List{param.name}}})));
  const Value all = reference(steps_with(type, param));
  return object({{"if", is_given}, {"else", object({{"properties", object({{"steps", all}, {"finally", all}})}})}});
}

}  // namespace runbook::schema
