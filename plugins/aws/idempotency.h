#pragma once
// Members by which a service recognises a request that it has had already (the trait idempotencyToken).
#include <cstdint>
#include <string>

#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

bool takes_token(const ServiceModel& model, const Operation& operation);
// `params` with `token` in each such member of the input that is not given.
Value with_token(const ServiceModel& model, const Operation& operation, const Value& params, const std::string& token);
// How long a service certainly remembers a token, by what it documents; five minutes where that is not known.
std::int64_t token_life_ms(const ServiceModel& model);

}  // namespace runbook::aws
