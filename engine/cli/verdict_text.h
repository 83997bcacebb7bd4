#pragma once
#include <string>

#include "base/value.h"
#include "state/journal.h"

namespace runbook {

// What `verify` found, for a program and for a person.
Value verdict_json(const std::string& run, const Verdict& verdict);
std::string verdict_text(const std::string& run, const Verdict& verdict);

}  // namespace runbook
