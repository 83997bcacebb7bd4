#include "run/before.h"

namespace runbook {

namespace {

// nullptr: it is no undo.
const Step* undone_by(const Runbook& runbook, const Step& step) {
  constexpr std::string_view undo = ":undo";
  return step.id.ends_with(undo) ? runbook.find(std::string_view(step.id).substr(0, step.id.size() - undo.size())) : nullptr;
}

}  // namespace

Value before_value(const Step& step, const InstanceState& it, const LiveStep& live, StoredValues& values) {
  const bool is_recorded = it.attempts > 0 || step.kind == Step::Kind::manual;
  if (is_recorded && !it.before.empty()) return values.get(it.before);
  Value outputs = live.before && live.before->outputs.is_map() ? live.before->outputs : Value(Map{});
  if (!step.before) return outputs;
  for (const auto& rule : step.before->outputs) {
    if (!outputs.find(rule.name)) outputs = with(outputs, rule.name, Value());
  }
  return outputs;
}

RunScope scope_with_before(const RunFacts& facts, const RunState& state, const Live& live, StoredValues& values,
                           const Instance& step) {
  const RunScope scope(facts, state, values, step.frame);
  const Frame* included = included_around(step.frame.get());
  const Step* undone = undone_by(included ? *included->runbook : *facts.runbook, *step);
  const Instance whose = undone ? Instance(*undone, step.frame) : step;
  const std::string& first = state.of(whose.id).before_first;
  if (undone && whose->before && !first.empty()) return scope.with_before(values.get(first));
  return whose->before ? scope.with_before(before_value(*whose, state.of(whose.id), live.of(whose.id), values)) : scope;
}

}  // namespace runbook
