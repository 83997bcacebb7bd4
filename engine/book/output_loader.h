#pragma once
#include "book/fields.h"

namespace runbook {

// `outputs:` of a step or a probe; `site` is where its expressions stand.
std::vector<OutputRule> load_outputs(const Node::Member& outputs, const Site& site, Loading& loading);

}  // namespace runbook
