#pragma once
#include "run/turn.h"

namespace runbook {

// What happens next with one step, and why. Not with an include that has begun: that is gone through.
Progress decide_step(Turn& turn, const Instance& step, const Way& way);

}  // namespace runbook
