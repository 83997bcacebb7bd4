#pragma once
#include "book/runbook.h"

namespace runbook {

// What a report needs to know of a runbook without reading YAML: a list of {id, title, type, effect, section, source} in written order.
Value make_outline(const Runbook& runbook);
// The texts of all that it includes, as a run stores them: a map by path.
Value included_texts(const Runbook& runbook);

}  // namespace runbook
