#pragma once
// AWS Signature Version 4 (docs.aws.amazon.com, "AWS Signature Version 4 for API requests"), with HMAC and SHA-256 of libcrypto.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/http_client.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

struct Credentials {
  std::string access_key, secret_key;
  std::string session_token;               // "": none
  std::optional<std::int64_t> expires_ms;  // nullopt: they don't
  std::string account;                     // "" where the source does not say it
  std::string source;                      // for the person: "environment", "profile dev", "role arn:... by profile dev"
};

struct SigningScope {
  std::string region, service;
  std::int64_t at_ms = 0;
  enum class Path {
    encoded_twice,  // and dot segments removed
    as_sent,        // S3
  } path = Path::encoded_twice;
  enum class Payload {
    hashed,
    unsigned_body,  // "UNSIGNED-PAYLOAD"
  } payload = Payload::hashed;
  bool names_payload = false;  // x-amz-content-sha256 is sent, as S3 needs it
};

struct Signed {
  HttpHeaders
      headers;  // of the request with what signing adds: X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256, Authorization
  std::string canonical_request, string_to_sign;
};

// `host` is what the Host header will say ("s3.amazonaws.com", "localhost:5000"). The body, or its file, is read for its digest. A date that
// the request has already (X-Amz-Date) counts, instead of at_ms. Headers that proxies change are not signed (connection, expect,
// user-agent, x-amzn-trace-id, transfer-encoding).
Signed sign(const WireRequest& request, const std::string& host, const Credentials& credentials, const SigningScope& scope);

}  // namespace runbook::aws
