#pragma once
// Requests of the protocols rest-json and rest-xml: members in the path, the query, headers and the body.
#include <string>

#include "plugins/aws/protocol.h"

namespace runbook::aws {

WireRequest write_rest_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir);

}  // namespace runbook::aws
