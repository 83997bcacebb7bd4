#pragma once
// One request of a call, from its parameters to what came of it.
#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "plugins/aws/endpoint.h"
#include "plugins/aws/session.h"

namespace runbook::aws {

// What may be done about an attempt that brought no result, beyond waiting.
enum class Remedy { none, new_credentials, corrected_clock, other_region };

struct AttemptResult {
  CallAnswer answer;
  Remedy remedy = Remedy::none;  // tried once each
};

class CallAttempt {
 public:
  struct Parts {
    const ModelStore& store;
    HttpClient& http;
    const Clock& clock;
    std::atomic<std::int64_t>& clock_offset_ms;
    std::function<Credentials()> credentials;
    std::function<void(const Credentials&)> forget;
  };
  // Writes the request; throws Error where it can't be.
  CallAttempt(Parts parts, const Call& call, const Configuration& configuration);

  // Throws Error where nothing was sent: no credentials, no endpoint.
  AttemptResult run(std::optional<std::int64_t> timeout_ms, std::stop_token stop);

 private:
  HttpRequest request();
  Signed sign_for(const WireRequest& wire, const std::string& host) const;
  AttemptResult judge(const HttpReply& reply);
  Value without_stream(const Value& result) const;
  AttemptResult refused(const ServiceError& error, const HttpReply& reply);
  Remedy remedy_for(const ServiceError& error, const HttpReply& reply);

  Parts parts_;
  const Call& call_;
  const Configuration& configuration_;
  EndpointSettings settings_;
  WireRequest wire_;
  Endpoint endpoint_;
  std::optional<Credentials> credentials_;
};

}  // namespace runbook::aws
