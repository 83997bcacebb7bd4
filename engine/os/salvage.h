#pragma once
// What can still be learned of an attempt whose supervisor is gone: from its log, its spool, its process.
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "os/attempt_log.h"
#include "os/process_runner.h"

namespace runbook {

struct Wreck {
  std::filesystem::path folder;  // of the run
  std::string run;
  std::int64_t n = 0;
  bool had_secrets = false;  // what it still writes may hold them, and is not kept: part of one may have been read before
  std::function<bool()> is_leaving;  // may be empty; once true: don't wait, don't end it, say lost
  pid_t supervisor = 0;              // that had it, if it was our child
};

// Blocks while a process of the attempt lives, reading its output so that it can go on. The result is its exit (from the log, or
// collected as its parent by adoption), not_started if that is proven, else lost. Throws Error (exit 6) where nobody can tell whether
// it lives. `log`: read when no supervisor of an earlier engine could add to it any more.
Exit salvage(const Wreck& wreck, const AttemptLog& log, std::stop_token stop);

// Fills in output, result and named outputs from the files that the attempt left.
void read_leftovers(const Wreck& wreck, Exit& exit);

}  // namespace runbook
