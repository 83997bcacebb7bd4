#pragma once
// The order in which credentials are looked for, which is that of the AWS CLI: environment (unless whoever asks has named a
// profile), a profile that is a role, web identity, SSO, keys in the credentials file, credential_process, keys in the config
// file, container, instance.
#include "plugins/aws/credential_search.h"
#include "plugins/aws/role_credentials.h"

namespace runbook::aws {

// Error (exit 1), if there are none: with all that was looked at.
Credentials chain_credentials(CredentialSearch& search, const SourceOf& source_of);
// What the profile of the search has as the source of another one: nothing from outside of the files. Error (exit 1), if
// there are none.
Credentials source_credentials(CredentialSearch& search, const SourceOf& source_of);
// Error (exit 1): the profile was named, and is not there; with the nearest one.
void check_profile(const Configuration& configuration, const std::string& wanted);

}  // namespace runbook::aws
