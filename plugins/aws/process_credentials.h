#pragma once
// `credential_process`: a program that prints credentials.
#include <optional>

#include "plugins/aws/credential_search.h"

namespace runbook::aws {

// nullopt: the profile names none. Its words are divided as by a shell, but there is none; it gets the environment of the
// search. Error (exit 1) with what it wrote of its failure, shortened; what it printed is never shown.
std::optional<Credentials> process_credentials(CredentialSearch& search);

}  // namespace runbook::aws
