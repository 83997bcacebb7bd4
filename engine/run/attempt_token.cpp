#include "run/attempt_token.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/ids.h"

namespace runbook {

std::string attempt_token(const std::string& run, const std::string& instance, std::int64_t n) {
  return uuid_of(sha256(fmt::format("{}\n{}\n{}", run, instance, n)));
}

}  // namespace runbook
