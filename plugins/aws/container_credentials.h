#pragma once
// The role of a container (ECS, EKS Pod Identity), from the address that its variables name.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or AWS_CONTAINER_CREDENTIALS_FULL_URI: by https, or of this machine or the
// addresses of ECS and EKS, as a token goes there. nullopt: neither is set. Error (exit 1): the address can't be, or has
// none.
std::optional<Credentials> container_credentials(CredentialSearch& search);

}  // namespace runbook::aws
