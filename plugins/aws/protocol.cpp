#include "plugins/aws/protocol.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/one_line.h"
#include "base/percent.h"
#include "base/trimmed.h"
#include "base/xml.h"
#include "plugins/aws/checksum.h"
#include "plugins/aws/form_request.h"
#include "plugins/aws/host_prefix.h"
#include "plugins/aws/json_body.h"
#include "plugins/aws/rest_request.h"
#include "plugins/aws/rest_result.h"
#include "plugins/aws/s3_rules.h"
#include "plugins/aws/service_error.h"
#include "plugins/aws/wire_headers.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

enum class Protocol { form, json, rest, unknown };

Protocol protocol_of(const ServiceModel& model) {
  const std::string& name = model.metadata().protocol;
  if (name == "query" || name == "ec2") return Protocol::form;
  if (name == "json") return Protocol::json;
  if (name == "rest-json" || name == "rest-xml") return Protocol::rest;
  return Protocol::unknown;
}

std::string call_name(const ServiceModel& model, const Operation& operation) { return model.name() + "." + operation.name; }

[[noreturn]] void throw_unspoken(const ServiceModel& model, const Operation& operation) {
  throw_unwritable(fmt::format("{} is of a service with the protocol {}, which is not spoken here", call_name(model, operation),
                               model.metadata().protocol));
}

WireRequest write_in_protocol(const ServiceModel& model, const Operation& operation, const Value& params,
                              const std::string& dir) {
  switch (protocol_of(model)) {
    case Protocol::form: return write_form_request(model, operation, params, dir);
    case Protocol::json: return write_json_request(model, operation, params, dir);
    case Protocol::rest: return write_rest_request(model, operation, params, dir);
    default: throw_unspoken(model, operation);
  }
}

Value json_protocol_result(const ServiceModel& model, const Operation& operation, const HttpReply& reply) {
  const Value body = json_of_body(reply.body);
  return operation.output.empty() ? Value(Map()) : json_structure_result(model, model.shape(operation.output), body);
}

// A template that is JSON is given as what it says, as the AWS CLI does.
Value with_template(const Operation& operation, Value result) {
  const Value text = result.get("TemplateBody");
  if (operation.output != "GetTemplateOutput" || !text.is_text()) return result;
  const auto said = try_parse_json(text.as_text());
  return said && said->is_map() ? with(result, "TemplateBody", *said) : result;
}

Value read_result(const ServiceModel& model, const Operation& operation, const HttpReply& reply, const Value& params) {
  switch (protocol_of(model)) {
    case Protocol::form: return with_template(operation, form_result(model, operation, reply.body));
    case Protocol::json: return json_protocol_result(model, operation, reply);
    case Protocol::rest: return with_s3_rules(model, operation, params, reply, rest_result(model, operation, reply));
    default: throw_unspoken(model, operation);
  }
}

// <requestId> of ec2, <ResponseMetadata><RequestId> of query.
std::string request_id_in_xml(const ServiceModel& model, const HttpReply& reply) {
  if (protocol_of(model) != Protocol::form || trimmed(reply.body).empty()) return "";
  std::string why;
  const auto root = parse_xml(trimmed(reply.body), why);
  if (!root) return "";
  const XmlElement* metadata = root->child("ResponseMetadata");
  for (const char* name : {"RequestId", "requestId"}) {
    if (const XmlElement* id = (metadata == nullptr ? *root : *metadata).child(name)) return id->text;
  }
  return "";
}

// What begins as the protocol's answers do may hold secrets, and is not shown.
std::string beginning(const std::string& body) {
  const std::string_view text = trimmed(body);
  if (text.empty()) return "";
  const bool is_page = text.starts_with("<!") || text.starts_with("<h") || text.starts_with("<H");
  if (!is_page && (text.starts_with('{') || text.starts_with('[') || text.starts_with('<'))) return "";
  return fmt::format("; it begins with `{}`", one_line(text, 80));
}

}  // namespace

WireRequest write_request(const ServiceModel& model, const Operation& operation, const Value& params, const std::string& dir) {
  if (operation.has_event_stream)
    throw_unwritable(fmt::format("{} is an event stream, which is not spoken here", call_name(model, operation)));
  WireRequest request = write_in_protocol(model, operation, params, dir);
  request.host_prefix = host_prefix(operation, params);
  apply_s3_rules(model, operation, params, request);
  add_checksum(model, operation, params, request);
  return request;
}

WireAnswer read_answer(const ServiceModel& model, const Operation& operation, const HttpReply& reply, const Value& params) try {
  constexpr int first_error = 300;
  WireAnswer answer;
  answer.request_id = request_id_in_headers(reply);
  if (reply.status >= first_error || is_s3_error_behind_success(model, operation, reply)) {
    answer.error = read_service_error(model, operation, reply, answer.request_id);
    return answer;
  }
  answer.result = read_result(model, operation, reply, params);
  if (answer.request_id.empty()) answer.request_id = request_id_in_xml(model, reply);
  return answer;
} catch (const AnswerFault& fault) {
  throw Error(ExitCode::step_failed,
              fmt::format("the answer to {} (status {}) is not one of the protocol {}: {}{}", call_name(model, operation),
                          reply.status, model.metadata().protocol, fault.what(), beginning(reply.body)));
}

std::string query_text(const Query& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += percent_encoded(name);
    if (value) text += "=" + percent_encoded(*value);
  }
  return text;
}

std::string streaming_member(const ServiceModel& model, const Operation& operation) {
  if (operation.output.empty()) return "";
  const Shape& shape = model.shape(operation.output);
  const ShapeRef* payload = shape.payload.empty() ? nullptr : shape.find(shape.payload);
  return payload != nullptr && model.shape(*payload).type == ShapeType::blob ? shape.payload : "";
}

}  // namespace runbook::aws
