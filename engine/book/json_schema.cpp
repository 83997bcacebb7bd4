#include "book/json_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "book/key_docs.h"
#include "book/schema_parts.h"
#include "book/type_description.h"
#include "book/type_schema.h"

namespace runbook {
namespace {

using namespace schema;

Value source_of_secret() {
  const Value command = not_empty(list_of(scalar(has_no_expression)));
  const Value file = with(scalar(has_no_expression), "minLength", 1);
  const Value named = closed_map({{"env", name_of(any_variable_pattern)}, {"file", file}, {"command", command}}, {});
  return if_else(is_map(), with_one_key(named), object({{"const", "ask"}}));
}

enum class Expressions { allowed, refused };

Value text_like(std::string_view type, std::string_view pattern, Expressions expressions) {
  const std::string alternative = expressions == Expressions::allowed ? fmt::format("|{}", has_expression) : "";
  const List types = type == "string" ? List{"string"} : List{Value(type), "string"};
  return object({{"type", types}, {"pattern", fmt::format("{}{}", pattern, alternative)}});
}

// A list may be written as text.
Value value_of_type(std::string_view type, Expressions expressions) {
  if (type == "int") return text_like("integer", whole_pattern, expressions);
  if (type == "number") return text_like("number", number_pattern, expressions);
  if (type == "bool") return text_like("boolean", "^(true|false)$", expressions);
  if (type == "duration") return text_like("string", duration(Zero::allowed).get("pattern").as_text(), expressions);
  if (type == "list") return with(object({{"type", List{"array", "string", "number", "boolean"}}}), "minLength", 1);
  if (type == "map") return with(object({{"type", List{"object", "string"}}}), "minLength", 1);
  return scalar();
}

class Schema {
 public:
  explicit Schema(const Declarations& types) : types_(step_types_of(types)) {
    for (const Declaration& type : types)
      if (type.of == Declaration::Of::target) target_types_.push_back(type);
    for (const Declaration& type : types_) type_names_.push_back(type.name);
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
    Map all = {{"steps", steps()}, {"child", child()}, {"section", section()}, {"step", step()}};
    all.emplace_back("before", probe(keys::before));
    all.emplace_back("done_when", probe(keys::done_when));
    all.emplace_back("verify", probe(keys::verify));
    all.emplace_back("wait_until", probe(keys::wait_until));
    all.emplace_back("assert", assertion());
    all.emplace_back("manual", manual());
    all.emplace_back("watch", probe(keys::watch));
    all.emplace_back("undo", undo());
    all.emplace_back("include", if_else(is_map(), map_of_keys(keys::include), path()));
    for (const Declaration& type : types_) {
      all.emplace_back("probe_type_" + type.name, type_value(type, Holder::probe));
      all.emplace_back("step_type_" + type.name, type_value(type, Holder::step));
      for (const Param& param : type.params) {
        if (param.is_required) all.emplace_back(steps_with(type, param), steps_that_give(type, param));
      }
    }
    return all;
  }

  static Value steps() { return not_empty(list_of(reference("child"))); }
  static Value child() { return if_else(with(is_map(), "required", List{"section"}), reference("section"), reference("step")); }

  Value step() const {
    const Value map = map_with_types(keys::step, "step_type_");
    Map properties = map.get("properties").as_map();
    std::vector<std::string> types = type_names_;
    for (const TypeDescription& type : describe_types(types_)) {
      if (find_declaration(types_, type.name)) continue;
      properties.emplace_back(type.name, with(reference(type.name), "description", type.summary));
      types.push_back(type.name);
    }
    Value step = with(map, "properties", std::move(properties));
    step = with(step, "oneOf", each_required(types));
    step = with(step, "if", object({{"required", List{"manual"}}}));
    step = with(step, "then", without(process_keys()));
    const Value is_look = object({{"anyOf", each_required({"wait_until", "assert"})}});
    const Value reads =
        object({{"required", List{"effect"}}, {"properties", object({{"effect", object({{"const", "read"}})}})}});
    const Value is_include = object({{"required", List{"include"}}});
    const Value of_read = object({{"if", reads}, {"then", without({"undo"})}});
    return with(step, "else",
                if_else(is_look, without(effect_keys()), if_else(is_include, without(keys_of_own_steps()), of_read)));
  }

  static Value path() { return with(scalar(has_no_expression), "minLength", 1); }

  // Without `key` an item is its own, and without `empty` there is one.
  static List rules_of_loops() {
    const auto unless = [](std::string_view key, Value list) {
      const Value has_none = object({{"not", object({{"required", List{key}}})}});
      return object({{"if", has_none}, {"then", object({{"properties", object({{"for_each", std::move(list)}})}})}});
    };
    return {unless("key", object({{"items", scalar()}})), unless("empty", object({{"minItems", 1}}))};
  }

  Value section() const {
    const Value map = with(map_of_keys(keys::section), "oneOf", each_required({"steps", "parallel"}));
    Map needs = {{"for_each", List{"as"}}};
    for (const std::string& key : loop_keys()) needs.emplace_back(key, List{"for_each"});
    return with(with(map, "dependentRequired", std::move(needs)), "allOf", rules_of_loops());
  }

  Value target() const {
    Map properties;
    for (const Declaration& type : target_types_) properties.emplace_back(type.name, target_value(type));
    return with(closed_map(std::move(properties), {}), "minProperties", 1);
  }

  Value undo() const {
    Map properties;
    for (const std::string& type : type_names_) properties.emplace_back(type, reference("step_type_" + type));
    properties.emplace_back("manual", reference("manual"));
    return with_one_key(closed_map(std::move(properties), {}));
  }

  Value manual() const { return if_else(is_map(), map_of_keys(keys::manual), scalar("\\S")); }

  static Value without(const std::vector<std::string>& keys) {
    Map properties;
    for (const std::string& key : keys) properties.emplace_back(key, false);
    return object({{"properties", std::move(properties)}});
  }

  Value probe(const KeySet& set) const { return with(map_with_types(set, "probe_type_"), "oneOf", each_required(type_names_)); }

  // At most one type; without one there is no result to look into.
  Value assertion() const {
    const Value has_none = object({{"not", object({{"anyOf", each_required(type_names_)}})}});
    List one_or_none = each_required(type_names_);
    one_or_none.push_back(has_none);
    Value assertion = with(map_with_types(keys::assertion, "probe_type_"), "oneOf", std::move(one_or_none));
    assertion = with(assertion, "if", has_none);
    return with(assertion, "then", with(without({"outputs"}), "required", List{"that"}));
  }

  // A map of the keys of the set, and of step types.
  Value map_with_types(const KeySet& set, const char* definition) const {
    Map properties = properties_of(set);
    for (const Declaration& type : types_) properties.emplace_back(type.name, reference(definition + type.name));
    return closed_map(std::move(properties), required_of(set));
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

  Value one_of_keys(const KeySet& set) const { return with(with(map_of_keys(set), "minProperties", 1), "maxProperties", 1); }

  Value described(const KeyDoc& doc) const { return documented(doc.doc, doc.fallback, schema_of(doc)); }

  Value schema_of(const KeyDoc& doc) const {
    switch (doc.shape) {
      case Shape::name: return name_of(name_pattern);
      case Shape::plain_text: return scalar(has_no_expression);
      case Shape::path: return path();
      case Shape::text:
      case Shape::value: return scalar();
      case Shape::words: return scalar("\\S");
      case Shape::input_value: return value_of_input();
      case Shape::expression: return scalar(expression_pattern);
      case Shape::pattern: return with(scalar(), "minLength", 1);
      case Shape::flag: return object({{"type", "boolean"}});
      case Shape::whole: return whole_number(doc.least, doc.most);
      case Shape::number: return number(doc.least);
      case Shape::duration: return duration(Zero::allowed);
      case Shape::real_duration: return duration(Zero::refused);
      case Shape::size: return size();
      case Shape::choice: return object({{"enum", texts_of(doc.choices)}});
      case Shape::map: return doc.inside == &keys::keep ? one_of_keys(keys::keep) : map_of_keys(*doc.inside);
      case Shape::list: return list_of(map_of_keys(*doc.inside));
      case Shape::probe: return reference(doc.key);
      default: return schema_of_many(doc.shape);
    }
  }

  // Lists, and maps whose keys are the author's.
  Value schema_of_many(Shape shape) const {
    switch (shape) {
      case Shape::texts: return list_of(scalar());
      case Shape::argv: return not_empty(list_of(scalar("^(?![\\s\\S]*\\$\\{\\{)[\\s\\S]*\\S")));
      case Shape::some_texts: return not_empty(list_of(scalar("\\S")));
      case Shape::items: return not_empty(list_of(scalar("\\S")));
      case Shape::values: return not_empty(list_of(scalar()));
      case Shape::exit_codes: return list_of(whole_number(0, 255));
      case Shape::some_exit_codes: return not_empty(list_of(whole_number(0, 255)));
      case Shape::sources: return not_empty(list_of(source_of_secret()));
      case Shape::variables: return map_of(variable_pattern, scalar());
      case Shape::named_values: return map_of(name_pattern, scalar());
      case Shape::expressions: return map_of(name_pattern, scalar(expression_pattern));
      case Shape::outputs: return map_of(output_name_pattern, output());
      case Shape::examples: return map_of(output_name_pattern, true);
      case Shape::versions: return map_of(tool_pattern, scalar());
      case Shape::inputs: return map_of(name_pattern, input(keys::input));
      case Shape::collected: return map_of(output_name_pattern, input(keys::collected));
      case Shape::defaults: return defaults();
      case Shape::targets: return map_of(name_pattern, target());
      case Shape::values_of_inputs: return map_of(name_pattern, object({{"not", object({{"type", "null"}})}}));
      case Shape::undo: return reference("undo");
      case Shape::watches: return if_else(is_map(), reference("watch"), not_empty(list_of(reference("watch"))));
      case Shape::list_or_expression: return if_else(is_list(), object({{"type", "array"}}), scalar(expression_pattern));
      case Shape::share: return share(0);
      case Shape::batches: return if_else(is_list(), not_empty(list_of(share(1))), share(1));
      default: return reference("steps");
    }
  }

  static Value is_secret() {
    return object({{"required", List{"secret"}}, {"properties", object({{"secret", object({{"const", true}})}})}});
  }

  Value output() const {
    const Value rule = with(map_of_keys(keys::output_rule), "dependentSchemas",
                            object({{"value", without({"regex"})}, {"keep", is_secret()}}));
    return if_else(is_map(), rule, scalar(expression_pattern));
  }

  static const std::vector<std::string>& input_types() { return key_doc(keys::input, "type").choices; }
  static bool is_input_type(std::string_view type) {
    return std::find(input_types().begin(), input_types().end(), type) != input_types().end();
  }

  // Text, and whatever else a type takes; rules_of_input say which.
  static Value value_of_input() {
    List types = {"string", "number", "boolean"};
    if (is_input_type("list")) types.emplace_back("array");
    if (is_input_type("map")) types.emplace_back("object");
    return object({{"type", std::move(types)}});
  }

  Value input(const KeySet& set) const {
    Value map = with(map_of_keys(set), "allOf", rules_of_input());
    if (&set == &keys::input) return map;
    const Value is_secret =
        object({{"required", List{"type"}}, {"properties", object({{"type", object({{"const", "secret"}})}})}});
    return with(map, "not", is_secret);
  }

  List rules_of_input() const {
    List rules;
    for (const std::string& type : input_types()) {
      if (values_of(type) == values_of("")) continue;
      const Value is_it = object({{"properties", object({{"type", object({{"const", type}})}})}});
      const bool is_usual = key_doc(keys::input, "type").fallback == Value(type);
      rules.push_back(object({{"if", is_usual ? is_it : with(is_it, "required", List{"type"})},
                              {"then", object({{"properties", values_of(type)}})}}));
    }
    return rules;
  }

  // What a type asks of the values that the file itself gives. A secret has none: it would stand in the file.
  static Value values_of(std::string_view type) {
    const Value with_expressions = type.empty() ? value_of_input() : value_of_type(type, Expressions::allowed);
    Map values = {{"default", type == "secret" ? Value(false) : with_expressions}, {"example", with_expressions}};
    if (type != "int" && type != "number" && type != "duration") return values;
    for (const char* key : {"min", "max"}) values.emplace_back(key, value_of_type(type, Expressions::refused));
    return values;
  }

  Value defaults() const {
    Map properties;
    for (const Declaration& type : types_) {
      Map inside = parameters_of(type);
      std::erase_if(inside, [&](const auto& param) { return type.find(param.first)->is_one_of; });
      for (const std::string& key : default_keys()) inside.emplace_back(key, described(key_doc(keys::step, key)));
      properties.emplace_back(type.name, closed_map(std::move(inside), {}));
    }
    return closed_map(std::move(properties), {});
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

  const Declarations types_;
  Declarations target_types_;
  std::vector<std::string> type_names_;
};

}  // namespace

Value json_schema(const Declarations& types) { return Schema(types).make(); }

}  // namespace runbook
