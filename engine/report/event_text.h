#pragma once
#include <string>

#include "state/event.h"

namespace runbook {

// One sentence for a person: "attempt 1 began", "failed: it exited with 3".
std::string event_sentence(const Event& event);

}  // namespace runbook
