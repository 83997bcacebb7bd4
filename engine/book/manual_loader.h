#pragma once
#include "book/fields.h"

namespace runbook {

// `manual:` of a step, text or a map: fills in its kind, its parameters, what it collects, and the outputs that come of that.
void load_manual(const Node::Member& manual, const Site& site, Loading& loading, Step& step);

}  // namespace runbook
