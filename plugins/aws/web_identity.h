#pragma once
// A role assumed with a token of another issuer, as pods of EKS and CI services have it in a file.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, each else the profile's setting. nullopt: no file is
// named. The file is read each time: whoever issues the token renews it there.
std::optional<Credentials> web_identity_credentials(CredentialSearch& search);

}  // namespace runbook::aws
