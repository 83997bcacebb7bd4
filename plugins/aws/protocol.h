#pragma once
// Requests and answers in AWS's protocols: query, ec2, json (1.0, 1.1), rest-json, rest-xml. Driven by shapes alone: no service is named.
//
// How values are written, in and out (what `params:` takes and results give):
//   structure, map  a map                      list       a list
//   blob            in: text (its bytes), {base64: text} or {file: path}; out: base64
//   timestamp       in: ISO 8601, RFC 822 or seconds since 1970; out: ISO 8601 with an offset, "2015-01-01T00:00:00+00:00"
//   numbers         NaN, Infinity and -Infinity as these texts
//   a member that is null is left out
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"
#include "os/http_client.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

using Query = std::vector<std::pair<std::string, std::optional<std::string>>>;  // decoded; nullopt: `?acl` without a value

struct WireRequest {
  std::string method;
  std::string path = "/";  // encoded once, without the query
  Query query;
  HttpHeaders headers;
  std::string host_prefix;  // with its labels filled in: "123456789012."; "": none
  std::string body;
  std::string body_file;  // instead of `body`: absolute
};

// `params` have been checked (check_params.h). `dir`: where `{file: path}` of blobs begins. Error (exit 1): a file that can't be read, an
// operation whose protocol, or whose event stream, is not spoken here, and parameters that can't be written.
WireRequest write_request(const ServiceModel& model, const Operation& operation, const Value& params, const std::string& dir);

struct ServiceError {
  std::string code;  // "NoSuchBucket", without namespaces and URLs
  std::string message;
  int status = 0;
  Value members;  // modelled members of the error, or null
};

struct WireAnswer {
  Value result;                       // a map; {} where there is nothing
  std::optional<ServiceError> error;  // then `result` is null
  std::string request_id;
};

// `reply` was answered. A streaming body that was written to a file is left out of the result. Error (exit 1): an answer that is none of the
// protocol (HTML of a proxy, cut JSON), with the beginning of what was answered; whether it was an error is unknown then. `params`: those of
// the request, since S3 answers as it is asked.
WireAnswer read_answer(const ServiceModel& model, const Operation& operation, const HttpReply& reply, const Value& params = {});

// As it is sent, and as it is signed: "a=1&b=%20&acl" ("acl=" where the protocol wants it), or "".
std::string query_text(const Query& query);

// The member of the output that is a stream, or "".
std::string streaming_member(const ServiceModel& model, const Operation& operation);

}  // namespace runbook::aws
