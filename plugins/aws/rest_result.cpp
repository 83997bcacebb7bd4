#include "plugins/aws/rest_result.h"

#include <optional>

#include "base/trimmed.h"
#include "plugins/aws/json_body.h"
#include "plugins/aws/wire_headers.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

bool is_xml(const ServiceModel& model) { return model.metadata().protocol == "rest-xml"; }

// A page of a proxy, where the operation answers with nothing that would have to be read.
bool looks_like_html(std::string_view body) {
  for (const std::string_view start : {"<!doctype html", "<!DOCTYPE html", "<html", "<HTML"}) {
    if (trimmed(body).starts_with(start)) return true;
  }
  return false;
}

Value body_structure(const ServiceModel& model, const Shape& shape, const std::string& body) {
  if (trimmed(body).empty()) return Map();
  if (is_xml(model)) return xml_structure_result(model, shape, xml_of_body(body));
  return json_structure_result(model, shape, json_of_body(body));
}

// What a stream held is known only if its body is here, or if its length is said to be nothing.
std::optional<Value> bytes_payload(const ShapeRef& ref, const Shape& shape, const HttpReply& reply) {
  if (!reply.body.empty()) return body_result(reply.body);
  const bool is_stream = ref.is_streaming || shape.is_streaming;
  if (is_stream && trimmed(reply.header("content-length")) == "0") return Value("");
  return std::nullopt;
}

std::optional<Value> payload(const ServiceModel& model, const ShapeRef& ref, const HttpReply& reply) {
  const Shape& shape = model.shape(ref);
  if (shape.type == ShapeType::blob) return bytes_payload(ref, shape, reply);
  if (shape.type == ShapeType::string) return reply.body.empty() ? std::nullopt : std::optional<Value>(reply.body);
  const bool is_empty = trimmed(reply.body).empty();
  if (is_empty && (shape.is_union || shape.is_document)) return std::nullopt;
  if (shape.type == ShapeType::structure && !shape.is_document) return body_structure(model, shape, reply.body);
  if (is_empty) return std::nullopt;
  if (is_xml(model)) throw AnswerFault("a body that is no structure is not read from XML");
  return json_result(model, ref, json_of_body(reply.body));
}

}  // namespace

Value rest_result(const ServiceModel& model, const Operation& operation, const HttpReply& reply) {
  if (operation.output.empty()) {
    if (looks_like_html(reply.body)) throw AnswerFault("it is a page in HTML");
    return Map();
  }
  const Shape& shape = model.shape(operation.output);
  const Value in_headers = members_in_headers(model, shape, reply);
  const Value in_body = shape.payload.empty() ? body_structure(model, shape, reply.body) : Value();
  Map members;
  for (const auto& [name, ref] : shape.members) {
    std::optional<Value> value;
    if (name == shape.payload) value = payload(model, ref, reply);
    else if (const Value* found = (ref.location == Location::body ? in_body : in_headers).find(name)) value = *found;
    if (value) members.emplace_back(name, *std::move(value));
  }
  return members;
}

}  // namespace runbook::aws
