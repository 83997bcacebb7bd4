#pragma once
#include <string_view>

namespace runbook {

inline constexpr std::string_view version = RUNBOOK_VERSION;

}  // namespace runbook
