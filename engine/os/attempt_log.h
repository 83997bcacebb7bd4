#pragma once
// The supervisor's log, `<run folder>/log`: what was started and how it ended, a line each, appended, with a CRC-32. Written without sync
// while an engine is attached (the kernel keeps it over any crash of ours).
//
//   H boot_id pid_namespace known    at the head, and again whenever a supervisor begins: then no attempt above `known` had an intent
//   S n seq hash [leaves]            about to start attempt n; the journal then stood at seq with hash; what it leaves behind is meant
//   N n                              nothing was started after all
//   P n pid start_time               it runs
//   L n pid start_time               it left this behind, which lives on
//   T n | C n                        before the signal of a timeout, of a stop
//   E n kind number total sha256     it ended: kind code|signal; `-` for the digest where nothing is recorded of the output
//
// A line that could not be written whole is closed by " torn": it was never acted on.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"
#include "os/process_id.h"

namespace runbook {

// In the record of an end: of an attempt whose output is not recorded.
inline constexpr const char* no_digest = "-";

// In the record of a start.
inline constexpr const char* leaves_word = "leaves";

struct LoggedAttempt {
  enum class State { announced, not_started, running, ended } state = State::announced;
  ProcessWorld world;  // in which it was started
  ProcessId process;
  bool leaves = false;          // of its command
  std::vector<ProcessId> left;  // what it left behind
  bool has_timed_out = false, was_cancelled = false;
  bool ended_by_signal = false;
  int status = 0;  // exit code, or signal number
  std::int64_t output_total = 0;
  std::string output_sha256;
};

// Which attempts had an intent when that supervisor began: all, as far as anybody knows.
inline constexpr std::int64_t tells_of_none = std::numeric_limits<std::int64_t>::max();

struct AttemptLog {
  ProcessWorld last_world;  // of the last H
  bool exists = false;
  bool is_damaged = false;  // since the last H a line does not fit its CRC and is not torn
  // Of the attempts above this one nothing is lost: they began after an H of the last world, and nothing behind it is damaged.
  std::int64_t tells_all_above = tells_of_none;
  std::map<std::int64_t, LoggedAttempt> attempts;
  std::int64_t last_seq = 0;  // the greatest that an S named
  std::string last_hash;
  bool names_one_that_leaves() const;
  bool proves_not_started(std::int64_t n) const;  // an attempt that it does not name
  std::int64_t greatest() const { return attempts.empty() ? 0 : attempts.rbegin()->first; }
};
// Lines that are torn or damaged are passed over. Throws Error (exit 6) if there is a log and it can't be read.
AttemptLog read_attempt_log(const std::filesystem::path& run_folder);

class AttemptLogWriter {
 public:
  // Opens for appending, 0600; a torn last line is closed, and the world named. Throws Error (exit 6).
  // `known`: no attempt above it has had an intent.
  AttemptLogWriter(const std::filesystem::path& run_folder, std::int64_t known);
  // false: it could not be written.
  bool append(std::string_view line);
  bool sync();

 private:
  Fd fd_;
  bool is_torn_ = false;  // the last line was not written whole
};

}  // namespace runbook
