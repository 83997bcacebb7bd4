#pragma once
#include "book/loading.h"

namespace runbook {

// `steps` and `finally` of a runbook, with all that is in them: fills in its root, its steps and where they are found by their ids.
void load_sections(const Node& root, Loading& loading, Runbook& runbook);

}  // namespace runbook
