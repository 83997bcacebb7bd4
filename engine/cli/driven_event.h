#pragma once
#include <unistd.h>

#include <string>
#include <string_view>

#include "cli/version.h"
#include "os/identity.h"
#include "state/event.h"

namespace runbook {

// `driven`; how: as `event::driven` has it.
inline Event driven_event(std::string_view how, const std::string& who, std::int64_t at_ms) {
  Event driven;
  driven.kind = event::driven;
  driven.at_ms = at_ms;
  driven.body = object(
      {{"how", how}, {"pid", static_cast<std::int64_t>(::getpid())}, {"who", who}, {"host", host_name()}, {"engine", version}});
  return driven;
}

// Of a command that writes into a run without going on with it.
inline Event driven_by_command(std::int64_t at_ms) { return driven_event("command", operator_name(), at_ms); }

}  // namespace runbook
