#pragma once
// What whoever takes a run over has to know: where it stands, what is asked, what comes next, what is needed for it.
#include <cstdint>
#include <string>

#include "run/facts.h"
#include "run/scope.h"
#include "state/run_state.h"

namespace runbook {

enum class Secrets {
  named,       // which ones are needed, and where they come from
  looked_for,  // also whether the facts have them
};

struct HandoffScene {
  const RunFacts& facts;
  const RunState& state;
  StoredValues& values;
  std::string journal_words;  // " --journal X", or ""
  std::int64_t now_ms;
};

// Whole lines, without control sequences. Throws Error (exit 6) for a blob that is missing.
std::string handoff_summary(const HandoffScene& scene, Secrets secrets);

}  // namespace runbook
