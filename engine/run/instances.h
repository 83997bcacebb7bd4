#pragma once
// The instances of a run: what the lists of its loops and the inputs of its includes, as they were recorded, make of its steps.
#include <optional>
#include <string>
#include <vector>

#include "book/inputs.h"
#include "run/instance.h"
#include "run/scope.h"

namespace runbook {

class Instances {
 public:
  // All outlive it.
  Instances(const RunFacts& facts, const RunState& state, StoredValues& values)
      : facts_(facts), state_(state), values_(values) {}

  // nullopt: the run has none of this name, or not yet (its loop has not been entered).
  std::optional<Instance> find(std::string_view name) const;
  // All of a step that there are by now, in the order of the lists; `frame`: where its runbook stands.
  std::vector<Instance> all_of(const Step& step, const FramePtr& frame) const;
  // All of the run, in written order.
  std::vector<Instance> all() const;

  // What is inside an included runbook that has begun. Secrets that can't be had are missing where they are used.
  FramePtr frame_of_include(const Instance& include) const;
  // The list of a loop that has been entered: [{key, item}].
  Value items_of(const Section& loop, const Frame* outer) const;

 private:
  void add_all(const Runbook& runbook, const FramePtr& frame, std::vector<Instance>& into) const;
  void add_all_of(const Step& step, std::size_t depth, const FramePtr& frame, std::vector<Instance>& into) const;
  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
};

// What `with` gives to the included runbook. Throws ExpressionError, or Error where a value is not what its input wants.
InputValues inputs_of_include(const Step& include, const Scope& scope);

}  // namespace runbook
