#pragma once
// Requests of the protocols query and ec2: a form with Action and Version.
#include <string>

#include "plugins/aws/protocol.h"

namespace runbook::aws {

WireRequest write_form_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir);

}  // namespace runbook::aws
