#pragma once
// The token of somebody who has signed in by `aws sso login`, in the file that the AWS tools share.
#include <string>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

struct SsoSettings {
  std::string session;  // sso_session; "": the profile says all itself, and its token can't be renewed
  std::string start_url, region, account, role;
};

// One that is still good. A session's token that ends within 15 minutes is renewed, where its file has what that takes, and
// written back (0600). Error (exit 1): there is none, or it is over.
std::string sso_token(const CredentialSearch& search, const SsoSettings& settings);
// "type: aws sso login --profile dev"
std::string sign_in_hint(const CredentialSearch& search);

}  // namespace runbook::aws
