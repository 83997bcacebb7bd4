#pragma once
// Environments of processes as lists of "NAME=value".
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

// That of this process.
std::vector<std::string> own_environment();
// Of the first entry of that name; "" if there is none.
std::string variable_in(const std::vector<std::string>& env, std::string_view name);
// In place of all entries of that name.
void set_variable(std::vector<std::string>& env, std::string_view name, std::string_view value);

}  // namespace runbook
