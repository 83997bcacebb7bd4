#pragma once
// Time as a seam: milliseconds since the epoch, so that it can jump.
#include <cstdint>
#include <optional>
#include <string>

namespace runbook {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;
  // Nothing will be done before this moment, or before something comes in: a clock that jumps does it here.
  virtual void about_to_wait(std::optional<std::int64_t> /*until_ms*/) const {}
};

class SystemClock : public Clock {
 public:
  std::int64_t now_ms() const override;
};

// "2026-11-20T23:55:01Z"
std::string utc_text(std::int64_t at_ms);
// "2026-11-21 00:55:01 +01:00" in the local time zone
std::string local_text(std::int64_t at_ms);
// "23:55:01" in the local time zone
std::string local_time_text(std::int64_t at_ms);

}  // namespace runbook
