#pragma once
// Which type a step or a probe has: the one key that names a type.
#include <optional>
#include <string>

#include "book/keys.h"
#include "book/loading.h"

namespace runbook {

struct FoundType {
  const Node::Member* member = nullptr;      // whose key is the type's name
  const Declaration* declaration = nullptr;  // nullptr: one of the engine's own
};

// Checks all keys of `map` by the way. nullopt: it has no type, or none that can be used; if `is_required`, or if
// there is one, that is reported. In a probe only declared types count, in `undo` also manual.
enum class TypeUse { of_step, of_probe, of_assert, of_undo };
std::optional<FoundType> find_type(const Node& map, const KeySet& set, TypeUse use, Place place, Loading& loading);

}  // namespace runbook
