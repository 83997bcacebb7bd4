#pragma once
#include <string>
#include <vector>

namespace runbook {

// argv[0] as a path: looked for in PATH of `env` unless it has a slash. "" if there is none.
std::string find_program(const std::string& name, const std::vector<std::string>& env, const std::string& dir);
// Whether PATH of this process has a program of that name, so that a step would find it too.
bool is_program(const std::string& name);

}  // namespace runbook
