#include "book/given_value.h"

#include "base/json.h"
#include "book/yaml_reader.h"

namespace runbook {

std::optional<Value> constant_of(const Node& scalar) {
  if (scalar.kind == Node::Kind::null) return Value();
  if (scalar.quoted) return std::nullopt;
  const std::string& text = scalar.text;
  if (text == "true" || text == "false") return Value(text == "true");
  const bool begins_number = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  if (!begins_number) return std::nullopt;
  std::optional<Value> number = try_parse_json(text);
  return number && number->is_number() ? number : std::nullopt;
}

Value given_value(const Node& node, Scalars scalars) {
  if (node.kind == Node::Kind::list) {
    List list;
    for (const NodePtr& item : node.items) list.push_back(given_value(*item, scalars));
    return list;
  }
  if (node.kind == Node::Kind::map) {
    Map map;
    for (const Node::Member& member : node.members) map.emplace_back(member.key, given_value(*member.value, scalars));
    return map;
  }
  if (scalars == Scalars::text && node.kind == Node::Kind::scalar) return Value(node.text);
  return constant_of(node).value_or(Value(node.text));
}

NodePtr parse_given(std::string_view text, std::string& why) {
  const SourceText source("", std::string(text));
  std::vector<Diagnostic> problems;
  NodePtr node = read_yaml(source, problems);
  const Diagnostic* error = first_error(problems);
  if (error) why = error->message;
  return error ? nullptr : node;
}

}  // namespace runbook
