#include "cli/live_plan.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/json.h"
#include "cli/inherited_environment.h"
#include "plugins/all.h"

namespace runbook {

namespace {

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "runbook-plan-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw_system(ExitCode::usage, "making a folder like " + name, errno);
  return name;
}

// One of each name: a program takes the first that it finds, and what comes later counts.
void set_all(const std::vector<std::string>& entries, std::vector<std::string>& env) {
  for (const std::string& entry : entries) {
    const std::string beginning = entry.substr(0, entry.find('=') + 1);
    std::erase_if(env, [&](const std::string& known) { return known.starts_with(beginning); });
    env.push_back(entry);
  }
}

}  // namespace

// The types get no runner: nothing can be run by them.
LivePlan::LivePlan(const RunFacts& facts)
    : facts_(facts),
      environment_(inherited_environment(*facts.runbook)),
      folder_(make_folder()),
      types_(all_step_types(nullptr)),
      target_types_(all_target_types()) {}

LivePlan::~LivePlan() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

LivePlan::Seen LivePlan::look_at(const PlannedTarget& target) const {
  const Value row = object({{"target", target.name}});
  if (!target.params) return {with(row, "unknown", target.unknown), {}, {}};
  const auto type = std::find_if(target_types_.begin(), target_types_.end(),
                                 [&](const auto& one) { return one->declaration().name == target.type; });
  RUNBOOK_ASSERT(type != target_types_.end());
  TargetSight sight;
  try {
    sight = (*type)->look({*target.params, facts_.dir, environment_, {}, {}, folder_.string()});
  } catch (const std::exception& error) {
    sight.why = error.what();
  }
  if (sight.identity.is_null())
    return {with(row, "why_not", sight.why.empty() ? "it can't be seen what stands here" : sight.why), {}, {}};
  const std::string why_not = (*type)->why_not(*target.params, sight.identity);
  if (!why_not.empty()) return {with(row, "why_not", why_not), {}, {}};
  Seen seen{with(row, "sees", (*type)->describe(sight.identity)), {}, sight.secrets};
  auto variables = (*type)->environment(*target.params, sight.identity);
  variables.insert(variables.end(), sight.environment.begin(), sight.environment.end());
  for (const auto& [name, value] : variables) seen.env.push_back(name + "=" + value);
  return seen;
}

const LivePlan::Seen& LivePlan::look(const PlannedTarget& target) {
  const std::string key = target.name + " " + (target.params ? to_json(*target.params) : "");
  const auto known = seen_.find(key);
  return known != seen_.end() ? known->second : seen_.emplace(key, look_at(target)).first->second;
}

std::vector<Value> LivePlan::targets_of(const PlannedStep& planned) {
  std::vector<Value> rows;
  for (const PlannedTarget& target : planned.targets) rows.push_back(look(target).row);
  return rows;
}

std::optional<Preview> LivePlan::preview(const PlannedStep& planned) {
  const auto type = std::find_if(types_.begin(), types_.end(),
                                 [&](const auto& one) { return one->declaration().name == planned.step->type; });
  if (type == types_.end() || planned.step->kind != Step::Kind::act) return std::nullopt;
  if (!planned.known_params) return std::nullopt;
  StepContext context;
  context.params = *planned.known_params;
  context.dir = planned.dir;
  context.env = environment_;
  set_all(planned.known_env, context.env);
  for (const PlannedTarget& target : planned.targets) {
    const Seen& seen = look(target);
    const std::string why_not = seen.row.text_or("why_not", seen.row.text_or("unknown", ""));
    if (!why_not.empty()) return Preview{"", fmt::format("its target {}: {}", target.name, why_not)};
    set_all(seen.env, context.env);
    context.secrets.insert(context.secrets.end(), seen.secrets.begin(), seen.secrets.end());
  }
  return (*type)->preview(context);
}

}  // namespace runbook
