#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "expr/expression.h"

namespace runbook {

// Where there is no run, or not yet: a few values by their names, and no steps.
class ValueScope : public Scope {
 public:
  // {inputs: ..., vars: ...}
  explicit ValueScope(Value values = Value(Map())) : values_(std::move(values)) {}
  void set(std::string_view name, Value value);

  std::optional<Value> context(std::string_view name) const override;
  std::optional<Value> step(std::string_view id) const override;
  std::optional<Value> parse_yaml(std::string_view text, std::string& why) const override;

 private:
  Value values_;
};

}  // namespace runbook
