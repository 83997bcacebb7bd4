#pragma once
// How long the steps of a runbook took in its former runs: what one may expect of this one.
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "state/event.h"
#include "state/journal.h"

namespace runbook {

// Of one step, over the attempts and waits that succeeded. Time of the machine alone: what a person was waited for in, and what was
// going on while no engine drove the run, is left out. Never more than skipped or satisfied: zero.
struct PastDuration {
  std::int64_t typical_ms = 0;  // the median
  std::int64_t most_ms = 0;     // the 90th percentile
  std::size_t times = 0;        // of how many; 0: it has never needed to run
};
// By name without keys: "cluster/apply". A step without an entry is unknown.
using PastDurations = std::unordered_map<std::string, PastDuration>;

// Reads the events of former runs, one run after the other.
class DurationReader {
 public:
  void begin_run();
  void read(const Event& event);
  PastDurations durations() const;

 private:
  struct Samples {
    std::vector<std::int64_t> took_ms;
  };
  std::unordered_map<std::string, Samples> samples_;
  std::unordered_map<std::string, std::int64_t> begun_at_ms_;  // of this run, by instance
};

// Of the last 20 runs of that name before `but`, or of fewer if they are long: no more is read than takes a blink.
PastDurations past_durations(const JournalFile& file, const std::string& runbook, const std::string& but);

}  // namespace runbook
