#pragma once
#include <string>

#include "state/run_state.h"

namespace runbook {

// "handed off by ada at 2026-11-20T23:55:01Z: NOTE", and who took it over, in whole lines, each further one after `margin`.
std::string handoff_text(const Handoff& handoff, const std::string& margin);

}  // namespace runbook
