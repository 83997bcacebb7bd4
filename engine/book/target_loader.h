#pragma once
#include "book/fields.h"

namespace runbook {

// `targets:`
void load_targets(const Node& map, Loading& loading, std::vector<Target>& into);
// Which steps `from` names in it, once all are known.
void check_makers(const Node& targets, const Runbook& runbook, Problems& problems);
// `target:` of a runbook, a section or a step, if there is one; leaves `into` as it was if it names none.
// The types of target that the step and its looks need and its target has not; and what of `env:` a target sets itself.
void load_needed_targets(Step& step, Loading& loading);
// Warns where nothing says on what steps work that need a target.
void warn_of_unnamed_targets(const Runbook& runbook, Problems& problems);
void load_target(const Node& map, Loading& loading, std::string& into);

}  // namespace runbook
