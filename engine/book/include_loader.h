#pragma once
#include "book/fields.h"

namespace runbook {

// `include:` of a step, a file or a map: loads that runbook too, and fills in the step's kind and what it includes.
void load_include(const Node::Member& include, const Site& site, Loading& loading, Step& step);

}  // namespace runbook
