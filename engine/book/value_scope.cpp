#include "book/value_scope.h"

#include "book/yaml_value.h"

namespace runbook {

void ValueScope::set(std::string_view name, Value value) { values_ = with(values_, name, std::move(value)); }

std::optional<Value> ValueScope::context(std::string_view name) const {
  const Value* found = values_.find(name);
  return found ? std::optional<Value>(*found) : std::nullopt;
}

std::optional<Value> ValueScope::step(std::string_view) const { return std::nullopt; }

std::optional<Value> ValueScope::parse_yaml(std::string_view text, std::string& why) const {
  return parse_yaml_text(text, why);
}

}  // namespace runbook
