#pragma once
// What a service says where it refuses, in each of the protocols.
#include <string>
#include <string_view>

#include "plugins/aws/protocol.h"

namespace runbook::aws {

// Of an answer that is an error. What is none of the protocol becomes the status as code and the beginning of the text as message.
// `request_id` is set if the body names it and it was "".
ServiceError read_service_error(const ServiceModel& model, const Operation& operation, const HttpReply& reply,
                                std::string& request_id);

// "aws.service#NotFound:http://..." → "NotFound".
std::string error_name(std::string_view code);
// "Not Found"; "" of a status that nobody has named.
std::string_view status_phrase(int status);

}  // namespace runbook::aws
