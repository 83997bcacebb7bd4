#include "run/step_record.h"

#include <algorithm>

namespace runbook {

namespace {

int weight_of(StepState state) {
  switch (state) {
    case StepState::in_doubt: return 9;
    case StepState::running: return 8;
    case StepState::succeeded: return 7;
    case StepState::satisfied: return 6;
    case StepState::waiting: return 5;
    case StepState::failed: return 4;
    case StepState::cancelled: return 3;
    case StepState::skipped: return 2;
    case StepState::undone: return 1;
    case StepState::pending: break;
  }
  return 0;
}

// "pay[a]", "pay:undo[a]" and "pay[a]/apply[b]" are all made of `pay`.
std::string step_of(const std::string& instance) { return instance.substr(0, instance.find_first_of("[/:")); }

void add(StepRecord& record, const std::string& name, const InstanceState& it) {
  const bool is_open = it.is_open || it.state == StepState::running || it.state == StepState::in_doubt;
  record.instances.push_back(name);
  record.has_begun = record.has_begun || has_begun(it.state);
  record.was_touched = record.was_touched || is_done(it.state) || is_open || it.acted_seq > 0;
  const StepState state = it.is_open && it.state != StepState::in_doubt ? StepState::running : it.state;
  const bool is_first = record.weightiest.empty();
  if (!is_first && weight_of(state) <= weight_of(record.state)) return;
  record.weightiest = name;
  record.state = state;
  record.is_open = it.is_open || state == StepState::running;
}

}  // namespace

bool has_begun(StepState state) {
  return is_done(state) || state == StepState::running || state == StepState::in_doubt || state == StepState::waiting;
}

StepRecords::StepRecords(const RunState& state) {
  std::vector<std::string> names;
  for (const auto& [name, it] : state.instances) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) add(by_step_[step_of(name)], name, state.of(name));
}

const StepRecord& StepRecords::of(const std::string& id) const {
  static const StepRecord none;
  const auto found = by_step_.find(id);
  return found == by_step_.end() ? none : found->second;
}

}  // namespace runbook
