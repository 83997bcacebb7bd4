#include "run/before.h"

namespace runbook {

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

}  // namespace runbook
