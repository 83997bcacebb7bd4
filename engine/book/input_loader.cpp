#include "book/input_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.h"
#include "book/input_rules.h"
#include "book/input_source_loader.h"
#include "book/inputs.h"
#include "book/keys.h"
#include "book/tree_loader.h"

namespace runbook {
namespace {

const std::vector<std::string> type_names = {"string", "int", "number", "bool", "list", "map", "path", "duration", "secret"};
constexpr ValueType types[] = {ValueType::text, ValueType::integer, ValueType::number,   ValueType::boolean, ValueType::list,
                               ValueType::map,  ValueType::path,    ValueType::duration, ValueType::secret};

constexpr int most_items_there_may_be = 1'000'000;

bool is_number(ValueType type) { return type == ValueType::integer || type == ValueType::number; }

// Whether a rule makes sense of a type, and what to write where it does not.
struct Fit {
  std::string_view key;
  bool (*fits)(ValueType);
};

constexpr Fit fits[] = {
    {"pattern", [](ValueType type) { return type != ValueType::boolean && type != ValueType::map; }},
    {"reject", [](ValueType type) { return type != ValueType::boolean && type != ValueType::map; }},
    {"enum", [](ValueType type) { return type != ValueType::boolean && type != ValueType::map && type != ValueType::secret; }},
    {"min", [](ValueType type) { return is_number(type) || type == ValueType::duration; }},
    {"max", [](ValueType type) { return is_number(type) || type == ValueType::duration; }},
    {"min_items", has_members},
    {"max_items", has_members},
};

std::string advice_for(std::string_view key, ValueType type) {
  if (type == ValueType::boolean) return "a bool is true or false: leave it out";
  if (key == "enum" && type == ValueType::secret) return "the secrets would stand in this file; write a `pattern`";
  if (key == "min" || key == "max") {
    if (has_members(type)) return fmt::format("write `{}_items` for how many there are", key);
    return type == ValueType::text ? fmt::format("`{}` is for numbers: add `type: int`, `number` or `duration`", key)
                                   : fmt::format("`{}` is for int, number and duration; of text write a `pattern`", key);
  }
  if (type == ValueType::map) return "write a constraint: `constraints: [{that: ..., because: ...}]`";
  if (is_number(type) || type == ValueType::duration) return fmt::format("write `{}`", key.substr(0, 3));
  return type == ValueType::text ? "add `type: list` or `type: map`" : "of text, write a `pattern`";
}

// Whose values they are.
struct Asked {
  const KeySet& keys;
  std::string_view noun;
  Site site;
};

class InputLoader {
 public:
  InputLoader(const Node::Member& member, const Asked& asked, Loading& loading)
      : member_(member),
        asked_(asked),
        loading_(loading),
        problems_(loading.problems),
        fields_(*member.value, loading.problems) {}

  Input load() {
    input_.name = member_.key;
    input_.place = member_.key_place;
    expect_name(member_.key, member_.key_place, asked_.noun, problems_);
    if (!expect(Node::Kind::map, *member_.value, member_.key, problems_,
                fmt::format("write `{}: {{}}` for any text, or its default as `{{default: ...}}`", member_.key)))
      return input_;
    check_own_keys();
    fields_.line("description", input_.description);
    if (!load_type()) return input_;
    load_rules();
    load_choices();
    if (const Node::Member* from = member_.value->find("from"); from && !is_collected())
      load_sources(*from->value, problems_, input_.from);
    load_default();
    load_example();
    return input_;
  }

 private:
  bool is_collected() const { return &asked_.keys == &keys::collected; }

  void check_own_keys() {
    for (const Node::Member& member : member_.value->members) {
      if (is_collected() && member.key == "from")
        problems_.error(member, "unknown key `from`",
                        "the person at the step gives the value; what comes from elsewhere is an input");
      else check_key(member, asked_.keys, problems_);
    }
  }

  const Node* find(std::string_view key) const {
    const Node::Member* found = member_.value->find(key);
    return found ? found->value.get() : nullptr;
  }

  // Without its type nothing else can be judged.
  bool load_type() {
    if (!find("type")) return true;
    const std::optional<std::size_t> position = fields_.choice("type", type_names);
    if (position) input_.type = types[*position];
    if (!is_collected() || input_.type != ValueType::secret) return position.has_value();
    problems_.error(*find("type"), "a manual step can't collect a secret: what it collects stands in the record",
                    "make it an input, which is never stored: `inputs: {NAME: {type: secret, from: [ask]}}`");
    return false;
  }

  // Whether the key is there and the type can have it.
  bool has(std::string_view key) {
    const Node::Member* found = member_.value->find(key);
    if (!found) return false;
    const auto* rule = std::find_if(std::begin(fits), std::end(fits), [&](const Fit& fit) { return fit.key == key; });
    if (rule->fits(input_.type)) return true;
    problems_.error(*found, fmt::format("`{}` does not fit {} of type `{}`", key, asked_.noun, value_type_name(input_.type)),
                    advice_for(key, input_.type));
    return false;
  }

  void load_rules() {
    if (has("pattern")) fields_.pattern("pattern", input_.pattern);
    if (has("reject")) load_reject(*find("reject"));
    if (has("min")) load_bound("min", input_.least);
    if (has("max")) load_bound("max", input_.most);
    if (has("min_items")) load_count("min_items", input_.min_items);
    if (has("max_items")) load_count("max_items", input_.max_items);
    const bool is_empty =
        !input_.least.is_null() && !input_.most.is_null() && input_.least.as_number() > input_.most.as_number();
    if (is_empty) problems_.error(*find("max"), "`max` is less than `min`: no value is left");
    if (input_.min_items && input_.max_items && *input_.min_items > *input_.max_items)
      problems_.error(*find("max_items"), "`max_items` is less than `min_items`: no value is left");
  }

  void load_reject(const Node& map) {
    if (!expect(Node::Kind::map, map, "reject", problems_, "write `reject: {pattern: ..., because: ...}`")) return;
    const Fields fields(map, problems_);
    fields.pattern("pattern", input_.reject);
    fields.note("because", input_.because);
    const std::size_t before = problems_.found().size();
    check_keys(map, keys::reject, problems_);
    if (problems_.found().size() != before) return;  // it is there under another name
    for (const char* key : {"pattern", "because"}) {
      if (!map.find(key))
        problems_.error(map.place, 1, fmt::format("`reject` lacks `{}`", key), "write `reject: {pattern: ..., because: ...}`");
    }
  }

  void load_bound(const char* key, Value& into) {
    const Node& node = *find(key);
    if (!expect(Node::Kind::scalar, node, key, problems_)) return;
    if (input_.type == ValueType::duration) {
      std::int64_t ms = -1;
      fields_.duration(key, ms);
      if (ms >= 0) into = ms;
      return;
    }
    std::string why;
    if (std::optional<Value> bound = convert(input_.type, node.text, why)) into = *std::move(bound);
    else problems_.error(node, fmt::format("`{}`: {}", key, why));
  }

  void load_count(const char* key, std::optional<int>& into) {
    int count = -1;
    fields_.whole(key, 0, most_items_there_may_be, count);
    if (count >= 0) into = count;
  }

  void load_choices() {
    if (!has("enum")) return;
    const Node& list = *find("enum");
    if (!expect(Node::Kind::list, list, "enum", problems_, "write `enum: [one, two]`")) return;
    if (list.items.empty()) problems_.error(list, "`enum` is empty: no value is left");
    List choices;
    for (const NodePtr& item : list.items) {
      const bool is_item = input_.type == ValueType::list;
      if (!expect(Node::Kind::scalar, *item, "enum", problems_)) continue;
      if (is_item) choices.push_back(given_value(*item, input_.scalars()));
      else if (std::optional<Value> choice = checked(*item, "enum")) choices.push_back(*std::move(choice));
    }
    input_.choices = std::move(choices);
  }

  void load_default() {
    const Node::Member* fallback = member_.value->find("default");
    if (!fallback) return;
    if (input_.type == ValueType::secret)
      return problems_.error(*fallback, "a secret has no default: it would stand in this file",
                             fmt::format("give it as {} in the environment", environment_name(input_)));
    const NodePtr& node = fallback->value;
    if (node->kind == Node::Kind::null)
      return problems_.error(*fallback, "`default` has no value",
                             fmt::format("leave it out, or for an empty one write `default: {}`", empty_value()));
    const std::size_t problems_before = problems_.found().size();
    const Site site = asked_.site.at("default");
    if (has_members(input_.type)) {
      input_.fallback = load_tree(node, site, input_.scalars(), loading_);
    } else if (std::optional<PlacedTemplate> text = read_template(node, site, loading_)) {
      input_.fallback = ParamTree{*std::move(text)};
    }
    const bool is_constant = input_.fallback && !has_expressions(*input_.fallback);
    if (is_constant && problems_.found().size() == problems_before) checked(*node, "default");
  }

  std::string_view empty_value() const {
    if (!has_members(input_.type)) return "\"\"";
    return input_.type == ValueType::list ? "[]" : "{}";
  }

  static bool has_expressions(const ParamTree& tree) {
    if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.has_expressions();
    if (const auto* items = std::get_if<std::vector<ParamTree>>(&tree.data))
      return std::any_of(items->begin(), items->end(), has_expressions);
    const auto* members = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data);
    return members &&
           std::any_of(members->begin(), members->end(), [](const auto& each) { return has_expressions(each.second); });
  }

  void load_example() {
    const Node* example = find("example");
    if (!example) return;
    if (!has_members(input_.type) && !expect(Node::Kind::scalar, *example, "example", problems_)) return;
    if (const std::optional<Value> value = checked(*example, "example"))
      input_.example = has_members(input_.type) ? *value : Value(example->text);
  }

  // What the file itself gives must be what it asks of others.
  std::optional<Value> checked(const Node& node, std::string_view key) {
    std::string why;
    std::optional<Value> value = convert(input_.type, node, why, input_.scalars());
    if (!value) problems_.error(node, fmt::format("`{}`: {}", key, why));
    else if (why = why_not_taken(input_, *value); !why.empty()) problems_.error(node, std::move(why));
    return value;
  }

  const Node::Member& member_;
  const Asked& asked_;
  Loading& loading_;
  Problems& problems_;
  Fields fields_;
  Input input_;
};

}  // namespace

void load_inputs(const Node& map, Loading& loading, std::vector<Input>& into) {
  if (!expect(Node::Kind::map, map, "inputs", loading.problems, "write `inputs: {name: {}}`")) return;
  for (const Node::Member& member : map.members) {
    Asked asked{keys::input, "an input", {}};
    asked.site.inputs = into.size();
    asked.site.vars = 0;
    into.push_back(InputLoader(member, asked, loading).load());
  }
}

void load_collected(const Node& map, const Site& site, Loading& loading, std::vector<Input>& into) {
  if (!expect(Node::Kind::map, map, "collect", loading.problems, "write `collect: {name: {}}`")) return;
  const Asked asked{keys::collected, "a value to collect", site};
  for (const Node::Member& member : map.members) {
    into.push_back(InputLoader(member, asked, loading).load());
    if (member.key == "state")
      loading.problems.error(member, "no value to collect can have the name `state`: it is the state of the step");
  }
}

void load_vars(const Node& map, Loading& loading, std::vector<std::pair<std::string, PlacedTemplate>>& into) {
  if (!expect(Node::Kind::map, map, "vars", loading.problems, "write `vars: {name: value}`")) return;
  for (const Node::Member& member : map.members) {
    expect_name(member.key, member.key_place, "a var", loading.problems);
    Site site;
    site.key = "vars";
    site.vars = into.size();
    std::optional<PlacedTemplate> value = read_template(member.value, site, loading);
    into.emplace_back(member.key, value ? *std::move(value) : PlacedTemplate{{}, member.key_place});
  }
}

}  // namespace runbook
