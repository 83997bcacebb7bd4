#pragma once
#include <string>
#include <vector>

namespace runbook {

// "pid 12 sleep 60": processes as they are told of, whose command lines a step may have given a secret. The secrets are masked, also one of
// which the end was cut off.
std::vector<std::string> masked_processes(std::vector<std::string> processes, const std::vector<std::string>& secrets);

}  // namespace runbook
