#pragma once
#include <memory>
#include <string>

#include "plugins/aws/session.h"

namespace runbook::aws {

// A call with what its operation says of itself: whether it only reads, whether sending it twice does no harm, and `token` in each member that
// is an idempotency token and is not given.
Call prepared_call(std::shared_ptr<const ServiceModel> model, const Operation& operation, const Value& params,
                   const std::string& token);
// All pages of what only reads; of anything else one request.
CallAnswer answer_of(Session& session, const Call& call, const Configuration& configuration, std::stop_token stop);

}  // namespace runbook::aws
