#pragma once
#include <string>

namespace runbook {

// The account that types, as the operating system knows it: "alice", or "alice as root" behind sudo.
std::string operator_name();
std::string host_name();
// Whether the account belongs to the group, as the operating system knows them.
bool is_in_group(const std::string& account, const std::string& group);
// An account's home folder: HOME, else the password database.
std::string home_folder();

}  // namespace runbook
