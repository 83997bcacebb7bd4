#pragma once
#include <memory>

#include "book/fields.h"

namespace runbook {

// What a step has from the sections around it.
struct Inherited {
  std::vector<EnvEntry> env;
  std::optional<PlacedTemplate> dir;
  std::string target;
  std::string anchor;  // `source:` of the nearest section that names one
  const Enclosure* around = nullptr;
  std::vector<const Section*> loops;  // outermost first
};

// A map of `steps:` that is no section. Never nullptr: what can't be read is reported and left out.
std::unique_ptr<Step> load_step(const Node& map, const Inherited& inherited, Loading& loading);

// A map of `watch:`: its id and its probe.
std::unique_ptr<Step> load_watch(const NodePtr& map, const Inherited& inherited, Loading& loading);

// `defaults:`: which keys and parameters it may give, per step type.
void check_defaults(const Node& defaults, Loading& loading);

}  // namespace runbook
