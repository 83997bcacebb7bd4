#pragma once
// The parameters of a step or probe, as its type declares them.
#include "book/fields.h"

namespace runbook {

// `type` is the member that names the type: its value is the main parameter, or a map of parameters. `defaults` are
// the parameters from `defaults:`, or nullptr.
ParamTree load_params(const Node::Member& type, const Declaration& declaration, const Node* defaults, const Site& site,
                      Loading& loading);

}  // namespace runbook
