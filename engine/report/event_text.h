#pragma once
#include <string>
#include <string_view>

#include "state/event.h"

namespace runbook {

// One sentence for a person: "attempt 1 began", "failed: it exited with 3".
std::string event_sentence(const Event& event);
// "in_doubt" as a person reads it.
std::string in_words(std::string_view name);

}  // namespace runbook
