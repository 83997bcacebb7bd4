#include "run/needed_secret.h"

#include <algorithm>

#include "run/frontier.h"

namespace runbook {

namespace {

bool has_lost_one(const RunFacts& facts, const Instance& giver) {
  return std::any_of(giver->outputs.begin(), giver->outputs.end(), [&](const OutputRule& output) {
    return output.is_secret && !facts.secret_outputs->find(giver.id, output.name);
  });
}

bool takes_from(const Instance& step, const Instance& giver) {
  const std::vector<Reference> references = step->references_to_values();
  return std::any_of(references.begin(), references.end(), [&](const Reference& reference) {
    if (reference.root != "steps" || reference.path.empty() || reference.path[0] != giver->id) return false;
    return Instance(*giver, outer_loops(step.frame, giver->loops.size())).id == giver.id;
  });
}

}  // namespace

bool is_waited_for(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& giver) {
  if (is_done(state.of(giver.id).state) || !has_lost_one(facts, giver)) return false;
  const Instances instances(facts, state, values);
  return std::any_of(state.instances.begin(), state.instances.end(), [&](const auto& each) {
    const auto& [name, it] = each;
    if (it.state != StepState::running || !it.has_exited) return false;
    const auto ran = instances.find(name);
    return ran && takes_from(*ran, giver);
  });
}

bool is_secret_to_come(const RunFacts& facts, const RunState& state, StoredValues& values, const Instance& step) {
  const std::vector<Instance> all = Instances(facts, state, values).all();
  return std::any_of(all.begin(), all.end(), [&](const Instance& giver) {
    const StepState is = state.of(giver.id).state;
    const bool is_to_come = is == StepState::pending || is == StepState::waiting || is == StepState::running;
    return is_to_come && has_lost_one(facts, giver) && takes_from(step, giver) && !given_up_around(facts, state, giver);
  });
}

}  // namespace runbook
