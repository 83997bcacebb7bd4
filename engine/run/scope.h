#pragma once
// What `$inputs`, `$vars`, `$run`, `$before` and `$steps.<id>` mean at one moment of a run.
#include <functional>
#include <map>
#include <string>

#include "expr/expression.h"
#include "run/facts.h"
#include "run/instance.h"
#include "state/run_state.h"

namespace runbook {

// Values that lie in blobs, parsed once.
class StoredValues {
 public:
  using Reader = std::function<std::string(const std::string& digest)>;
  explicit StoredValues(Reader reader) : reader_(std::move(reader)) {}
  // null for "".
  Value get(const std::string& digest);

 private:
  Reader reader_;
  std::map<std::string, Value> cache_;
};

class RunScope : public Scope {
 public:
  // Seen from inside the frame.
  RunScope(const RunFacts& facts, const RunState& state, StoredValues& values, FramePtr frame = nullptr)
      : facts_(facts), state_(state), values_(values), frame_(std::move(frame)) {}
  // With $before.
  RunScope with_before(Value before) const;

  std::optional<Value> context(std::string_view name) const override;
  std::optional<Value> step(std::string_view id) const override;
  std::optional<Value> parse_yaml(std::string_view text, std::string& why) const override;

 private:
  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
  Value inputs() const;
  Value outputs_of(const Step& known, const std::string& instance) const;
  Value items_of(const Step& step, std::size_t depth, const FramePtr& frame) const;
  FramePtr frame_;
  std::optional<Value> before_;
  mutable std::optional<Value> inputs_;  // put together when they are first asked for
};

}  // namespace runbook
