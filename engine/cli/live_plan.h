#pragma once
// What stands in the world that a run would begin in: the targets of its steps, and what the steps would change there. Looks only; what a
// look needs to keep lies in a folder of its own (0700) that is gone with this.
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "run/facts.h"
#include "run/plan.h"
#include "step/step_type.h"
#include "step/target.h"

namespace runbook {

class LivePlan {
 public:
  explicit LivePlan(const RunFacts& facts);
  ~LivePlan();
  LivePlan(const LivePlan&) = delete;
  LivePlan& operator=(const LivePlan&) = delete;

  // {target, sees}, {target, why_not} or {target, unknown} of each; one that several steps share is looked at once.
  std::vector<Value> targets_of(const PlannedStep& planned);
  // nullopt: nothing is to be said of a step of that type.
  std::optional<Preview> preview(const PlannedStep& planned);

 private:
  struct Seen {
    Value row;
    std::vector<std::string> env, secrets;
  };
  const Seen& look(const PlannedTarget& target);
  Seen look_at(const PlannedTarget& target) const;

  const RunFacts& facts_;
  const std::vector<std::string> environment_;
  std::filesystem::path folder_;
  std::vector<std::unique_ptr<StepType>> types_;
  std::vector<std::unique_ptr<TargetType>> target_types_;
  std::map<std::string, Seen> seen_;
};

}  // namespace runbook
