#include "run/scope.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "book/value_scope.h"
#include "book/yaml_value.h"

namespace runbook {

std::vector<std::string> RunFacts::secret_values() const {
  std::vector<std::string> values;
  for (const auto& [name, value] : secrets) values.push_back(value);
  values.insert(values.end(), secret_outputs->all().begin(), secret_outputs->all().end());
  return values;
}

Value StoredValues::get(const std::string& digest) {
  if (digest.empty()) return {};
  auto found = cache_.find(digest);
  if (found != cache_.end()) return found->second;
  return cache_.emplace(digest, parse_json(reader_(digest))).first->second;
}

RunScope RunScope::with_before(Value before) const {
  RunScope scope = *this;
  scope.before_ = std::move(before);
  return scope;
}

namespace {

// The item of the loop whose variable this is.
const Value* loop_variable(const Frame* frame, std::string_view name) {
  for (; frame && !frame->runbook; frame = frame->outer.get())
    if (frame->loop->loop->as == name) return &frame->item;
  return nullptr;
}

bool is_inside(const Frame* frame, const Section& loop) {
  for (; frame && !frame->runbook; frame = frame->outer.get())
    if (frame->loop == &loop) return true;
  return false;
}

}  // namespace

Value RunScope::inputs() const {
  const Frame* included = included_around(frame_.get());
  Value inputs = included ? included->inputs : facts_.inputs;
  for (const auto& [secret, value] : included ? included->secrets : facts_.secrets) inputs = with(inputs, secret, value);
  if (included) return inputs;
  for (const Input& input : facts_.runbook->inputs) {
    const std::string* secret = input.type == ValueType::secret ? facts_.secret_outputs->find("", input.name) : nullptr;
    if (secret) inputs = with(inputs, input.name, *secret);
  }
  return inputs;
}

std::optional<Value> RunScope::context(std::string_view name) const {
  const Frame* included = included_around(frame_.get());
  if (name == "vars") return included ? included->vars : facts_.vars;
  if (name == "run") return facts_.run_values;
  if (name == "before") return before_;
  if (name == "inputs") {
    if (!inputs_) inputs_ = inputs();
    return inputs_;
  }
  const Value* item = loop_variable(frame_.get(), name);
  return item ? std::optional(*item) : std::nullopt;
}

std::optional<Value> RunScope::step(std::string_view id) const {
  const Frame* included = included_around(frame_.get());
  const Step* known = (included ? included->runbook : facts_.runbook.get())->find(id);
  if (!known) return std::nullopt;
  std::size_t shared = 0;
  while (shared < known->loops.size() && is_inside(frame_.get(), *known->loops[shared])) ++shared;
  const FramePtr around = outer_loops(frame_, shared);
  if (shared < known->loops.size()) return object({{"items", items_of(*known, shared, around)}});
  return outputs_of(*known, Instance(*known, around).id);
}

// Of one that loops have made many of: [{key, state, <outputs>}], within outer loops that are not shared {key, items}.
Value RunScope::items_of(const Step& step, std::size_t depth, const FramePtr& frame) const {
  const Section& loop = *step.loops[depth];
  const SectionState* entered = state_.section(section_name(loop, frame.get()));
  const Value list = entered ? values_.get(entered->list) : Value();
  List items;
  for (const Value& item : list.is_list() ? list.as_list() : List()) {
    const FramePtr inside = frame_of_item(loop, item.text_or("key", ""), item.get("item"), frame);
    const bool is_innermost = depth + 1 == step.loops.size();
    Value entry =
        is_innermost ? outputs_of(step, Instance(step, inside).id) : object({{"items", items_of(step, depth + 1, inside)}});
    items.push_back(with(entry, "key", item.get("key")));
  }
  return Value(std::move(items));
}

Value RunScope::outputs_of(const Step& known, const std::string& instance) const {
  const InstanceState& it = state_.of(instance);
  Value step = is_done(it.state) ? values_.get(it.outputs) : Value();
  for (const OutputRule& rule : known.outputs) {
    const std::string* secret = rule.is_secret ? facts_.secret_outputs->find(instance, rule.name) : nullptr;
    if (secret) step = with(step, rule.name, *secret);
  }
  return with(step, "state", step_state_name(it.state));
}

std::optional<Value> RunScope::parse_yaml(std::string_view text, std::string& why) const { return parse_yaml_text(text, why); }

RunFacts facts_of(const std::string& run, std::shared_ptr<const Runbook> runbook, const Declarations& types, Value inputs,
                  const RunState& state) {
  RunFacts facts;
  facts.run = run;
  facts.runbook = std::move(runbook);
  facts.types = &types;
  facts.inputs = std::move(inputs);
  facts.dir = state.dir;
  facts.run_values = run_values_of(run, state);
  facts.vars = evaluate_vars(*facts.runbook, facts.inputs, facts.run_values);
  return facts;
}

Value run_values_of(const std::string& run, const RunState& state) {
  return object({{"id", run},
                 {"started_at", utc_text(state.began_at_ms)},
                 {"dir", state.dir},
                 {"operator", state.operator_name},
                 {"host", state.host}});
}

Value evaluate_vars(const Runbook& runbook, const Value& inputs, const Value& run_values) {
  Value vars = Value(Map());
  ValueScope scope(object({{"inputs", inputs}, {"run", run_values}, {"vars", vars}}));
  for (const auto& [name, text] : runbook.vars) {
    try {
      vars = with(vars, name, text.text.evaluate(scope));
      scope.set("vars", vars);
    } catch (const ExpressionError& error) {
      throw Error(ExitCode::usage, "the value of `" + name + "` under vars: " + error.what());
    }
  }
  return vars;
}

}  // namespace runbook
