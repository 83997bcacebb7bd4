#include "book/requirement_loader.h"

#include <fmt/format.h>

#include "book/fields.h"
#include "book/keys.h"

namespace runbook {
namespace {

constexpr const char* how_to_write_a_range = "write `\"1.9.0\"`, `\">=1.10\"`, `\">=1.10, <2\"`, or `\"*\"` for any";

std::optional<VersionRange> read_range(const Node& node, std::string_view key, Problems& problems) {
  if (!expect(Node::Kind::scalar, node, key, problems, how_to_write_a_range)) return std::nullopt;
  std::string why;
  std::optional<VersionRange> range = VersionRange::parse(node.text, why);
  if (!range) problems.error(node, fmt::format("`{}`: {}", key, why), how_to_write_a_range);
  return range;
}

void check_engine_version(const Node& node, Problems& problems) {
  const std::optional<VersionRange> wanted = read_range(node, "runbook_version", problems);
  if (!wanted || wanted->fit(*parse_version(RUNBOOK_VERSION)) == VersionRange::Fit::fits) return;
  problems.error(node,
                 fmt::format("this runbook wants version {} of the engine, and this is {}", wanted->text(), RUNBOOK_VERSION),
                 "run it with an engine that fits, or change `runbook_version`");
}

bool is_tool(const Node::Member& member, Problems& problems) {
  if (!member.key.empty() && member.key.find_first_of("/ \t") == std::string::npos) return true;
  problems.error(member, fmt::format("`{}` can't be the name of a tool", member.key), "write its name as it is found in PATH");
  return false;
}

void load_tools(const Node& map, Problems& problems, std::vector<ToolRequirement>& into) {
  if (!expect(Node::Kind::map, map, "tools", problems, "write `tools: {name: \">=1.0\"}`, or `{name: \"*\"}` for any version"))
    return;
  for (const Node::Member& member : map.members) {
    std::optional<VersionRange> wanted = read_range(*member.value, member.key, problems);
    if (is_tool(member, problems) && wanted) into.push_back({member.key, *std::move(wanted)});
  }
}

void load_tested_with(const Node& map, Problems& problems, std::vector<TestedTool>& into) {
  if (!expect(Node::Kind::map, map, "tested_with", problems, "write `tested_with: {name: \"1.9.0\"}`")) return;
  for (const Node::Member& member : map.members) {
    if (!is_tool(member, problems) || !expect(Node::Kind::scalar, *member.value, member.key, problems)) continue;
    if (std::optional<Version> version = parse_version(member.value->text)) into.push_back({member.key, *std::move(version)});
    else
      problems.error(*member.value, fmt::format("`{}`: `{}` is no version", member.key, member.value->text),
                     "a test was with one version; bounds stand under `requires: {tools: {...}}`");
  }
}

std::optional<Constraint> load_constraint(const Node& map, Loading& loading) {
  Problems& problems = loading.problems;
  if (!expect(Node::Kind::map, map, "constraints", problems, "write `- {that: ..., because: ...}`")) return std::nullopt;
  const std::size_t before = problems.found().size();
  check_keys(map, keys::constraint, problems);
  for (const char* key : {"that", "because"}) {
    if (!map.find(key) && problems.found().size() == before)
      problems.error(map.place, 1, fmt::format("a constraint lacks `{}`", key), "write `- {that: ..., because: ...}`");
  }
  Constraint constraint;
  Fields(map, problems).note("because", constraint.because);
  const Node::Member* that = map.find("that");
  if (!that) return std::nullopt;
  Site site;
  site.key = "that";
  site.sees_run = false;
  std::optional<PlacedExpression> expression = read_expression(that->value, site, loading);
  if (!expression) return std::nullopt;
  constraint.that = *std::move(expression);
  return constraint;
}

}  // namespace

void load_requirements(const Node& root, Problems& problems, Runbook& into) {
  if (const Node::Member* version = root.find("runbook_version")) check_engine_version(*version->value, problems);
  if (const Node::Member* tested = root.find("tested_with")) load_tested_with(*tested->value, problems, into.tested_with);
  const Node::Member* wanted = root.find("requires");
  if (!wanted || !expect(Node::Kind::map, *wanted->value, "requires", problems, "write `requires: {tools: {name: \">=1.0\"}}`"))
    return;
  for (const Node::Member& member : wanted->value->members) {
    const bool is_tool = member.key != "tools" && member.value->kind == Node::Kind::scalar;
    if (is_tool)
      problems.error(
          member, fmt::format("unknown key `{}`", member.key),
          fmt::format("if it is a tool, write `requires: {{tools: {{{}: \"{}\"}}}}`", member.key, member.value->text));
    else check_key(member, keys::requirements, problems);
  }
  if (const Node::Member* tools = wanted->value->find("tools")) load_tools(*tools->value, problems, into.tools);
}

void load_constraints(const Node& list, Loading& loading, std::vector<Constraint>& into) {
  if (!expect(Node::Kind::list, list, "constraints", loading.problems, "write `constraints: [{that: ..., because: ...}]`"))
    return;
  for (const NodePtr& item : list.items) {
    if (std::optional<Constraint> constraint = load_constraint(*item, loading)) into.push_back(*std::move(constraint));
  }
}

}  // namespace runbook
