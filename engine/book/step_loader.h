#pragma once
#include <memory>

#include "book/fields.h"

namespace runbook {

// What a step has from the sections around it.
struct Inherited {
  std::vector<EnvEntry> env;
  std::optional<PlacedTemplate> dir;
  const Condition* condition = nullptr;
};

// A map of `steps:` that is no section. Never nullptr: what can't be read is reported and left out.
std::unique_ptr<Step> load_step(const Node& map, const Inherited& inherited, Loading& loading);

// `defaults:`: which keys and parameters it may give, per step type.
void check_defaults(const Node& defaults, Loading& loading);

}  // namespace runbook
