#include "book/input_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/pattern.h"
#include "book/inputs.h"
#include "book/keys.h"

namespace runbook {
namespace {

const std::vector<std::string> type_names = {"string", "int", "number", "bool", "path", "secret"};
constexpr ValueType types[] = {ValueType::text,    ValueType::integer, ValueType::number,
                               ValueType::boolean, ValueType::path,    ValueType::secret};
const std::vector<std::string> later_type_names = {"list", "map", "duration"};

class InputLoader {
 public:
  InputLoader(const Node::Member& member, std::size_t position, Loading& loading)
      : member_(member), loading_(loading), problems_(loading.problems), fields_(*member.value, loading.problems) {
    site_.inputs = position;
    site_.vars = 0;
  }

  Input load() {
    input_.name = member_.key;
    input_.place = member_.key_place;
    expect_name(member_.key, member_.key_place, "an input", problems_);
    if (!expect(Node::Kind::map, *member_.value, member_.key, problems_,
                fmt::format("write `{}: {{}}` for any text, or its default as `{{default: ...}}`", member_.key)))
      return input_;
    check_keys(*member_.value, keys::input, problems_);
    load_type();
    fields_.note("description", input_.description);
    fields_.pattern("pattern", input_.pattern);
    load_default();
    load_example();
    return input_;
  }

 private:
  const Node* find(std::string_view key) const {
    const Node::Member* found = member_.value->find(key);
    return found ? found->value.get() : nullptr;
  }

  void load_type() {
    const Node* type = find("type");
    if (type && std::find(later_type_names.begin(), later_type_names.end(), type->text) != later_type_names.end()) {
      problems_.error(*type, fmt::format("inputs of type `{}` are not supported by this version", type->text));
      return;
    }
    if (const std::optional<std::size_t> position = fields_.choice("type", type_names)) input_.type = types[*position];
  }

  void load_default() {
    const Node::Member* fallback = member_.value->find("default");
    if (!fallback) return;
    if (input_.type == ValueType::secret)
      return problems_.error(*fallback, "a secret has no default: it would stand in this file",
                             fmt::format("give it as {} in the environment", environment_name(input_)));
    input_.fallback = read_template(fallback->value, site_.at("default"), loading_);
    if (input_.fallback && !input_.fallback->text.has_expressions()) check_value(*fallback->value, "default");
  }

  void load_example() {
    const Node* example = find("example");
    if (!example || !expect(Node::Kind::scalar, *example, "example", problems_)) return;
    input_.example = example->text;
    check_value(*example, "example");
  }

  // What the file itself gives must be what it asks of others.
  void check_value(const Node& node, std::string_view key) {
    std::string why;
    if (!convert(input_.type, node.text, why)) problems_.error(node, fmt::format("`{}`: {}", key, why));
    else if (!input_.pattern.empty() && !Pattern::parse(input_.pattern, why)->matches(node.text))
      problems_.error(node, fmt::format("`{}` does not match the pattern `{}`", node.text, input_.pattern));
  }

  const Node::Member& member_;
  Loading& loading_;
  Problems& problems_;
  Fields fields_;
  Site site_;
  Input input_;
};

}  // namespace

void load_inputs(const Node& map, Loading& loading, std::vector<Input>& into) {
  if (!expect(Node::Kind::map, map, "inputs", loading.problems, "write `inputs: {name: {}}`")) return;
  for (const Node::Member& member : map.members) into.push_back(InputLoader(member, into.size(), loading).load());
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
