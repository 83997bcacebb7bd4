#include "book/output_loader.h"

#include <fmt/format.h>

#include "book/key_docs.h"

namespace runbook {
namespace {

constexpr ValueType types[] = {ValueType::text, ValueType::integer, ValueType::number, ValueType::boolean};

void load_rule(OutputRule& rule, const Node& map, const Site& site, Loading& loading) {
  check_keys(map, keys::output_rule, loading.problems);
  const Fields fields(map, loading.problems);
  if (const Node::Member* value = map.find("value")) rule.value = read_expression(value->value, site, loading);
  fields.pattern("regex", rule.regex);
  static const std::vector<std::string>& names = key_doc(keys::output_rule, "type").choices;
  if (const std::optional<std::size_t> type = fields.choice("type", names)) rule.type = types[*type];
  fields.boolean("lines", rule.is_lines);
  if (const Node::Member* type = map.find("type"); type && rule.is_lines && rule.type != ValueType::text)
    loading.problems.error(*type, "an output of lines is a list of texts, and can't be converted");
  const Node::Member* regex = map.find("regex");
  if (regex && map.find("value")) loading.problems.error(*regex, "an output has `value` or `regex`, not both");
}

}  // namespace

std::vector<OutputRule> load_outputs(const Node::Member& outputs, const Site& site, Loading& loading) {
  std::vector<OutputRule> rules;
  const Node& map = *outputs.value;
  if (!expect(Node::Kind::map, map, outputs.key, loading.problems, "write `outputs: {name: expression}`")) return rules;
  const Site inside = site.at(outputs.key).with_result();
  for (const Node::Member& member : map.members) {
    OutputRule rule;
    rule.name = member.key;
    rule.place = member.key_place;
    expect_name(member.key, member.key_place, "an output", loading.problems);
    if (member.key == "state")
      loading.problems.error(member, "no output can have the name `state`: it is the state of the step");
    if (member.value->kind == Node::Kind::scalar) rule.value = read_expression(member.value, inside, loading);
    else if (member.value->kind == Node::Kind::map) load_rule(rule, *member.value, inside, loading);
    else
      expect(Node::Kind::scalar, *member.value, member.key, loading.problems,
             fmt::format("an expression, or `{}: {{}}` for what the step writes to $RUNBOOK_OUTPUT", member.key));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace runbook
