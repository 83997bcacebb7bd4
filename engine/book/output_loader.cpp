#include "book/output_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "book/key_docs.h"
#include "book/param_check.h"

namespace runbook {
namespace {

constexpr ValueType types[] = {ValueType::text, ValueType::integer, ValueType::number, ValueType::boolean};

void load_command(OutputRule& rule, const Node::Member& command, const Site& site, Loading& loading) {
  const char* hint = "write `command: [program, argument]`; it prints the secret";
  if (!expect(Node::Kind::list, *command.value, command.key, loading.problems, hint)) return;
  if (command.value->items.empty()) loading.problems.error(*command.value, "`command` is empty", hint);
  for (const NodePtr& item : command.value->items) {
    if (std::optional<PlacedTemplate> word = read_template(item, site, loading)) rule.kept_by.push_back(*std::move(word));
  }
}

void load_keep(OutputRule& rule, const Node::Member& keep, const Site& site, Loading& loading) {
  const char* hint = "write `keep: {file: path}` or `keep: {command: [program, argument]}`";
  if (!expect(Node::Kind::map, *keep.value, keep.key, loading.problems, hint)) return;
  check_keys(*keep.value, keys::keep, loading.problems);
  Site inside = site.at(keep.key);
  inside.has_result = false;
  inside.wants_text = true;
  const Node::Member* file = keep.value->find("file");
  const Node::Member* command = keep.value->find("command");
  if (!file == !command) return loading.problems.error(keep, "a secret is kept in one place", hint);
  if (command) return load_command(rule, *command, inside, loading);
  if (!expect(Node::Kind::scalar, *file->value, "file", loading.problems, hint)) return;
  if (file->value->text.empty()) loading.problems.error(*file->value, "`file` is empty", hint);
  rule.kept_in = read_template(file->value, inside, loading);
}

// What a secret output can't be, or what only one can be.
void check_secret(const OutputRule& rule, const Node& map, OutputsOf whose, Loading& loading) {
  const Node::Member* secret = map.find("secret");
  const Node::Member* keep = map.find("keep");
  if (keep && !rule.is_secret)
    loading.problems.error(*keep, "only a secret is kept; other outputs stand in the journal",
                           "add `secret: true`, or leave out `keep`");
  if (!rule.is_secret) return;
  if (whose == OutputsOf::probe)
    return loading.problems.error(*secret, "what a probe sees can't be secret: it is recorded",
                                  "take it as an output of a step");
  if (rule.is_lines || rule.type != ValueType::text)
    loading.problems.error(*secret, "a secret output is one text", "leave out `lines` and `type`");
}

void load_rule(OutputRule& rule, const Node& map, OutputsOf whose, const Site& site, Loading& loading) {
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
  fields.boolean("secret", rule.is_secret);
  if (const Node::Member* keep = map.find("keep")) load_keep(rule, *keep, site, loading);
  check_secret(rule, map, whose, loading);
}

bool gives_secret(const OutputRule& rule, const Declaration& type, const Value& params) {
  if (!rule.value) return false;
  const auto paths = rule.value->expression.result_paths();
  return std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return type.is_sensitive(params, path); });
}

}  // namespace

void mark_sensitive(std::vector<OutputRule>& rules, const Declaration& type, const ParamTree& params, OutputsOf whose,
                    Loading& loading) {
  if (!type.is_sensitive) return;
  const Value written = as_written(params);
  for (OutputRule& rule : rules) {
    if (rule.is_secret || !gives_secret(rule, type, written)) continue;
    if (whose == OutputsOf::probe || rule.is_lines || rule.type != ValueType::text)
      loading.problems.error(rule.place, length_of(rule.name),
                             fmt::format("`{}` gives what the service marks as secret", rule.name),
                             whose == OutputsOf::probe ? "take it as an output of a step"
                                                       : "a secret output is one text: leave out `lines` and `type`");
    rule.is_secret = true;
  }
}

std::vector<OutputRule> load_outputs(const Node::Member& outputs, OutputsOf whose, const Site& site, Loading& loading) {
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
    else if (member.value->kind == Node::Kind::map) load_rule(rule, *member.value, whose, inside, loading);
    else
      expect(Node::Kind::scalar, *member.value, member.key, loading.problems,
             fmt::format("an expression, or `{}: {{}}` for what the step writes to $RUNBOOK_OUTPUT", member.key));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace runbook
