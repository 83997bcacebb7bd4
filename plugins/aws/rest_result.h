#pragma once
// Results of the protocols rest-json and rest-xml: members from the status, headers and the body.
#include "base/value.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

// AnswerFault: the answer is none of the protocol.
Value rest_result(const ServiceModel& model, const Operation& operation, const HttpReply& reply);

}  // namespace runbook::aws
