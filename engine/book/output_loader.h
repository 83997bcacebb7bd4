#pragma once
#include "book/fields.h"

namespace runbook {

// `outputs:` of a step or a probe; `site` is where its expressions stand.
// Whose outputs: only a step's can be secret.
enum class OutputsOf { step, probe };
std::vector<OutputRule> load_outputs(const Node::Member& outputs, OutputsOf whose, const Site& site, Loading& loading);
// Outputs that give what the type knows to be secret are secret, whether they say so or not.
void mark_sensitive(std::vector<OutputRule>& rules, const Declaration& type, const ParamTree& params, OutputsOf whose,
                    Loading& loading);

}  // namespace runbook
