#pragma once
// A role of IAM Identity Center, by the token that `aws sso login` has left in ~/.aws/sso/cache.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

// nullopt: the profile names neither sso_account_id nor sso_role_name. Error (exit 1): a setting is missing, nobody has
// signed in, or it is over; then the hint is the command that signs in.
std::optional<Credentials> sso_credentials(CredentialSearch& search);

}  // namespace runbook::aws
