#include "os/core_dumps.h"

#include <algorithm>
#include <optional>

namespace runbook {

namespace {

std::optional<rlim_t> before;

}  // namespace

void forbid_core_dumps() {
  before = core_limit_before();
  set_core_limit(0);
}

rlim_t core_limit_before() {
  rlimit now{};
  ::getrlimit(RLIMIT_CORE, &now);
  return before.value_or(now.rlim_cur);
}

void set_core_limit(rlim_t soft) {
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  ::setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace runbook
