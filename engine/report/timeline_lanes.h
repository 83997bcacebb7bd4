#pragma once
// What the timeline draws, and where: a lane for each step, or for several where there are too many to be told apart.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/audit_report.h"

namespace runbook {

struct LaneSpan {
  enum class Kind { done, failed, doubt, stopped, running, wait, undo, asked };
  Kind kind = Kind::done;
  std::int64_t from_ms = 0, to_ms = 0;
  std::string what;  // "attempt 2: failed"
};

struct LaneMark {
  enum class Kind { question, answer, deviation, skipped, held, watch, failed, doubt, taken_up };
  Kind kind = Kind::question;
  std::int64_t at_ms = 0;
  std::string what;
};

struct Lane {
  std::string name, section;
  std::size_t steps = 1;
  std::vector<LaneSpan> spans;  // in the order of the steps
  std::vector<LaneMark> marks;
};

// Of the steps to which something happened, in written order, and of the run itself where it has a mark. At most `most` and that one:
// else items of a loop share the lane of their step, or steps that of their section.
std::vector<Lane> timeline_lanes(const AuditReport& report, std::size_t most);

}  // namespace runbook
