#include "plugins/aws/key_credentials.h"

#include <fmt/format.h>

#include "base/error.h"

namespace runbook::aws {
namespace {

[[noreturn]] void refuse_half(const std::string& given, const std::string& missing, const std::string& where) {
  throw Error(ExitCode::step_failed, fmt::format("{} has {} without {}", where, given, missing),
              fmt::format("set {}, or remove {}", missing, given));
}

std::string first_of(const std::string& a, const std::string& b) { return a.empty() ? b : a; }

std::optional<Credentials> keys_in(const Section& section, const std::string& profile, const std::string& file) {
  const std::string access_key = setting(section, "aws_access_key_id"), secret_key = setting(section, "aws_secret_access_key");
  if (access_key.empty() && secret_key.empty()) return std::nullopt;
  const std::string where = fmt::format("profile `{}` in {}", profile, file);
  if (secret_key.empty()) refuse_half("aws_access_key_id", "aws_secret_access_key", where);
  if (access_key.empty()) refuse_half("aws_secret_access_key", "aws_access_key_id", where);
  return Credentials{access_key,
                     secret_key,
                     first_of(setting(section, "aws_security_token"), setting(section, "aws_session_token")),
                     {},
                     setting(section, "aws_account_id"),
                     "profile " + profile};
}

}  // namespace

bool has_keys(const Section& profile) {
  return !setting(profile, "aws_access_key_id").empty() || !setting(profile, "aws_secret_access_key").empty();
}

std::optional<Credentials> environment_credentials(CredentialSearch& search) {
  const Configuration& from = search.configuration;
  Credentials keys;
  keys.access_key = from.variable("AWS_ACCESS_KEY_ID");
  keys.secret_key = from.variable("AWS_SECRET_ACCESS_KEY");
  if (keys.access_key.empty() && keys.secret_key.empty()) {
    search.looked.emplace_back("AWS_ACCESS_KEY_ID is not set");
    return std::nullopt;
  }
  if (keys.secret_key.empty()) refuse_half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "the environment");
  if (keys.access_key.empty()) refuse_half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "the environment");
  keys.session_token = first_of(from.variable("AWS_SECURITY_TOKEN"), from.variable("AWS_SESSION_TOKEN"));
  keys.account = from.variable("AWS_ACCOUNT_ID");
  keys.source = "environment";
  const std::string expiration = from.variable("AWS_CREDENTIAL_EXPIRATION");
  if (expiration.empty()) return keys;
  keys.expires_ms = moment_ms(expiration);
  if (!keys.expires_ms)
    throw Error(ExitCode::step_failed, "AWS_CREDENTIAL_EXPIRATION is no point in time", "write it as 2026-11-20T23:55:01Z");
  return keys;
}

std::optional<Credentials> credentials_file_keys(CredentialSearch& search) {
  return keys_in(search.configuration.in_credentials_file(search.profile), search.profile,
                 search.configuration.credentials_file());
}

std::optional<Credentials> config_file_keys(CredentialSearch& search) {
  return keys_in(search.configuration.in_config_file(search.profile), search.profile, search.configuration.config_file());
}

}  // namespace runbook::aws
