#pragma once
// What is left of a run: how long it may take, and which steps come next. From the tree of the runbook and what has ended so far.
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "book/runbook.h"
#include "report/past_durations.h"

namespace runbook {

// The time left of a run, as far as former runs tell.
struct Rest {
  std::int64_t ms = 0;
  bool knows_any = false;   // of a step that is left and takes time
  bool lacks_some = false;  // of others nothing is known: it may take longer
};

// What has become of the steps so far, by name without keys: of those in loops there are several.
struct Passage {
  std::unordered_map<std::string, std::int64_t> ended;                          // how many instances need nothing more
  std::unordered_map<std::string, std::vector<std::int64_t>> at_work_since_ms;  // and those that began
  std::unordered_map<std::string, std::int64_t> items;                          // of the loops that were entered, by section
};

// Both outlive it.
class WayAhead {
 public:
  WayAhead(const Runbook& runbook, const PastDurations& past) : runbook_(runbook), past_(past) {}
  // Of branches side by side the longest counts.
  Rest rest(const Passage& passage, std::int64_t now_ms) const;
  // Those that begin when what is at work has ended, unless they are skipped or satisfied; at most so many.
  std::vector<const Step*> next(const Passage& passage, std::size_t most) const;

 private:
  const Runbook& runbook_;
  const PastDurations& past_;
};

}  // namespace runbook
