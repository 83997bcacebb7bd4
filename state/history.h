#pragma once
// A run's events for who relies on them: each is checked against the chain before it is given on.
#include <cstdint>
#include <functional>
#include <string>

#include "state/journal.h"

namespace runbook {

// The events 1 to `up_to_seq`, or to the last. Gives the hash of the last one, 64 hex digits. Throws Error (exit 6) at the first that is
// missing, unreadable, or does not fit its hash; nothing behind it is given on.
std::string checked_events(const JournalFile& file, const std::string& run, std::int64_t up_to_seq,
                           const std::function<void(const Event&)>& each);

}  // namespace runbook
