#pragma once
// Checksums of request bodies, where the model requires one or the params name an algorithm.
#include "plugins/aws/protocol.h"

namespace runbook::aws {

// Adds Content-MD5 or x-amz-checksum-... to the request, unless it has one. CRC32 is taken where the operation lets its caller choose and
// the params don't. Error (exit 1): an algorithm that is not made here, or a file that can't be read.
void add_checksum(const ServiceModel& model, const Operation& operation, const Value& params, WireRequest& request);

}  // namespace runbook::aws
