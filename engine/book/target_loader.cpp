#include "book/target_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"
#include "book/keys.h"
#include "book/params_loader.h"

namespace runbook {
namespace {

constexpr const char* form = "write `targets: {name: {git: .}}`";

// All members but one.
NodePtr without(const Node& map, std::string_view key) {
  auto rest = std::make_shared<Node>();
  rest->place = map.place;
  rest->kind = Node::Kind::map;
  for (const Node::Member& member : map.members)
    if (member.key != key) rest->members.push_back(member);
  return rest;
}

std::vector<std::string> target_types(const Declarations& types) {
  std::vector<std::string> names;
  for (const Declaration& each : types)
    if (each.of == Declaration::Of::target) names.push_back(each.name);
  return names;
}

void report_type(const Node::Member& row, Loading& loading) {
  const std::vector<std::string>& later = later_target_types();
  if (std::find(later.begin(), later.end(), row.key) != later.end()) return report_unsupported(row, loading.problems);
  loading.problems.error(row, fmt::format("there is no target type `{}`", row.key),
                         suggestion(row.key, target_types(loading.types)));
}

std::optional<TargetRow> load_row(const Node::Member& member, Loading& loading) {
  const Declaration* type = find_target_type(loading.types, member.key);
  if (!type) return report_type(member, loading), std::nullopt;
  Site site;
  site.key = member.key;
  site.sees_steps = false;
  TargetRow row;
  row.type = member.key;
  row.place = member.key_place;
  const Node::Member* from = member.value->kind == Node::Kind::map ? member.value->find("from") : nullptr;
  if (from && expect(Node::Kind::scalar, *from->value, "from", loading.problems, "write `from: <id of a step>`"))
    row.from = from->value->text;
  const Node::Member params = {member.key, member.key_place, from ? without(*member.value, "from") : member.value};
  row.params = load_params(params, *type, nullptr, site, loading);
  return row;
}

}  // namespace

void load_targets(const Node& map, Loading& loading, std::vector<Target>& into) {
  if (!expect(Node::Kind::map, map, "targets", loading.problems, form)) return;
  for (const Node::Member& member : map.members) {
    expect_name(member.key, member.key_place, "a target", loading.problems);
    Target target;
    target.name = member.key;
    target.place = member.key_place;
    if (expect(Node::Kind::map, *member.value, member.key, loading.problems, form)) {
      if (member.value->members.empty())
        loading.problems.error(*member.value, fmt::format("the target `{}` is empty", member.key), form);
      for (const Node::Member& row : member.value->members)
        if (std::optional<TargetRow> loaded = load_row(row, loading)) target.rows.push_back(*std::move(loaded));
    }
    into.push_back(std::move(target));
  }
}

namespace {

std::vector<std::string> types_needed(const Step& step, const Declarations& types) {
  std::vector<std::string> used;
  if (step.kind == Step::Kind::act) used.push_back(step.type);
  for (const ProbePtr& probe : {step.before, step.done_when, step.verify, step.probe})
    if (probe) used.push_back(probe->type);
  std::vector<std::string> needed;
  for (const std::string& type : used) {
    const Declaration* declaration = find_declaration(types, type);
    const std::string target = declaration ? declaration->needs_target : "";
    if (!target.empty() && std::find(needed.begin(), needed.end(), target) == needed.end()) needed.push_back(target);
  }
  return needed;
}

// What `env:` must not set, since the target does.
void check_environment(const Step& step, const std::string& type, const std::string& by, Loading& loading) {
  const Declaration* declaration = find_target_type(loading.types, type);
  if (!declaration) return;
  for (const EnvEntry& entry : step.env) {
    if (std::find(declaration->sets.begin(), declaration->sets.end(), entry.name) == declaration->sets.end()) continue;
    const std::string message = fmt::format("`{}` is set by {}, so that no step works on another one", entry.name, by);
    loading.problems.error(entry.value.place, length_of(entry.value.text.text()), message,
                           fmt::format("say it in the target: `targets: {{main: {{{}: ...}}}}`", type));
  }
}

}  // namespace

void load_needed_targets(Step& step, Loading& loading) {
  const Target* target = loading.runbook.find_target(step.target);
  const auto has = [&](const std::string& type) {
    return target &&
           std::any_of(target->rows.begin(), target->rows.end(), [&](const TargetRow& row) { return row.type == type; });
  };
  for (const std::string& type : types_needed(step, loading.types))
    if (!has(type)) step.needed_targets.push_back(type);
  for (const TargetRow& row : target ? target->rows : std::vector<TargetRow>())
    check_environment(step, row.type, fmt::format("the target `{}`", target->name), loading);
  for (const std::string& type : step.needed_targets)
    check_environment(step, type, "what the run pins when it first needs it", loading);
}

void warn_of_unnamed_targets(const Runbook& runbook, Problems& problems) {
  for (const Step* step : runbook.steps) {
    const Step* bare = !step->needed_targets.empty()                       ? step
                       : step->undo && !step->undo->needed_targets.empty() ? step
                                                                           : nullptr;
    if (!bare) continue;
    const std::string& type = (bare->needed_targets.empty() ? *bare->undo : *bare).needed_targets.front();
    return problems.warning(
        bare->place, 1,
        fmt::format("`{}` has no target of type `{}`: what is current when the run first needs it is pinned", bare->id, type),
        fmt::format("declare it at the head: `targets: {{main: {{{}: NAME}}}}` and `target: main`", type));
  }
}

void check_makers(const Node& targets, const Runbook& runbook, Problems& problems) {
  for (const Node::Member& target : targets.members) {
    for (const Node::Member& row : target.value->members) {
      const Node::Member* from = row.value->kind == Node::Kind::map ? row.value->find("from") : nullptr;
      if (!from || from->value->kind != Node::Kind::scalar) continue;
      const Step* step = runbook.find(from->value->text);
      std::vector<std::string> names;
      if (!step)
        for (const Step* each : runbook.steps) names.push_back(each->id);
      if (!step)
        problems.error(*from->value, fmt::format("there is no step `{}`", from->value->text),
                       suggestion(from->value->text, names));
      else if (!step->loops.empty() || step->kind == Step::Kind::watch)
        problems.error(*from->value, fmt::format("step `{}` can't be what makes a target: it runs more than once", step->id),
                       "name a step that runs once, outside of loops");
    }
  }
}

void load_target(const Node& map, Loading& loading, std::string& into) {
  const Node::Member* member = map.find("target");
  std::string name;
  Fields(map, loading.problems).text("target", name);
  if (!member || member->value->kind != Node::Kind::scalar) return;
  if (loading.runbook.find_target(name)) {
    into = name;
    return;
  }
  std::vector<std::string> names;
  for (const Target& target : loading.runbook.targets) names.push_back(target.name);
  loading.problems.error(
      *member->value, fmt::format("there is no target `{}`", name),
      names.empty() ? fmt::format("declare it at the head: `targets: {{{}: {{git: .}}}}`", name) : suggestion(name, names));
}

}  // namespace runbook
