#pragma once
// Evidence for what a person did, as an answer carries it: see run/manual.h.
#include <string>

#include "base/value.h"

namespace runbook {

Value note_evidence(const std::string& text);
// A URL, or a file: its digest, and its bytes unless it is large. Throws Error (exit 2) if it can't be read.
Value attached_evidence(const std::string& word);
// What a person typed: a URL, a file that is there, or else a note. Throws Error (exit 2) for a path where nothing is.
Value typed_evidence(const std::string& text);

}  // namespace runbook
