#include "plugins/aws/service_error.h"

#include <array>
#include <utility>

#include "base/one_line.h"
#include "base/trimmed.h"
#include "plugins/aws/json_body.h"
#include "plugins/aws/wire_headers.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

bool speaks_json(const ServiceModel& model) {
  return model.metadata().protocol == "json" || model.metadata().protocol == "rest-json";
}

const Shape* modelled_error(const ServiceModel& model, const Operation& operation, const std::string& code) {
  for (const std::string& name : operation.errors) {
    const Shape& shape = model.shape(name);
    if (shape.name == code || (!shape.error_code.empty() && shape.error_code == code)) return &shape;
  }
  return nullptr;
}

// Members of the error in the model's order: from headers where they are located there, else from the body.
template <typename ReadBody>
Value error_members(const ServiceModel& model, const Shape& shape, const HttpReply& reply, ReadBody read_body) {
  const Value in_headers = members_in_headers(model, shape, reply);
  const Value in_body = read_body();
  Map members;
  for (const auto& [name, ref] : shape.members) {
    const Value* value = (ref.location == Location::body ? in_body : in_headers).find(name);
    if (value != nullptr) members.emplace_back(name, *value);
  }
  return members;
}

// Of several names the first that has text.
std::string first_text(const Value& json, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const Value value = json.get(name);
    if (value.is_text() || value.is_number()) return scalar_text(value);
  }
  return "";
}

// "AWS.Toys.NotThere;Sender": the code that the service had when it spoke the protocol query.
std::string former_code(const HttpReply& reply) {
  const std::string_view told = reply.header("x-amzn-query-error");
  const std::size_t end = told.find(';');
  return end == std::string_view::npos ? "" : std::string(trimmed(told.substr(0, end)));
}

void read_json_error(const ServiceModel& model, const Operation& operation, const HttpReply& reply, ServiceError& error) {
  error.code = error_name(reply.header("x-amzn-errortype"));
  const Value body = json_of_body(reply.body);
  if (!body.is_map()) throw AnswerFault("it is no object in JSON");
  const bool is_rest = model.metadata().protocol == "rest-json";
  if (error.code.empty())
    error.code =
        error_name(is_rest ? first_text(body, {"code", "Code", "__type"}) : first_text(body, {"__type", "code", "Code"}));
  error.message = first_text(body, {"message", "Message", "errorMessage"});
  if (const Shape* shape = modelled_error(model, operation, error.code))
    error.members = error_members(model, *shape, reply, [&] { return json_structure_result(model, *shape, body); });
  if (const std::string former = former_code(reply); !former.empty()) error.code = former;
}

// <ErrorResponse><Error>, <Response><Errors><Error>, <Error>; nullptr: none of them.
const XmlElement* error_element(const XmlElement& root) {
  if (root.name == "Error") return &root;
  if (const XmlElement* error = root.child("Error")) return error;
  const XmlElement* errors = root.child("Errors");
  return errors == nullptr ? nullptr : errors->child("Error");
}

std::string child_text(const XmlElement& element, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const XmlElement* child = element.child(name)) return child->text;
  }
  return "";
}

void read_xml_error(const ServiceModel& model, const Operation& operation, const HttpReply& reply, ServiceError& error,
                    std::string& request_id) {
  const XmlElement root = xml_of_body(reply.body);
  const XmlElement* found = error_element(root);
  const XmlElement& element = found == nullptr ? root : *found;
  error.message = child_text(element, {"Message", "message"});
  // What stands before a service refuses with its reason as the root: <AccessDeniedException><Message>.
  error.code = found != nullptr ? child_text(element, {"Code", "code"}) : error.message.empty() ? "" : root.name;
  for (const XmlElement* place : {&root, &element}) {
    if (request_id.empty()) request_id = child_text(*place, {"RequestId", "RequestID", "requestId"});
  }
  if (found == nullptr && error.code.empty()) throw AnswerFault("it is no error in XML");
  if (const Shape* shape = modelled_error(model, operation, error.code))
    error.members = error_members(model, *shape, reply, [&] { return xml_structure_result(model, *shape, element); });
}

}  // namespace

ServiceError read_service_error(const ServiceModel& model, const Operation& operation, const HttpReply& reply,
                                std::string& request_id) {
  ServiceError error;
  error.status = reply.status;
  const bool is_empty = trimmed(reply.body).empty();
  try {
    if (speaks_json(model)) read_json_error(model, operation, reply, error);
    else if (!is_empty) read_xml_error(model, operation, reply, error, request_id);
  } catch (const AnswerFault&) {
    error.members = Value();
    if (error.message.empty()) error.message = one_line(trimmed(reply.body));
  }
  if (error.code.empty()) error.code = std::to_string(reply.status);
  if (error.message.empty() && is_empty) error.message = status_phrase(reply.status);
  return error;
}

std::string error_name(std::string_view code) {
  code = trimmed(code.substr(0, code.find(':')));
  const std::size_t hash = code.rfind('#');
  return std::string(hash == std::string_view::npos ? code : code.substr(hash + 1));
}

std::string_view status_phrase(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 23> phrases = {{
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {416, "Requested Range Not Satisfiable"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  for (const auto& [known, phrase] : phrases) {
    if (known == status) return phrase;
  }
  return "";
}

}  // namespace runbook::aws
