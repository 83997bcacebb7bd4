#include "cli/undo_text.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/redactor.h"
#include "run/before.h"
#include "run/request.h"

namespace runbook {

namespace {

bool is_default(const Declaration* type, const std::string& name, const Value& value) {
  const Param* param = type ? type->find(name) : nullptr;
  return value.is_null() || (param && param->fallback == value);
}

}  // namespace

Value undo_request(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry) {
  try {
    return described_request(facts, *entry.undo, scope_with_before(facts, state, Live(), values, *entry.undo));
  } catch (const std::exception& error) {
    return object({{"not_known", redact(error.what(), facts.secret_values())}});
  }
}

std::string undo_text(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry) {
  const InstanceState& it = state.of(entry.step.id);
  std::string text = fmt::format("  {:<14} {}  {}\n", entry.undo ? "will be undone" : "stays", entry.step.id, entry.title);
  const auto line = [&](std::string_view name, const Value& value) {
    if (!value.is_null()) text += fmt::format("  {:<14} {}: {}\n", "", name, text_or_json(value));
  };
  if (it.state == StepState::failed && entry.undo)
    text += fmt::format("  {:<14} it failed; what it did until then is undone\n", "");
  if (it.state == StepState::in_doubt)
    text += fmt::format("  {:<14} it is in doubt: whether it took effect is to be settled first\n", "");
  if (!entry.undo) return text + fmt::format("  {:<14} {}\n", "", entry.why_not);
  const Declaration* type = find_declaration(*facts.types, entry.undo.value()->type);
  const Value request = undo_request(facts, state, values, entry);
  const Value params = request.get("params");
  for (const auto& [name, value] : params.is_map() ? params.as_map() : Map())
    if (!is_default(type, name, value)) line(type && name == type->main_param ? type->name : name, value);
  line("not known yet", request.get("not_known"));
  line("before", values.get(it.before_first));
  line("outputs", values.get(it.outputs));
  return text;
}

}  // namespace runbook
