#pragma once
#include "base/value.h"
#include "book/declaration.h"

namespace runbook {

// A JSON Schema (draft 2020-12) of a runbook, for editors and for tools: it accepts every file that the loader accepts, and refuses
// what has a wrong form, at the place of the fault. What takes more than the form (references, duplicates, expressions that can't
// be read, values that do not match their own pattern) is left to `check`. The data is what a YAML 1.2 core reader makes of the
// file, so where text is wanted a number or true will do: the loader takes the source text.
Value json_schema(const Declarations& types);

}  // namespace runbook
