#pragma once
#include <string_view>
#include <vector>

namespace runbook {

// Each without its end, which is \n or \r\n; the last one need not have any. They point into `text`.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace runbook
