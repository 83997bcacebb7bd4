#pragma once
// Why a run that is given up failed in the first place: what its `finally` does afterwards must not hide that.
#include <optional>
#include <string>

#include "run/decide.h"

namespace runbook {

// The failure that stood before the cleanup; nullopt: there was none, or it is `end` itself.
std::optional<End> first_cause(const RunFacts& facts, const RunState& state, StoredValues& values, const End& end);
// "step `a` failed: it exited with 1"
std::string failure_text(const End& failure);
// Why a run pauses or is left, as the record says it: with the first cause of a run that is given up.
std::string why_it_ends(const RunFacts& facts, const RunState& state, StoredValues& values, const End& end);

}  // namespace runbook
