#pragma once
// The role of an EC2 instance, from its metadata service: version 2, with a session token; version 1 only where the service
// says that it has no tokens. The instance's region is not asked for.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

// nullopt: this is no instance, it has no role, or the service is switched off (`looked` says which). Error (exit 1): a
// setting that can't be.
std::optional<Credentials> instance_credentials(CredentialSearch& search);

}  // namespace runbook::aws
