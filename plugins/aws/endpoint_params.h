#pragma once
// What a rule set is told: of the operation, of its parameters, of the surroundings.
#include "base/value.h"
#include "plugins/aws/endpoint.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// A map for `evaluate_rules`: for each parameter that `rules` declare, what the operation says of it, then what a member of `params`, then
// what `settings` say. What nobody says is left out.
Value endpoint_params(const Value& rules, const ServiceModel& model, const Operation& operation, const Value& params,
                      const EndpointSettings& settings);

}  // namespace runbook::aws
