#pragma once
// Bodies in JSON, of the protocols json and rest-json.
#include <string>
#include <string_view>

#include "base/value.h"
#include "plugins/aws/protocol.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// What to_json makes a body of.
Value json_to_write(const ServiceModel& model, const ShapeRef& ref, const Value& value, const std::string& dir);
Value json_structure_to_write(const ServiceModel& model, const Shape& shape, const Value& value, const std::string& dir);

// The protocol json, complete.
WireRequest write_json_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir);

// {} of an empty body. AnswerFault: it is no JSON.
Value json_of_body(std::string_view body);
// AnswerFault: it is nothing of the shape.
Value json_result(const ServiceModel& model, const ShapeRef& ref, const Value& json);
Value json_structure_result(const ServiceModel& model, const Shape& shape, const Value& json);

}  // namespace runbook::aws
