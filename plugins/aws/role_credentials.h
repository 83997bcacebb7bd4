#pragma once
// Roles that are assumed with other credentials: those of profiles (`role_arn`), and the one of a target.
#include <functional>
#include <string>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

struct Role {
  std::string arn, external_id, session_name, mfa_serial;
  std::int64_t duration_s = 0;
  std::string source;  // for the person: "role arn:... by profile dev"
};

// Whether the profile is a role that is assumed with other credentials (and not with a web identity).
bool is_role(const Section& profile);
// Of a profile that is one. Error (exit 1): a setting that can't be.
Role role_of(const CredentialSearch& search);
// Asks for a code where the role has a device. Error (exit 1): nobody answers, or the service refuses.
Credentials assume(const CredentialSearch& search, const Role& role, const Credentials& by);

// A profile's credentials as the source of another's.
using SourceOf = std::function<Credentials(const std::string& profile)>;
// Of a profile that is a role: that which its source_profile or credential_source gives assumes it.
Credentials role_credentials(const CredentialSearch& search, const SourceOf& source_of);
// Follows `source_profile` before anything is asked. Error (exit 1): it leads nowhere, or back; then with all profiles on the
// way.
void check_role_chain(const Configuration& configuration, const std::string& profile);

// "runbook-1792454101000"
std::string default_session_name(const Clock& clock);

}  // namespace runbook::aws
