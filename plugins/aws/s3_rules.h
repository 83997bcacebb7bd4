#pragma once
// What S3 does otherwise than its protocol says. Of other services all of these leave things as they are.
#include "base/value.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

// Lists of objects ask for encoded names, since XML can't hold all of those; a stored body says its type only if the params do.
void apply_s3_rules(const ServiceModel& model, const Operation& operation, const Value& params, WireRequest& request);

// Status 200 was sent before the work began, and the body is an error. AnswerFault: of an operation that can answer so, a body that is empty:
// nobody knows what became of it.
bool is_s3_error_behind_success(const ServiceModel& model, const Operation& operation, const HttpReply& reply);

// Reads where a bucket lies, and decodes the names in lists unless the params have asked for encoded ones.
Value with_s3_rules(const ServiceModel& model, const Operation& operation, const Value& params, const HttpReply& reply,
                    Value result);

}  // namespace runbook::aws
