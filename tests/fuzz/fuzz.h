#pragma once
// One target: what is done with arbitrary bytes, and what has to hold whatever they are (RUNBOOK_ASSERT). Each target is a
// file that defines `fuzz`; libFuzzer calls it with what it invents, and an ordinary test with what was kept of that.
#include <string_view>

namespace runbook {

void fuzz(std::string_view input);

}  // namespace runbook
