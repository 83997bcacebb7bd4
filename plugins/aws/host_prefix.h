#pragma once
#include <string>

#include "plugins/aws/protocol.h"

namespace runbook::aws {

// What stands before the endpoint's host: "{AccountId}." with its labels filled in from the params, or "". Error (exit 1): a label that is
// missing, or that would be no part of a host's name.
std::string host_prefix(const Operation& operation, const Value& params);

}  // namespace runbook::aws
