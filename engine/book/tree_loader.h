#pragma once
#include <functional>

#include "book/declaration.h"
#include "book/fields.h"

namespace runbook {

// How the scalar at a place is read.
using ScalarsAt = std::function<Scalars(const ParamPath&)>;

// Lists and maps with `${{ }}` in their leaves; every other leaf is read as `scalars` says. nullopt: reported.
std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, Scalars scalars, Loading& loading);
std::optional<ParamTree> load_tree(const NodePtr& node, const Site& site, const ScalarsAt& scalars, Loading& loading);

}  // namespace runbook
