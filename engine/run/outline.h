#pragma once
#include "book/runbook.h"

namespace runbook {

// What a report needs to know of a runbook without reading YAML: a list of {id, title, type, effect, section, source} in written order,
// path (of its section); and as they are written, before they have values: note, when, does {type, params, that}, includes, done_when, verify, undo_does, steps (of the included).
Value make_outline(const Runbook& runbook);
// Of the runbook as a whole: {document, summary, not_encoded: [{what, because}], not_automated}.
Value about(const Runbook& runbook);
// The texts of all that it includes, as a run stores them: a map by path.
Value included_texts(const Runbook& runbook);

}  // namespace runbook
