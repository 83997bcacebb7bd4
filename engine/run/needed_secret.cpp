#include "run/needed_secret.h"

#include <algorithm>

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

}  // namespace runbook
