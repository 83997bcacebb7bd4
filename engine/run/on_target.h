#pragma once
// Whether a step's target is what it was when the run first needed it: looked at before the step, and again when the run is resumed.
#include <optional>
#include <string>

#include "run/turn.h"

namespace runbook {

// What a look at a step's target has to find out; nullopt: the step has none, or what makes it has not run yet.
// Throws ExpressionError, or Error for a value that is not there.
std::optional<Launch> look_at_target(const Turn& turn, const Instance& step, const Scope& scope);

// What the look saw, judged.
struct TargetJudgement {
  std::vector<Proposal> pins;  // what is seen for the first time
  std::string why_not;         // the step must not begin; "": it may
  std::string needs_code_of;   // it can't be said before somebody has typed the code of this device
  bool is_too_old = false;     // the look began before another step pinned the target, and saw something else: look again
};
TargetJudgement judge_target(const Turn& turn, const Instance& step, const Value& seen);

// The device whose code a look needs; "": it needs none.
std::string needed_code(const Value& seen);

// NAME=value for the processes of the step: a map.
Value target_environment(const Value& seen);
// What they must not write as it is.
std::vector<std::string> target_secrets(const Value& seen);

}  // namespace runbook
