#pragma once
#include "book/fields.h"

namespace runbook {

// Lists and maps with `${{ }}` in their leaves; every other leaf is read as `scalars` says. nullopt: reported.
std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, Scalars scalars, Loading& loading);

}  // namespace runbook
