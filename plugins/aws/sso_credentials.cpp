#include "plugins/aws/sso_credentials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/error.h"
#include "plugins/aws/sso_token.h"

namespace runbook::aws {
namespace {

// The profile with what its session says.
Section with_session(const CredentialSearch& search, Section section) {
  const std::string name = setting(section, "sso_session");
  if (name.empty()) return section;
  const auto session = search.configuration.sso_session(name);
  if (!session)
    throw Error(ExitCode::step_failed, fmt::format("profile `{}` names the section [sso-session {}], which {} has not",
                                                   search.profile, name, search.configuration.config_file()));
  for (const auto& [key, value] : *session) {
    const auto [entry, is_new] = section.try_emplace(key, value);
    if (!is_new && entry->second != value)
      throw Error(ExitCode::step_failed,
                  fmt::format("{} of profile `{}` is {}, and {} in its section [sso-session {}]", key, search.profile,
                              entry->second, value, name),
                  "remove one of them");
  }
  return section;
}

SsoSettings settings_of(const CredentialSearch& search) {
  const Section section = with_session(search, search.section());
  std::vector<std::string> missing;
  for (const char* name : {"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"})
    if (setting(section, name).empty()) missing.emplace_back(name);
  if (!missing.empty())
    throw Error(ExitCode::step_failed,
                fmt::format("profile `{}` signs in by SSO, but has no {}", search.profile, fmt::join(missing, ", ")),
                "type: aws configure sso");
  return {setting(section, "sso_session"), setting(section, "sso_start_url"), setting(section, "sso_region"),
          setting(section, "sso_account_id"), setting(section, "sso_role_name")};
}

// Under the names that others use.
Value renamed(const Value& given) {
  Value result = object({{"AccessKeyId", given.get("accessKeyId")},
                         {"SecretAccessKey", given.get("secretAccessKey")},
                         {"SessionToken", given.get("sessionToken")}});
  const std::int64_t expires = given.int_or("expiration", 0);
  return expires > 0 ? with(result, "Expiration", utc_text(expires)) : result;
}

Value ask(const CredentialSearch& search, const SsoSettings& settings, const std::string& source) {
  const std::string token = sso_token(search, settings);
  try {
    return call_for(search, "sso", "GetRoleCredentials",
                    object({{"roleName", settings.role}, {"accountId", settings.account}, {"accessToken", token}}),
                    settings.region, nullptr, source + " gives no credentials", {token});
  } catch (const Error& error) {
    const bool is_over = std::string_view(error.what()).find("Unauthorized") != std::string_view::npos;
    throw Error(error.code(), error.what(), is_over ? sign_in_hint(search) : error.hint());
  }
}

}  // namespace

std::optional<Credentials> sso_credentials(CredentialSearch& search) {
  const Section section = search.section();
  if (!section.contains("sso_account_id") && !section.contains("sso_role_name")) return std::nullopt;
  const SsoSettings settings = settings_of(search);
  const std::string source =
      fmt::format("role {} in account {} by SSO (profile {})", settings.role, settings.account, search.profile);
  const Value answer = ask(search, settings, source);
  Credentials found = issued_credentials(renamed(answer.get("roleCredentials")), "SessionToken", source);
  found.account = settings.account;
  return found;
}

}  // namespace runbook::aws
