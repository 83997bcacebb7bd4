#include "plugins/aws/call_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/timestamp.h"
#include "plugins/aws/error_kinds.h"
#include "plugins/aws/wire_headers.h"

namespace runbook::aws {

namespace {

constexpr std::int64_t tolerated_skew_ms = 4 * 60 * 1000;  // services refuse at five minutes

bool is_signed(const Call& call) {
  const Operation& operation = *call.operation;
  const bool says_none =
      operation.auth_type == "none" || (operation.auth.size() == 1 && operation.auth.front() == "smithy.api#noAuth");
  return !call.is_unsigned && !says_none;
}

// What is spoken here is version 4; the models list what a service takes.
void require_known_signature(const Call& call) {
  const Metadata& metadata = call.model->metadata();
  const std::vector<std::string>& auth = call.operation->auth.empty() ? metadata.auth : call.operation->auth;
  const bool takes_v4 = auth.empty() ? metadata.signature_version != "bearer" && metadata.signature_version != "v2"
                                     : std::find(auth.begin(), auth.end(), "aws.auth#sigv4") != auth.end();
  if (takes_v4) return;
  throw Error(ExitCode::step_failed,
              fmt::format("{}.{} wants another signature than version 4, the one that is made here", call.model->name(),
                          call.operation->name),
              "use `exec: [aws, ...]` for it");
}

void require_spoken(const Call& call) {
  if (call.operation->endpoint_discovery.bool_or("required", false))
    throw Error(ExitCode::step_failed,
                fmt::format("{}.{} needs endpoint discovery, which is not done here", call.model->name(), call.operation->name),
                "use `exec: [aws, ...]` for it");
}

std::string text_of(const ServiceError& error) {
  return error.message.empty() ? error.code : fmt::format("{}: {}", error.code, error.message);
}

AttemptResult no_answer(const HttpReply& reply) {
  AttemptResult result;
  result.answer.kind = reply.kind == HttpReply::Kind::not_sent ? CallAnswer::Kind::not_sent
                       : reply.was_stopped                     ? CallAnswer::Kind::cancelled
                                                               : CallAnswer::Kind::unknown;
  result.answer.why = reply.why;
  return result;
}

}  // namespace

CallAttempt::CallAttempt(Parts parts, const Call& call, const Configuration& configuration)
    : parts_(std::move(parts)), call_(call), configuration_(configuration) {
  require_spoken(call);
  if (is_signed(call)) require_known_signature(call);
  const Metadata& metadata = call.model->metadata();
  settings_ = configuration.endpoint_settings(configuration.profile_name(), metadata.service_id);
  wire_ = write_request(*call.model, *call.operation, call.params, call.dir);
  if (!has_header(wire_.headers, "User-Agent")) wire_.headers.emplace_back("User-Agent", "runbook");
}

HttpRequest CallAttempt::request() {
  if (is_signed(call_)) credentials_ = call_.credentials ? *call_.credentials : parts_.credentials();
  if (credentials_) settings_.account_id = credentials_->account;
  endpoint_ = endpoint_of(parts_.store, *call_.model, *call_.operation, call_.params, settings_);
  if (endpoint_.is_sigv4a && is_signed(call_))
    throw Error(ExitCode::step_failed, "this endpoint wants a signature over several regions (SigV4A), which is not made here");
  const std::string host = (endpoint_.takes_host_prefix ? wire_.host_prefix : "") + endpoint_.host;
  WireRequest wire = wire_;
  wire.path = path_at(endpoint_, wire.path);
  for (const auto& [name, values] : endpoint_.headers.is_map() ? endpoint_.headers.as_map() : Map())
    for (const std::string& value : texts_in(values)) wire.headers.emplace_back(name, value);
  HttpRequest request;
  request.method = wire.method;
  const std::string query = query_text(wire.query);
  request.url = fmt::format("{}://{}{}{}{}", endpoint_.scheme, host, wire.path, query.empty() ? "" : "?", query);
  request.headers = credentials_ ? sign_for(wire, host).headers : wire.headers;
  request.body = wire.body;
  request.body_file = wire.body_file;
  if (!streaming_member(*call_.model, *call_.operation).empty()) request.answer_file = call_.save_to;
  request.connection = call_.may_repeat ? HttpRequest::Connection::kept : HttpRequest::Connection::fresh;
  request.ca_bundle = configuration_.ca_bundle(configuration_.profile_name());
  return request;
}

Signed CallAttempt::sign_for(const WireRequest& wire, const std::string& host) const {
  SigningScope scope;
  scope.region = endpoint_.signing_region;
  scope.service = endpoint_.signing_name;
  scope.at_ms = parts_.clock.now_ms() + parts_.clock_offset_ms;
  if (endpoint_.encodes_path_once) scope.path = SigningScope::Path::as_sent;
  scope.names_payload = endpoint_.encodes_path_once;
  const bool is_unsigned_body = call_.operation->has_unsigned_payload || call_.operation->auth_type == "v4-unsigned-body";
  if (is_unsigned_body) scope.payload = SigningScope::Payload::unsigned_body;
  return sign(wire, host, *credentials_, scope);
}

AttemptResult CallAttempt::run(std::optional<std::int64_t> timeout_ms, std::stop_token stop) {
  HttpRequest request = this->request();
  request.timeout_ms = timeout_ms;
  if (call_.before_sending) call_.before_sending();
  return judge(parts_.http.send(request, stop));
}

// An empty one stands in the file, too.
Value CallAttempt::without_stream(const Value& result) const {
  const std::string stream = streaming_member(*call_.model, *call_.operation);
  Map members;
  for (const auto& [name, value] : result.as_map())
    if (name != stream) members.emplace_back(name, value);
  return Value(std::move(members));
}

AttemptResult CallAttempt::judge(const HttpReply& reply) {
  if (reply.kind != HttpReply::Kind::answered) return no_answer(reply);
  AttemptResult result;
  try {
    WireAnswer answer = read_answer(*call_.model, *call_.operation, reply, call_.params);
    if (answer.error) return refused(*answer.error, reply);
    if (!call_.save_to.empty()) answer.result = without_stream(answer.result);
    result.answer.kind = CallAnswer::Kind::done;
    result.answer.result = std::move(answer.result);
    result.answer.request_id = std::move(answer.request_id);
  } catch (const Error& error) {
    result.answer.kind = CallAnswer::Kind::unknown;
    result.answer.why = error.what();
  }
  return result;
}

AttemptResult CallAttempt::refused(const ServiceError& error, const HttpReply& reply) {
  AttemptResult result;
  result.answer.kind = says_not_done(error) ? CallAnswer::Kind::refused : CallAnswer::Kind::unknown;
  result.answer.error = error;
  result.answer.why = text_of(error);
  result.remedy = remedy_for(error, reply);
  return result;
}

// Services say when they answered, and S3 where a bucket is.
Remedy CallAttempt::remedy_for(const ServiceError& error, const HttpReply& reply) {
  const std::optional<Timestamp> theirs = parse_timestamp(reply.header("date"));
  const std::int64_t ours_ms = parts_.clock.now_ms() + parts_.clock_offset_ms;
  const std::int64_t off_ms = theirs ? theirs->seconds * 1000 - ours_ms : 0;
  if (std::llabs(off_ms) > tolerated_skew_ms && (says_clock_is_wrong(error) || error.status == 403)) {
    parts_.clock_offset_ms += off_ms;
    return Remedy::corrected_clock;
  }
  if (says_expired(error) && credentials_ && !call_.credentials) {
    parts_.forget(*credentials_);
    return Remedy::new_credentials;
  }
  const std::string region(reply.header("x-amz-bucket-region"));
  if (!region.empty() && region != endpoint_.signing_region && settings_.endpoint_url.empty()) {
    settings_.region = region;
    return Remedy::other_region;
  }
  return Remedy::none;
}

}  // namespace runbook::aws
