#pragma once
// What a step type says about the parameters that a step or a probe gives it.
#include "book/declaration.h"
#include "book/problems.h"
#include "book/runbook.h"

namespace runbook {

// Parameters as they are written, `${{ }}` and all.
Value as_written(const ParamTree& params);
// Reports what the type finds wrong. nullopt: its effect does not depend on them.
std::optional<EffectFound> check_params(const Declaration& type, const ParamTree& params, const Node::Member& member,
                                        Problems& problems);

}  // namespace runbook
