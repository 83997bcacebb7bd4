#include "book/environment_loader.h"

#include <fmt/format.h>

#include <unordered_map>

#include "book/keys.h"
#include "book/names.h"
#include "book/yaml_value.h"

namespace runbook {
namespace {

bool check_name(const Node::Member& member, Problems& problems) {
  if (member.key.empty()) problems.error(member.key_place, 1, "a variable needs a name");
  else if (!is_environment_name(member.key))
    problems.error(member,
                   fmt::format("`{}` can't be the name of a variable: names are letters, digits and _, and begin with no digit",
                               member.key));
  else if (member.key.starts_with("RUNBOOK_"))
    problems.error(member, fmt::format("`{}`: names that begin with RUNBOOK_ are the engine's own", member.key),
                   "take another name");
  else return true;
  return false;
}

// `- NAME=value`, as other tools have it.
std::string how_to_write(const Node& node) {
  std::string inside;
  for (const NodePtr& item : node.items) {
    const std::size_t equals = item->text.find('=');
    if (item->kind != Node::Kind::scalar || equals == std::string::npos) return "write `env: {NAME: value}`";
    inside += fmt::format("{}{}: {}", inside.empty() ? "" : ", ", item->text.substr(0, equals),
                          flow_text(item->text.substr(equals + 1)));
  }
  return fmt::format("write `env: {{{}}}`", inside.empty() ? "NAME: value" : inside);
}

}  // namespace

void load_environment(const Node& map, const Site& site, Loading& loading, std::vector<EnvEntry>& into) {
  if (!expect(Node::Kind::map, map, "env", loading.problems, how_to_write(map))) return;
  Site inside = site.at("env");
  inside.takes_secrets = true;
  inside.wants_text = true;
  std::unordered_map<std::string, std::size_t> inherited;  // their positions; the names of one map are unique
  for (const EnvEntry& entry : into) inherited.emplace(entry.name, inherited.size());
  for (const Node::Member& member : map.members) {
    const bool has_name = check_name(member, loading.problems);
    if (member.value->kind == Node::Kind::null) {
      loading.problems.error(member, fmt::format("`{}` has no value", member.key),
                             fmt::format("for an empty one write `{}: \"\"`", member.key));
      continue;
    }
    std::optional<PlacedTemplate> value = read_template(member.value, inside, loading);
    if (!value || !has_name) continue;
    const auto same = inherited.find(member.key);
    if (same == inherited.end()) into.push_back({member.key, *std::move(value)});
    else into[same->second].value = *std::move(value);
  }
}

}  // namespace runbook
