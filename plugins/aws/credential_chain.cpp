#include "plugins/aws/credential_chain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/shell_word.h"
#include "base/suggestion.h"
#include "plugins/aws/container_credentials.h"
#include "plugins/aws/instance_credentials.h"
#include "plugins/aws/key_credentials.h"
#include "plugins/aws/process_credentials.h"
#include "plugins/aws/sso_credentials.h"
#include "plugins/aws/web_identity.h"

namespace runbook::aws {
namespace {

using Source = std::optional<Credentials> (*)(CredentialSearch&);

std::optional<Credentials> first_of(std::initializer_list<Source> sources, CredentialSearch& search) {
  for (const Source source : sources)
    if (auto found = source(search)) return found;
  return std::nullopt;
}

// `aws login` signs requests for its own tokens with a key pair of its own, which is not spoken here.
std::optional<Credentials> refused_login(CredentialSearch& search) {
  if (!search.section().contains("login_session")) return std::nullopt;
  throw Error(ExitCode::step_failed,
              fmt::format("profile `{}` is signed in by `aws login`, which is not read here", search.profile),
              fmt::format("type: eval \"$(aws configure export-credentials --profile {} --format env)\"",
                          quoted_for_shell(search.profile)));
}

std::string short_path(const Configuration& configuration, const std::string& path) {
  const std::string home = configuration.home();
  return !home.empty() && path.starts_with(home + "/") ? "~" + path.substr(home.size()) : path;
}

std::string profile_has_none(const CredentialSearch& search) {
  const Configuration& from = search.configuration;
  return fmt::format("profile `{}` has none in {} or {}", search.profile, short_path(from, from.credentials_file()),
                     short_path(from, from.config_file()));
}

std::optional<Credentials> from_profile(CredentialSearch& search) {
  auto found = first_of(
      {web_identity_credentials, sso_credentials, credentials_file_keys, refused_login, process_credentials, config_file_keys},
      search);
  if (!found) search.looked.push_back(profile_has_none(search));
  return found;
}

}  // namespace

Credentials chain_credentials(CredentialSearch& search, const SourceOf& source_of) {
  if (search.variables == CredentialSearch::Variables::count)
    if (auto found = environment_credentials(search)) return std::move(*found);
  if (is_role(search.section())) return role_credentials(search, source_of);
  if (auto found = first_of({from_profile, container_credentials, instance_credentials}, search)) return std::move(*found);
  throw Error(ExitCode::step_failed, fmt::format("no AWS credentials: {}", fmt::join(search.looked, ", ")),
              "type: aws configure, or set AWS_PROFILE");
}

Credentials source_credentials(CredentialSearch& search, const SourceOf& source_of) {
  const Section section = search.section();
  if (is_role(section) && !has_keys(section)) return role_credentials(search, source_of);
  if (auto found = from_profile(search)) return std::move(*found);
  throw Error(
      ExitCode::step_failed,
      fmt::format("profile `{}` is a source_profile without credentials: {}", search.profile, fmt::join(search.looked, ", ")),
      "type: aws configure --profile " + quoted_for_shell(search.profile));
}

void check_profile(const Configuration& configuration, const std::string& wanted) {
  const std::string name = configuration.profile_name(wanted);
  if (!configuration.names_profile(wanted) || configuration.profile(name)) return;
  throw Error(ExitCode::step_failed,
              fmt::format("there is no profile `{}` in {} or {}", name, short_path(configuration, configuration.config_file()),
                          short_path(configuration, configuration.credentials_file())),
              suggestion(name, configuration.profile_names()));
}

}  // namespace runbook::aws
