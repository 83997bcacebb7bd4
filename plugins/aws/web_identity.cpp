#include "plugins/aws/web_identity.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "plugins/aws/role_credentials.h"

namespace runbook::aws {
namespace {

std::string wanted(const CredentialSearch& search, const char* variable, const std::string& name) {
  if (search.variables == CredentialSearch::Variables::count) {
    std::string value = search.configuration.variable(variable);
    if (!value.empty()) return value;
  }
  return setting(search.section(), name);
}

}  // namespace

std::optional<Credentials> web_identity_credentials(CredentialSearch& search) {
  const std::string file = wanted(search, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (file.empty()) return std::nullopt;
  const std::string arn = wanted(search, "AWS_ROLE_ARN", "role_arn");
  if (arn.empty())
    throw Error(ExitCode::step_failed, fmt::format("there is a web identity token ({}), but no role to assume with it", file),
                "set AWS_ROLE_ARN, or role_arn in the profile");
  std::string name = wanted(search, "AWS_ROLE_SESSION_NAME", "role_session_name");
  if (name.empty()) name = default_session_name(*search.parts.clock);
  const std::string token = without_line_ends(read_file(search.configuration.expanded(file), ExitCode::step_failed));
  const Value result =
      call_for(search, "sts", "AssumeRoleWithWebIdentity",
               object({{"RoleArn", arn}, {"RoleSessionName", name}, {"WebIdentityToken", token}}), search.region, nullptr,
               fmt::format("role {} can't be assumed with the web identity token in {}", arn, file), {token});
  Credentials assumed = issued_credentials(result.get("Credentials"), "SessionToken",
                                           fmt::format("role {} by the web identity token in {}", arn, file));
  assumed.account = account_in(result.get("AssumedRoleUser").text_or("Arn", arn));
  return assumed;
}

}  // namespace runbook::aws
