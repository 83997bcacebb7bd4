#include <fmt/format.h>

#include <cmath>

#include "aws/protocol_case.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {
namespace {

HttpReply reply_of(const Value& response) {
  HttpReply reply;
  reply.kind = HttpReply::Kind::answered;
  reply.status = static_cast<int>(response.int_or("status_code", 200));
  const Value headers = response.get("headers");
  if (headers.is_map()) {
    for (const auto& [name, value] : headers.as_map()) reply.headers.emplace_back(name, value.as_text());
  }
  reply.body = response.text_or("body", "");
  return reply;
}

// Results as the cases write them: points in time as seconds since 1970, blobs as the bytes they hold.
class AsInCases {
 public:
  explicit AsInCases(const ServiceModel& model) : model_(model) {}

  Value structure(const Shape& shape, const Value& value) const {
    if (!value.is_map() || shape.is_document) return value;
    Map members;
    for (const auto& [name, member] : value.as_map()) {
      const ShapeRef* ref = shape.find(name);
      const bool is_whole_body = name == shape.payload;
      members.emplace_back(name, ref == nullptr || is_whole_body ? payload(ref, member) : converted(*ref, member));
    }
    return members;
  }

 private:
  Value payload(const ShapeRef* ref, const Value& value) const {
    if (ref == nullptr || model_.shape(*ref).type == ShapeType::blob) return value;
    return converted(*ref, value);
  }

  Value converted(const ShapeRef& ref, const Value& value) const {
    const Shape& shape = model_.shape(ref);
    switch (shape.type) {
      case ShapeType::structure: return structure(shape, value);
      case ShapeType::list: return list(shape, value);
      case ShapeType::map: return map(shape, value);
      case ShapeType::timestamp: return seconds(value);
      case ShapeType::blob: return value.is_text() ? Value(from_base64(value.as_text()).value_or("no base64")) : value;
      default: return value;
    }
  }

  static Value seconds(const Value& value) {
    const auto at = value.is_text() ? parse_timestamp(value.as_text()) : std::nullopt;
    if (!at) return value;
    if (at->micros == 0) return at->seconds;
    return static_cast<double>(at->seconds) + at->micros / 1e6;
  }

  Value list(const Shape& shape, const Value& value) const {
    if (!value.is_list()) return value;
    List items;
    for (const Value& item : value.as_list()) items.push_back(converted(shape.member, item));
    return items;
  }

  Value map(const Shape& shape, const Value& value) const {
    if (!value.is_map()) return value;
    Map entries;
    for (const auto& [key, item] : value.as_map()) entries.emplace_back(key, converted(shape.value, item));
    return entries;
  }

  const ServiceModel& model_;
};

std::string error_complaint(const ServiceModel& model, const Value& test, const WireAnswer& answer) {
  if (!answer.error) return "wanted an error, found " + to_json(answer.result);
  const ServiceError& error = *answer.error;
  const std::string code = test.text_or("errorCode", error.code), message = test.text_or("errorMessage", error.message);
  if (error.code != code) return fmt::format("error code: wanted {}, found {}", code, error.code);
  if (error.message != message) return fmt::format("error message: wanted {}, found {}", message, error.message);
  const Value wanted = test.get("error");
  if (wanted.is_null()) return "";
  Value found = error.members;
  const Value errors = test.get("given").get("errors");
  for (const Value& one : errors.is_list() ? errors.as_list() : List()) {
    const Shape& shape = model.shape(one.text_or("shape", ""));
    if (shape.name == error.code || shape.error_code == error.code) found = AsInCases(model).structure(shape, found);
  }
  return wanted == found ? "" : fmt::format("error members: wanted {}, found {}", to_json(wanted), to_json(found));
}

}  // namespace

std::string complaint_about_answer(const Value& suite, const Value& test) {
  const ServiceModel model("conformance", source_of_document(suite));
  const Operation operation = read_operation(test.get("given").text_or("name", ""), test.get("given"));
  const WireAnswer answer = read_answer(model, operation, reply_of(test.get("response")));
  if (test.find("error") != nullptr || test.find("errorCode") != nullptr) return error_complaint(model, test, answer);
  if (answer.error) return fmt::format("wanted a result, found the error {}: {}", answer.error->code, answer.error->message);
  const Value found =
      operation.output.empty() ? answer.result : AsInCases(model).structure(model.shape(operation.output), answer.result);
  const Value wanted = test.get("result");
  return wanted == found ? "" : fmt::format("wanted {}, found {}", to_json(wanted), to_json(found));
}

}  // namespace runbook::aws
