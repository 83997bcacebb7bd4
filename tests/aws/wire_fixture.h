#pragma once
// A service in a few lines: its protocol, its shapes and one operation.
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

struct Service {
  ServiceModel model;
  Operation operation;

  Service(const std::string& protocol, const std::string& shapes, const std::string& operation_json,
          const std::string& prefix = "toys")
      : model("toys", source_of_document(document(protocol, shapes, prefix))),
        operation(read_operation(parse_json(operation_json).text_or("name", "Play"), parse_json(operation_json))) {}

  WireRequest request(const std::string& params, const std::string& dir = "/") const {
    return write_request(model, operation, parse_json(params), dir);
  }

  WireAnswer answer(int status, const std::string& body, HttpHeaders headers = {}) const {
    HttpReply reply;
    reply.kind = HttpReply::Kind::answered;
    reply.status = status;
    reply.headers = std::move(headers);
    reply.body = body;
    return read_answer(model, operation, reply);
  }

  // As JSON; or what stopped it.
  std::string result(const std::string& body, HttpHeaders headers = {}) const try {
    const WireAnswer answered = answer(200, body, std::move(headers));
    return answered.error ? "refused: " + answered.error->code : to_json(answered.result);
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }

  std::string why_not(const std::string& params, const std::string& dir = "/") const try {
    request(params, dir);
    return "";
  } catch (const Error& error) {
    return error.what();
  }

 private:
  static Value document(const std::string& protocol, const std::string& shapes, const std::string& prefix) {
    const Value metadata = object({{"protocol", protocol},
                                   {"apiVersion", "2020-01-01"},
                                   {"jsonVersion", "1.1"},
                                   {"targetPrefix", "Toys"},
                                   {"endpointPrefix", prefix}});
    return object({{"metadata", metadata}, {"shapes", parse_json(shapes)}});
  }
};

inline std::string header_of(const WireRequest& request, const std::string& name) {
  for (const auto& [own, value] : request.headers) {
    if (own == name) return value;
  }
  return "none";
}

}  // namespace runbook::aws
