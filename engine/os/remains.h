#pragma once
// What lives of attempts, and nobody may be there who is its parent: found by the supervisor's log and by the mark in their environment.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "os/attempt_log.h"
#include "os/process_id.h"

namespace runbook {

// Its process lives, by what its supervisor wrote down; one of another PID namespace, as far as it can be seen from here. One that was
// announced alone is at work as long as the supervisor is there that may just be starting it. `folder`: of the run; `marker`: RUN/n.
// Throws Error (exit 6) where that can't be told.
bool is_at_work(const std::filesystem::path& folder, const LoggedAttempt& attempt, const std::string& marker);

// More may come of what it wrote: it is at work, or a supervisor is there that has not written down how it ended. As is_at_work.
bool is_still_read(const std::filesystem::path& folder, const LoggedAttempt& attempt, const std::string& marker);

// "pid 7", or that it is not known yet.
std::string pid_text(const LoggedAttempt& attempt);

// Those that live, of an attempt of this world.
std::vector<Child> remains_of(const LoggedAttempt& attempt, const std::string& marker);

// Ends what is left of all attempts of the run: TERM, and KILL when the grace is over; waits for it. Gives what there was.
std::vector<std::string> end_remains(const std::filesystem::path& folder, const std::string& run, std::int64_t grace_ms);

}  // namespace runbook
