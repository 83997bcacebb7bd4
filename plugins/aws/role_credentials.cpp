#include "plugins/aws/role_credentials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/suggestion.h"
#include "base/trimmed.h"
#include "plugins/aws/container_credentials.h"
#include "plugins/aws/instance_credentials.h"
#include "plugins/aws/key_credentials.h"

namespace runbook::aws {
namespace {

[[noreturn]] void refuse(const std::string& profile, const std::string& why, const std::string& hint = {}) {
  throw Error(ExitCode::step_failed, fmt::format("profile `{}` {}", profile, why), hint);
}

std::int64_t duration_in(const std::string& text, const std::string& profile) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty()) return 0;
  if (error != std::errc() || end != text.data() + text.size() || seconds <= 0)
    refuse(profile, "has duration_seconds that are no number of seconds", "write: duration_seconds = 3600");
  return seconds;
}

std::string code_for(const CredentialSearch& search, const Role& role) {
  const std::string code = search.parts.ask ? search.parts.ask(role.mfa_serial) : "";
  if (code.empty())
    throw CodeWanted(role.mfa_serial,
                     fmt::format("role {} needs a code of the device {}, and nobody can be asked", role.arn, role.mfa_serial),
                     fmt::format("run it at a terminal, or set variables from: runbook aws sts.GetSessionToken --params "
                                 R"('{{"SerialNumber": "{}", "TokenCode": "CODE"}}')",
                                 role.mfa_serial));
  return std::string(trimmed(code));
}

Value params_of(const CredentialSearch& search, const Role& role) {
  Value params =
      object({{"RoleArn", role.arn},
              {"RoleSessionName", role.session_name.empty() ? default_session_name(*search.parts.clock) : role.session_name}});
  if (!role.external_id.empty()) params = with(params, "ExternalId", role.external_id);
  if (role.duration_s > 0) params = with(params, "DurationSeconds", role.duration_s);
  if (role.mfa_serial.empty()) return params;
  params = with(params, "SerialNumber", role.mfa_serial);
  return with(params, "TokenCode", code_for(search, role));
}

std::optional<Credentials> credentials_of_source(CredentialSearch& search, const std::string& name) {
  if (name == "Environment") return environment_credentials(search);
  if (name == "Ec2InstanceMetadata") return instance_credentials(search);
  if (name == "EcsContainer") return container_credentials(search);
  refuse(search.profile, fmt::format("has credential_source = {}, which is none", name),
         suggestion(name, {"Environment", "Ec2InstanceMetadata", "EcsContainer"}));
}

Credentials named_source(const CredentialSearch& search, const std::string& name) {
  CredentialSearch inner{search.configuration, search.parts,   search.sso_tokens, search.stop,
                         search.region,        search.profile, search.variables};
  if (auto found = credentials_of_source(inner, name)) return std::move(*found);
  refuse(search.profile, fmt::format("has credential_source = {}, which has none: {}", name, fmt::join(inner.looked, ", ")));
}

}  // namespace

std::string default_session_name(const Clock& clock) { return fmt::format("runbook-{}", clock.now_ms()); }

bool is_role(const Section& profile) { return profile.contains("role_arn") && !profile.contains("web_identity_token_file"); }

Role role_of(const CredentialSearch& search) {
  const Section section = search.section();
  return {setting(section, "role_arn"),
          setting(section, "external_id"),
          setting(section, "role_session_name"),
          setting(section, "mfa_serial"),
          duration_in(setting(section, "duration_seconds"), search.profile),
          fmt::format("role {} by profile {}", setting(section, "role_arn"), search.profile)};
}

Credentials assume(const CredentialSearch& search, const Role& role, const Credentials& by) {
  const Value params = params_of(search, role);
  const Value result = call_for(search, "sts", "AssumeRole", params, search.region, &by,
                                fmt::format("role {} can't be assumed with the credentials of {}", role.arn, by.source),
                                {by.secret_key, by.session_token, params.text_or("TokenCode", "")});
  Credentials assumed = issued_credentials(result.get("Credentials"), "SessionToken", role.source);
  assumed.account = account_in(result.get("AssumedRoleUser").text_or("Arn", role.arn));
  return assumed;
}

Credentials role_credentials(const CredentialSearch& search, const SourceOf& source_of) {
  const Section section = search.section();
  const std::string from_profile = setting(section, "source_profile"), from_source = setting(section, "credential_source");
  if (!from_profile.empty() && !from_source.empty())
    refuse(search.profile, "has both source_profile and credential_source", "remove one of them");
  if (from_profile.empty() && from_source.empty())
    refuse(search.profile, "has role_arn, but neither source_profile nor credential_source",
           "set source_profile to the profile that may assume the role");
  return assume(search, role_of(search), from_profile.empty() ? named_source(search, from_source) : source_of(from_profile));
}

void check_role_chain(const Configuration& configuration, const std::string& profile) {
  std::vector<std::string> visited = {profile};
  for (std::string at = profile;;) {
    const Section section = configuration.profile(at).value_or(Section());
    const std::string source = setting(section, "source_profile");
    const bool is_end = at != profile && has_keys(section);
    if (is_end || !is_role(section) || source.empty()) return;
    if (!configuration.profile(source))
      refuse(at, fmt::format("has source_profile = {}, which is no profile", source),
             suggestion(source, configuration.profile_names()));
    if (source == at && has_keys(section)) return;
    const bool is_loop = std::find(visited.begin(), visited.end(), source) != visited.end();
    visited.push_back(source);
    if (is_loop)
      throw Error(ExitCode::step_failed, fmt::format("source_profile leads round in circles: {}", fmt::join(visited, " → ")),
                  "let the last one have keys, or a source that is no role");
    at = source;
  }
}

}  // namespace runbook::aws
