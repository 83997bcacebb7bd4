#pragma once
#include "plugins/aws/call_attempt.h"

namespace runbook::aws {

// Up to three attempts (AWS_MAX_ATTEMPTS, `max_attempts` of the profile): of what was not sent or was turned away for its rate always, of what
// got no answer only where a second one does no harm. Once an attempt may have been carried out, the call is not said to be refused.
CallAnswer call_with_retries(const CallAttempt::Parts& parts, const Call& call, const Configuration& configuration,
                             std::stop_token stop);

}  // namespace runbook::aws
