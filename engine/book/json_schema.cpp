#include "book/json_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "book/key_docs.h"
#include "book/type_description.h"

namespace runbook {
namespace {

constexpr const char* name_pattern = "^[a-z][a-z0-9_]*$";
// `state` is the state of a step.
constexpr const char* output_name_pattern = "^(?!state$)[a-z][a-z0-9_]*$";
constexpr const char* variable_pattern = "^(?!RUNBOOK_)[A-Za-z_][A-Za-z0-9_]*$";
constexpr const char* has_expression = "\\$\\{\\{";
constexpr const char* has_no_expression = "^(?![\\s\\S]*\\$\\{\\{)";
constexpr const char* expression_pattern = "^\\s*(?!\\$\\{\\{)\\S";
// Not empty, and `${{` only behind another `$`.
constexpr const char* script_pattern = "^(?!\\$\\{\\{)(?![\\s\\S]*[^$]\\$\\{\\{)[\\s\\S]*[^ \\t\\n]";
constexpr const char* whole_pattern = "^-?[0-9]+$";
constexpr const char* number_pattern = "^-?[0-9.]+([eE][-+]?[0-9]+)?$";
constexpr const char* size_pattern = "^[0-9]+(B|KB|MB|GB)?$";
constexpr std::int64_t largest_size = 1LL << 30;
constexpr int largest_exit_code = 255;

Value reference(std::string_view definition) { return object({{"$ref", fmt::format("#/$defs/{}", definition)}}); }

Value texts_of(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

// What is text in a runbook is also a number or true for a YAML reader.
Value scalar() { return object({{"type", List{"string", "number", "boolean"}}}); }
Value scalar(const char* pattern) { return with(scalar(), "pattern", pattern); }

Value whole_number(double least, double most) {
  return object({{"type", List{"integer", "string"}},
                 {"minimum", static_cast<std::int64_t>(least)},
                 {"maximum", static_cast<std::int64_t>(most)},
                 {"pattern", whole_pattern}});
}

// Units descend, and only the last count has a fraction.
Value duration_text(bool may_be_zero) {
  std::string pattern = may_be_zero ? "^(?=[0-9])" : "^(?=.*[1-9])";
  for (const char* unit : {"d", "h", "m", "s", "ms"}) pattern += fmt::format("([0-9]+(\\.[0-9]+(?={0}$))?{0})?", unit);
  return object({{"type", "string"}, {"pattern", pattern + "$"}});
}

Value list_of(Value items) { return object({{"type", "array"}, {"items", std::move(items)}}); }

Value map_of(const char* name, Value value) {
  return object(
      {{"type", "object"}, {"patternProperties", object({{name, std::move(value)}})}, {"additionalProperties", false}});
}

Value closed_map(Map properties, List required) {
  Value map = object({{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
  return required.empty() ? map : with(map, "required", std::move(required));
}

// Exactly one of the keys stands there; with `none`, at most one.
Value one_of(const std::vector<std::string>& keys, bool may_be_none) {
  List each;
  for (const std::string& key : keys) each.push_back(object({{"required", List{key}}}));
  if (!may_be_none) return each;
  List all = each;
  all.push_back(object({{"not", object({{"anyOf", each}})}}));
  return all;
}

Value source_of_secret() {
  const Value named = closed_map({{"env", scalar()}, {"file", scalar()}, {"command", list_of(scalar())}}, {});
  return object({{"if", object({{"type", "object"}})},
                 {"then", with(with(named, "minProperties", 1), "maxProperties", 1)},
                 {"else", object({{"const", "ask"}})}});
}

Value documented(std::string_view doc, const Value& fallback, const Value& shape) {
  Value schema = object({{"description", doc}});
  if (!fallback.is_null()) schema = with(schema, "default", fallback);
  for (const auto& [key, value] : shape.as_map()) schema = with(schema, key, value);
  return schema;
}

class Schema {
 public:
  explicit Schema(const Declarations& types) : types_(types) {
    for (const Declaration& type : types) type_names_.push_back(type.name);
  }

  Value make() {
    Value schema = object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                           {"title", "A runbook"},
                           {"description", "A deployment procedure that `runbook` runs, journals and can go on with."}});
    const Value root = map_of_keys(keys::runbook);
    for (const auto& [key, value] : root.as_map()) schema = with(schema, key, value);
    if (Value rules = rules_of_defaults(); !rules.as_list().empty()) schema = with(schema, "allOf", std::move(rules));
    return with(schema, "$defs", definitions());
  }

 private:
  Value definitions() {
    Map all = {{"steps", steps()}, {"child", child()}, {"section", map_of_keys(keys::section)}, {"step", step()}};
    all.emplace_back("before", probe(keys::before));
    all.emplace_back("done_when", probe(keys::done_when));
    all.emplace_back("verify", probe(keys::verify));
    all.emplace_back("wait_until", probe(keys::wait_until));
    all.emplace_back("assert", assertion());
    for (const Declaration& type : types_) {
      all.emplace_back("probe_type_" + type.name, type_value(type, Holder::probe));
      all.emplace_back("step_type_" + type.name, type_value(type, Holder::step));
      for (const Param& param : type.params) {
        if (param.is_required) all.emplace_back(steps_with(type, param), steps_that_give(type, param));
      }
    }
    return all;
  }

  Value steps() const { return with(list_of(reference("child")), "minItems", 1); }

  Value child() const {
    return object({{"if", object({{"type", "object"}, {"required", List{"section"}}})},
                   {"then", reference("section")},
                   {"else", reference("step")}});
  }

  Value step() const {
    Map properties = properties_of(keys::step);
    for (const Declaration& type : types_) properties.emplace_back(type.name, reference("step_type_" + type.name));
    Map without_effect;
    for (const std::string& key : effect_keys()) without_effect.emplace_back(key, false);
    List looks;
    for (const TypeDescription& type : describe_types(types_)) {
      if (type.looks.empty()) continue;
      properties.emplace_back(type.name, with(reference(type.name), "description", type.summary));
      looks.push_back(object({{"required", List{type.name}}}));
    }
    std::vector<std::string> names = type_names_;
    names.insert(names.end(), engine_step_types().begin(), engine_step_types().end());
    Value step = with(closed_map(std::move(properties), required_of(keys::step)), "oneOf", one_of(names, false));
    step = with(step, "if", object({{"anyOf", std::move(looks)}}));
    return with(step, "then", object({{"properties", std::move(without_effect)}}));
  }

  // A map of the keys of the set, and of step types.
  Value map_with_types(const KeySet& set) const {
    Map properties = properties_of(set);
    for (const Declaration& type : types_) properties.emplace_back(type.name, reference("probe_type_" + type.name));
    return closed_map(std::move(properties), required_of(set));
  }

  Value probe(const KeySet& set) const { return with(map_with_types(set), "oneOf", one_of(type_names_, false)); }

  Value assertion() const {
    const Value looks = object({{"anyOf", one_of(type_names_, false)}});
    Value assertion = with(map_with_types(keys::assertion), "oneOf", one_of(type_names_, true));
    assertion = with(assertion, "if", object({{"not", looks}}));
    return with(assertion, "then", object({{"required", List{"that"}}, {"properties", object({{"outputs", false}})}}));
  }

  Map properties_of(const KeySet& set) const {
    Map properties;
    for (const std::string& key : set.known) properties.emplace_back(key, described(key_doc(set, key)));
    return properties;
  }

  List required_of(const KeySet& set) const {
    List required;
    for (const std::string& key : set.known) {
      if (key_doc(set, key).needed == Needed::yes) required.emplace_back(key);
    }
    return required;
  }

  Value map_of_keys(const KeySet& set) const { return closed_map(properties_of(set), required_of(set)); }

  Value described(const KeyDoc& doc) const { return documented(doc.doc, doc.fallback, schema_of(doc)); }

  Value schema_of(const KeyDoc& doc) const {
    switch (doc.shape) {
      case Shape::name: return with(object({{"type", List{"string", "boolean"}}}), "pattern", name_pattern);
      case Shape::plain_text: return scalar(has_no_expression);
      case Shape::text:
      case Shape::value: return scalar();
      case Shape::expression: return scalar(expression_pattern);
      case Shape::pattern: return with(scalar(), "minLength", 1);
      case Shape::flag: return object({{"type", "boolean"}});
      case Shape::whole: return whole_number(doc.least, doc.most);
      case Shape::number:
        return object({{"type", List{"number", "string"}}, {"minimum", doc.least}, {"pattern", number_pattern}});
      case Shape::duration: return duration_text(true);
      case Shape::real_duration: return duration_text(false);
      case Shape::size:
        return object(
            {{"type", List{"integer", "string"}}, {"minimum", 0}, {"maximum", largest_size}, {"pattern", size_pattern}});
      case Shape::choice: return object({{"enum", texts_of(doc.choices)}});
      case Shape::map: return map_of_keys(*doc.inside);
      case Shape::list: return list_of(map_of_keys(*doc.inside));
      case Shape::probe: return reference(doc.key);
      default: return schema_of_many(doc.shape);
    }
  }

  // Lists, and maps whose keys are the author's.
  Value schema_of_many(Shape shape) const {
    switch (shape) {
      case Shape::texts: return list_of(scalar());
      case Shape::values: return object({{"type", "array"}, {"minItems", 1}});
      case Shape::exit_codes: return list_of(whole_number(0, largest_exit_code));
      case Shape::some_exit_codes: return with(list_of(whole_number(0, largest_exit_code)), "minItems", 1);
      case Shape::sources: return with(list_of(source_of_secret()), "minItems", 1);
      case Shape::variables: return map_of(variable_pattern, scalar());
      case Shape::named_values: return map_of(name_pattern, scalar());
      case Shape::expressions: return map_of(name_pattern, scalar(expression_pattern));
      case Shape::outputs: return map_of(output_name_pattern, output());
      case Shape::examples: return map_of(output_name_pattern, true);
      case Shape::versions: return map_of("", scalar());
      case Shape::inputs: return map_of(name_pattern, input());
      case Shape::defaults: return defaults();
      default: return reference("steps");
    }
  }

  Value output() const {
    const Value rule = with(map_of_keys(keys::output_rule), "dependentSchemas",
                            object({{"value", object({{"properties", object({{"regex", false}})}})}}));
    return object({{"if", object({{"type", "object"}})}, {"then", rule}, {"else", scalar(expression_pattern)}});
  }

  // A secret has no default: it would stand in the file.
  Value input() const {
    const Value is_secret =
        object({{"required", List{"type"}}, {"properties", object({{"type", object({{"const", "secret"}})}})}});
    Value input = with(map_of_keys(keys::input), "if", is_secret);
    return with(input, "then", object({{"properties", object({{"default", false}})}}));
  }

  Value defaults() const {
    Map properties;
    for (const Declaration& type : types_) {
      Map inside = parameters_of(type);
      for (const std::string& key : default_keys()) inside.emplace_back(key, described(key_doc(keys::step, key)));
      properties.emplace_back(type.name, closed_map(std::move(inside), {}));
    }
    return closed_map(std::move(properties), {});
  }

  // Step types

  enum class Holder {
    probe,
    step,  // `defaults:` may give what is missing
  };

  Value type_value(const Declaration& type, Holder holder) const {
    List required;
    for (const Param& param : type.params) {
      if (param.is_required && holder == Holder::probe) required.emplace_back(param.name);
    }
    const Param* main = type.find(type.main_param);
    Value in_full = closed_map(parameters_of(type), std::move(required));
    Value alone = main ? parameter(*main) : object({{"type", "object"}});
    if (main && holder == Holder::step) alone = or_null(alone);
    return object({{"description", type.summary},
                   {"if", object({{"type", "object"}})},
                   {"then", std::move(in_full)},
                   {"else", std::move(alone)}});
  }

  static Value or_null(const Value& schema) {
    const Value type = schema.get("type");
    if (type.is_null()) return object({{"anyOf", List{object({{"type", "null"}}), schema}}});
    List types = type.is_list() ? type.as_list() : List{type};
    types.emplace_back("null");
    return with(schema, "type", std::move(types));
  }

  Map parameters_of(const Declaration& type) const {
    Map parameters;
    for (const Param& param : type.params) parameters.emplace_back(param.name, parameter(param));
    return parameters;
  }

  Value parameter(const Param& param) const { return documented(param.doc, param.fallback, shape_of(param)); }

  Value shape_of(const Param& param) const {
    switch (param.type) {
      case Param::Type::text: return scalar(script_pattern);
      case Param::Type::value:
        if (param.choices.empty()) return scalar();
        return object({{"anyOf", List{object({{"enum", texts_of(param.choices)}}),
                                      object({{"type", "string"}, {"pattern", has_expression}})}}});
      case Param::Type::arguments: return with(list_of(scalar()), "minItems", 1);
      case Param::Type::input: return standard_input();
    }
    return true;
  }

  Value standard_input() const {
    const Value one = closed_map({{"json", true}, {"file", scalar()}}, {});
    return with(with(with(one, "type", List{"string", "number", "boolean", "object"}), "minProperties", 1), "maxProperties", 1);
  }

  // What a type requires stands in each of its steps, unless `defaults:` gives it

  static std::string steps_with(const Declaration& type, const Param& param) {
    return fmt::format("steps_with_{}_{}", type.name, param.name);
  }

  Value steps_that_give(const Declaration& type, const Param& param) const {
    const bool is_main = param.name == type.main_param;
    const Value gives = object({{"if", object({{"type", "object"}})},
                                {"then", object({{"required", List{param.name}}})},
                                {"else", is_main ? object({{"not", object({{"type", "null"}})}}) : Value(false)}});
    const Value inside = object({{"steps", reference(steps_with(type, param))}});
    return object({{"items", object({{"if", object({{"required", List{"section"}}})},
                                     {"then", object({{"properties", inside}})},
                                     {"else", object({{"properties", object({{type.name, gives}})}})}})}});
  }

  Value rules_of_defaults() const {
    List rules;
    for (const Declaration& type : types_) {
      for (const Param& param : type.params) {
        if (param.is_required) rules.push_back(rule_of_defaults(type, param));
      }
    }
    return rules;
  }

  Value rule_of_defaults(const Declaration& type, const Param& param) const {
    const auto has = [](std::string_view key, Value value) {
      return object({{"required", List{key}}, {"properties", object({{std::string(key), std::move(value)}})}});
    };
    const Value is_given = has("defaults", has(type.name, object({{"required", List{param.name}}})));
    return object(
        {{"if", is_given}, {"else", object({{"properties", object({{"steps", reference(steps_with(type, param))}})}})}});
  }

  const Declarations& types_;
  std::vector<std::string> type_names_;
};

}  // namespace

Value json_schema(const Declarations& types) { return Schema(types).make(); }

}  // namespace runbook
