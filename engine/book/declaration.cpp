#include "book/declaration.h"

#include <algorithm>
#include <iterator>

namespace runbook {

std::string_view effect_name(Effect effect) {
  switch (effect) {
    case Effect::read: return "read";
    case Effect::idempotent: return "idempotent";
    case Effect::once: return "once";
    case Effect::irreversible: return "irreversible";
  }
  return {};
}

std::vector<std::string> Declaration::one_of() const {
  std::vector<std::string> names;
  for (const Param& param : params) {
    if (param.is_one_of) names.push_back(param.name);
  }
  return names;
}

const Param* Declaration::find(std::string_view param) const {
  for (const Param& candidate : params) {
    if (candidate.name == param) return &candidate;
  }
  return nullptr;
}

namespace {

const Declaration* find(const Declarations& all, Declaration::Of of, std::string_view name) {
  for (const Declaration& candidate : all) {
    if (candidate.of == of && candidate.name == name) return &candidate;
  }
  return nullptr;
}

}  // namespace

const Declaration* find_declaration(const Declarations& all, std::string_view name) {
  return find(all, Declaration::Of::step, name);
}

const Declaration* find_target_type(const Declarations& all, std::string_view name) {
  return find(all, Declaration::Of::target, name);
}

Declarations step_types_of(const Declarations& all) {
  Declarations steps;
  std::copy_if(all.begin(), all.end(), std::back_inserter(steps),
               [](const Declaration& each) { return each.of == Declaration::Of::step; });
  return steps;
}

}  // namespace runbook
