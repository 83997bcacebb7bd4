#include "plugins/aws/error_kinds.h"

#include <algorithm>
#include <initializer_list>

namespace runbook::aws {
namespace {

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

bool says_not_found(const ServiceError& error) {
  const std::string_view code = error.code;
  return error.status == 404 || contains(code, "NotFound") || contains(code, "NoSuch") || contains(code, "NonExistent") ||
         contains(code, "DoesNotExist");
}

// The codes that the AWS SDKs take for throttling (docs.aws.amazon.com, "Retry behavior").
bool says_throttled(const ServiceError& error) {
  return error.status == 429 ||
         is_one_of(error.code, {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
                                "RequestThrottled", "TooManyRequestsException", "ProvisionedThroughputExceededException",
                                "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
                                "LimitExceededException", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException"});
}

bool says_expired(const ServiceError& error) {
  return is_one_of(error.code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"});
}

// Services say "Signature expired" and "Signature not yet current" under a code that also means a wrong key.
bool says_clock_is_wrong(const ServiceError& error) {
  if (is_one_of(error.code, {"RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"})) return true;
  const bool is_about_signature =
      is_one_of(error.code, {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "InvalidSignature"});
  return is_about_signature &&
         (contains(error.message, "expired") || contains(error.message, "not yet current") || contains(error.message, "clock"));
}

bool says_not_done(const ServiceError& error) {
  const bool was_begun = error.status < 300 || error.status >= 500;
  return !was_begun || says_throttled(error);
}

}  // namespace runbook::aws
