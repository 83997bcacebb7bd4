#pragma once
#include <string>

namespace runbook {

// runbook(1), as roff with the macros of man(7).
std::string man_page();

}  // namespace runbook
