#pragma once
#include <string>
#include <vector>

#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// Whether the part of an operation's output at `path` (`*`: any member; positions in lists are left out) is marked sensitive, itself or with
// what it stands in.
bool is_sensitive(const ServiceModel& model, const Operation& operation, const std::vector<std::string>& path);
// The result with every sensitive part masked.
Value masked(const ServiceModel& model, const Operation& operation, const Value& result);

}  // namespace runbook::aws
