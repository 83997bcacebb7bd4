#pragma once
#include <cstdint>
#include <string>

namespace runbook {

// By which whoever is called recognises an attempt: the same for one attempt, another for every other one, also of other runs. It has the
// form of a UUID, which services that take a token accept.
std::string attempt_token(const std::string& run, const std::string& instance, std::int64_t n);

}  // namespace runbook
