#include "run/recovery.h"

#include "base/error.h"
#include "run/questions.h"

namespace runbook {

namespace {

bool is_end_unknown(const InstanceState& it) { return it.is_open && it.state == StepState::running && !it.has_exited; }

Launch taken_up(const RunFacts& facts, const Step& step, const InstanceState& it) {
  auto request = std::make_shared<Request>();
  request->type = step.type;
  request->secrets = facts.secret_values();
  request->keeps_result = step.needs_result();
  request->hides_output = step.gives_secrets();
  Launch launch;
  launch.instance = step.id;
  launch.n = it.attempt;
  launch.takes_up = true;
  launch.request = std::move(request);
  return launch;
}

Proposal renewed(const Step& step, const std::string& who) {
  return Proposal(event::renewed, step.id, object({{"how", "resume"}, {"who", who}, {"because", "the run was resumed"}}));
}

}  // namespace

Recovery recover(const RunFacts& facts, const RunState& state, const std::string& who, Purpose purpose) {
  Recovery recovery;
  for (const Step* step : facts.runbook->steps) {
    const InstanceState& it = state.of(step->id);
    if (is_end_unknown(it)) recovery.taken_up.push_back(taken_up(facts, *step, it));
    if (purpose == Purpose::cancel) continue;
    bool has_failed = it.state == StepState::failed || it.state == StepState::cancelled;
    if (has_failed) recovery.events.push_back(renewed(*step, who));
    const Question* question = state.open_question(step->id);
    if (!question || question->about != "overdue") continue;
    Answer wait{question->id, "wait", who, "the run was resumed", 0, Value()};
    for (auto& proposal : answer(state, *question, wait)) recovery.events.push_back(std::move(proposal));
  }
  return recovery;
}

std::vector<std::int64_t> open_attempts(const RunState& state) {
  std::vector<std::int64_t> open;
  for (const auto& [instance, it] : state.instances) {
    if (is_end_unknown(it)) open.push_back(it.attempt);
  }
  return open;
}

}  // namespace runbook
