#pragma once
#include <unistd.h>

#include "cli/version.h"
#include "os/identity.h"
#include "state/event.h"

namespace runbook {

// `driven`, of a command that writes into a run without going on with it.
inline Event driven_by_command(std::int64_t at_ms) {
  Event driven;
  driven.kind = event::driven;
  driven.at_ms = at_ms;
  driven.body = object({{"how", "command"},
                        {"pid", static_cast<std::int64_t>(::getpid())},
                        {"who", operator_name()},
                        {"host", host_name()},
                        {"engine", version}});
  return driven;
}

}  // namespace runbook
