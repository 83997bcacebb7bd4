#pragma once
// The patterns of models, which are written for other engines than ECMAScript's of C++.
#include <string>

namespace runbook::aws {

// Whether the text surely does not fit: a pattern that means, or may mean, something else here is taken to fit, and so is a text that is long
// or not ASCII. A pattern may fit anywhere in the text, as Smithy has it; most are anchored.
bool is_refused_by_pattern(const std::string& pattern, const std::string& text);

}  // namespace runbook::aws
