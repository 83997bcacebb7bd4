#pragma once
// Keys that stand somewhere as they are: in the environment, in the credentials file, in the config file. nullopt: none
// there. Error (exit 1): half a pair, naming the missing half.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

std::optional<Credentials> environment_credentials(CredentialSearch& search);
std::optional<Credentials> credentials_file_keys(CredentialSearch& search);
std::optional<Credentials> config_file_keys(CredentialSearch& search);
// Whether one of the files has a key of the profile.
bool has_keys(const Section& profile);

}  // namespace runbook::aws
