#pragma once
#include <memory>

#include "book/fields.h"

namespace runbook {

// `for_each` of a section and the keys that belong to it, where `site` is outside the loop and `outer` are those around it. nullptr:
// the section has none. `key` is not read: it sees the loop's own variable.
std::unique_ptr<Loop> load_loop(const Node& section, const Site& site, const std::vector<const Section*>& outer,
                                Loading& loading);
// `key`, from a site inside.
void load_loop_key(const Node& section, const Site& inside, Loading& loading, Loop& loop);

}  // namespace runbook
