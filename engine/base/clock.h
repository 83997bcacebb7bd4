#pragma once
// Time as a seam: milliseconds since the epoch, so that a rehearsal can jump.
#include <cstdint>
#include <string>

namespace runbook {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;
};

class SystemClock : public Clock {
 public:
  std::int64_t now_ms() const override;
};

// "2026-11-20T23:55:01Z"
std::string utc_text(std::int64_t at_ms);
// "23:55:01" in the local time zone
std::string local_time_text(std::int64_t at_ms);

}  // namespace runbook
