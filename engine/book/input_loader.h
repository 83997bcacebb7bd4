#pragma once
#include "book/fields.h"

namespace runbook {

// `inputs:` and `vars:` of a runbook, added to `into` one by one: each sees those before it through `loading.runbook`.
void load_inputs(const Node& map, Loading& loading, std::vector<Input>& into);
// `collect:` of a manual step, whose defaults see what the step sees.
void load_collected(const Node& map, const Site& site, Loading& loading, std::vector<Input>& into);
void load_vars(const Node& map, Loading& loading, std::vector<std::pair<std::string, PlacedTemplate>>& into);

}  // namespace runbook
