#pragma once
// Members in headers, and what headers say of an answer.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/http_client.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

bool has_header(const HttpHeaders& headers, std::string_view name);  // regardless of case
// Error (exit 1): a name that is none, or a value that would end the header.
void add_header(HttpHeaders& headers, const std::string& name, const std::string& value);
// nullopt: an empty list, which is not sent.
std::optional<std::string> header_text(const ServiceModel& model, const ShapeRef& ref, const Value& value,
                                       const std::string& dir);

// The members of a structure that stand in headers or in the status. AnswerFault: one is nothing of its shape.
Map members_in_headers(const ServiceModel& model, const Shape& shape, const HttpReply& reply);

// "" if no header says it.
std::string request_id_in_headers(const HttpReply& reply);

}  // namespace runbook::aws
