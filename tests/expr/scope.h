#pragma once
#include <map>
#include <string>

#include "expr/expression.h"

// A scope with given values; `$steps` are the members of a map.
class GivenScope : public runbook::Scope {
 public:
  GivenScope(runbook::Value context, runbook::Value steps = {}) : context_(std::move(context)), steps_(std::move(steps)) {}

  std::optional<runbook::Value> context(std::string_view name) const override { return member(context_, name); }
  std::optional<runbook::Value> step(std::string_view id) const override { return member(steps_, id); }

 private:
  static std::optional<runbook::Value> member(const runbook::Value& map, std::string_view name) {
    const runbook::Value* found = map.find(name);
    if (!found) return std::nullopt;
    return *found;
  }

  runbook::Value context_, steps_;
};
