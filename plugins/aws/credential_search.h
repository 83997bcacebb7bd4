#pragma once
// What every source of credentials gets to look with, and the form in which services issue them. The sources stand in files
// of their own; their order is credential_chain.h's.
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/value.h"
#include "os/http_client.h"
#include "plugins/aws/configuration.h"
#include "plugins/aws/credentials.h"
#include "plugins/aws/signature.h"

namespace runbook::aws {

struct CredentialSearch {
  const Configuration& configuration;
  const CredentialProvider::Parts& parts;
  std::mutex& sso_tokens;  // held while one of their files is read, renewed and written
  std::stop_token stop;
  std::string region;  // where other services are called
  std::string profile;
  enum class Variables {
    count,
    ignored,  // the profile was named by whoever asks, not by the environment: it stands above keys in variables
  } variables = Variables::count;
  std::vector<std::string> looked = {};  // one clause for each source that has nothing

  Section section() const { return configuration.profile(profile).value_or(Section()); }
};

// A map {AccessKeyId, SecretAccessKey, `token_name`, Expiration, AccountId}, of which the last three may be missing. Error
// (exit 1): it is none; the message begins with `source` and holds no value.
Credentials issued_credentials(const Value& map, std::string_view token_name, const std::string& source);
// Null where it is no JSON.
Value json_or_null(std::string_view text);
// "2026-11-20T23:55:01Z", with an offset, or with "UTC" as older tools wrote it. nullopt: it is no point in time.
std::optional<std::int64_t> moment_ms(std::string_view text);
// "arn:aws:iam::123456789012:role/x" → "123456789012"; "" if it is no ARN.
std::string account_in(std::string_view arn);
// `ServiceCall`, whose Error gets `doing` before its sentence; `secrets` are masked in it.
Value call_for(const CredentialSearch& search, const std::string& service, const std::string& operation, const Value& params,
               const std::string& region, const Credentials* credentials, const std::string& doing,
               const std::vector<std::string>& secrets);

}  // namespace runbook::aws
