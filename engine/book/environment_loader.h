#pragma once
#include "book/fields.h"

namespace runbook {

// `env:` added to what is inherited: an entry replaces the one of the same name.
void load_environment(const Node& map, const Site& site, Loading& loading, std::vector<EnvEntry>& into);

}  // namespace runbook
