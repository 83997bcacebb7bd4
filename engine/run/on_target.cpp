#include "run/on_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace runbook {

namespace {

const Target* target_of(const Turn& turn, const Instance& step) {
  const Frame* included = included_around(step.frame.get());
  return (included ? *included->runbook : *turn.facts.runbook).find_target(step->target);
}

// "main.host"; of an included runbook "cluster/main.host".
std::string key_of(const Instance& step, const Target& target, const TargetRow& row) {
  const Frame* included = included_around(step.frame.get());
  return fmt::format("{}{}.{}", included ? included->prefix : "", target.name, row.type);
}

// One that a step makes is not there before.
bool is_there(const Turn& turn, const Instance& step, const TargetRow& row) {
  if (row.from.empty()) return true;
  const Frame* included = included_around(step.frame.get());
  const Step* maker = (included ? *included->runbook : *turn.facts.runbook).find(row.from);
  return maker && is_done(turn.state.of(Instance(*maker, outer_loops(step.frame, maker->loops.size())).id).state);
}

// What was looked at without a pin has been compared with nothing.
bool is_too_old(const Turn& turn, const Value& seen) {
  const List rows = seen.is_list() ? seen.as_list() : List();
  return std::any_of(rows.begin(), rows.end(), [&](const Value& row) {
    const auto pinned = turn.state.targets.find(row.text_or("target", ""));
    return pinned != turn.state.targets.end() && !row.bool_or("was_pinned", true) &&
           !(row.get("identity") == pinned->second.identity);
  });
}

}  // namespace

std::optional<Launch> look_at_target(const Turn& turn, const Instance& step, const Scope& scope) {
  const Target* target = step->target.empty() ? nullptr : target_of(turn, step);
  auto request = std::make_shared<Request>();
  const auto ask = [&](const std::string& key, const std::string& type, Value params) {
    const auto pinned = turn.state.targets.find(key);
    request->targets.push_back(
        {key, type, std::move(params), pinned == turn.state.targets.end() ? Value() : pinned->second.identity});
  };
  for (const TargetRow& row : target ? target->rows : std::vector<TargetRow>())
    if (is_there(turn, step, row)) ask(key_of(step, *target, row), row.type, row.params.evaluate(scope));
  for (const std::string& type : step->needed_targets) ask(type, type, Value(Map()));
  if (request->targets.empty()) return std::nullopt;
  const Frame* included = included_around(step.frame.get());
  request->dir = included ? included->dir : turn.facts.dir;
  request->env = turn.facts.environment;
  Launch launch = turn.next_launch(Role::target, step);
  launch.request = std::move(request);
  return launch;
}

TargetJudgement judge_target(const Turn& turn, const Instance& step, const Value& seen) {
  TargetJudgement judgement;
  judgement.is_too_old = is_too_old(turn, seen);
  if (judgement.is_too_old) return judgement;
  judgement.needs_code_of = needed_code(seen);
  if (!judgement.needs_code_of.empty()) return judgement;
  for (const Value& row : seen.is_list() ? seen.as_list() : List()) {
    for (const char* reason : {"why", "why_not", "why_another"}) {
      const std::string why = row.text_or(reason, "");
      if (why.empty()) continue;
      const std::string target =
          row.text_or("target", "").find('.') == std::string::npos ? row.text_or("target", "") : step->target;
      judgement.why_not = fmt::format("`{}` must not run here: {} (target `{}`)", step.id, why, target);
      return judgement;
    }
    const std::string key = row.text_or("target", "");
    if (turn.state.targets.count(key)) continue;
    judgement.pins.emplace_back(event::pinned, "",
                                object({{"target", key}, {"identity", row.get("identity")}, {"text", row.get("text")}}));
  }
  return judgement;
}

std::string needed_code(const Value& seen) {
  for (const Value& row : seen.is_list() ? seen.as_list() : List())
    if (std::string device = row.text_or("needs_code_of", ""); !device.empty()) return device;
  return "";
}

Value target_environment(const Value& seen) {
  Map names;
  for (const Value& row : seen.is_list() ? seen.as_list() : List()) {
    const Value environment = row.get("environment");
    for (const auto& [name, value] : environment.is_map() ? environment.as_map() : Map()) names.emplace_back(name, value);
  }
  return Value(std::move(names));
}

std::vector<std::string> target_secrets(const Value& seen) {
  std::vector<std::string> secrets;
  for (const Value& row : seen.is_list() ? seen.as_list() : List())
    for (std::string& secret : texts_in(row.get("secrets"))) secrets.push_back(std::move(secret));
  return secrets;
}

}  // namespace runbook
