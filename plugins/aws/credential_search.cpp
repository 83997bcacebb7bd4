#include "plugins/aws/credential_search.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "base/timestamp.h"

namespace runbook::aws {

Value json_or_null(std::string_view text) {
  std::optional<Value> parsed = try_parse_json(text);
  if (parsed) return std::move(*parsed);
  return {};
}

std::optional<std::int64_t> moment_ms(std::string_view text) {
  std::string written(text);
  if (written.ends_with("UTC")) written.replace(written.size() - 3, 3, "Z");
  const std::optional<Timestamp> at = parse_timestamp(written);
  return at ? std::optional(at->seconds * 1000 + at->micros / 1000) : std::nullopt;
}

Credentials issued_credentials(const Value& map, std::string_view token_name, const std::string& source) {
  Credentials issued;
  issued.access_key = map.text_or("AccessKeyId", "");
  issued.secret_key = map.text_or("SecretAccessKey", "");
  issued.session_token = map.text_or(token_name, "");
  issued.account = map.text_or("AccountId", "");
  issued.source = source;
  for (const char* name : {"AccessKeyId", "SecretAccessKey"})
    if (map.text_or(name, "").empty())
      throw Error(ExitCode::step_failed, fmt::format("{} gives no credentials: {} is missing", source, name));
  const Value expiration = map.get("Expiration");
  if (expiration.is_null()) return issued;
  issued.expires_ms = moment_ms(expiration.is_text() ? expiration.as_text() : "");
  if (!issued.expires_ms)
    throw Error(ExitCode::step_failed, fmt::format("{} gives no credentials: Expiration is no point in time", source));
  return issued;
}

std::string account_in(std::string_view arn) {
  if (!arn.starts_with("arn:")) return {};
  for (int part = 0; part < 4; ++part) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

Value call_for(const CredentialSearch& search, const std::string& service, const std::string& operation, const Value& params,
               const std::string& region, const Credentials* credentials, const std::string& doing,
               const std::vector<std::string>& secrets) try {
  return search.parts.call(service, operation, params, region, credentials, search.stop);
} catch (const Error& error) {
  throw Error(error.code(), redact(fmt::format("{}: {}", doing, error.what()), secrets), redact(error.hint(), secrets));
}

}  // namespace runbook::aws
