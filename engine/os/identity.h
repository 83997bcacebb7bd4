#pragma once
#include <string>

namespace runbook {

// The account that types, as the operating system knows it: "alice", or "alice as root" behind sudo.
std::string operator_name();
std::string host_name();
// An account's home folder: HOME, else the password database.
std::string home_folder();

}  // namespace runbook
