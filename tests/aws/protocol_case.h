#pragma once
// One case of the protocols' conformance data against write_request or read_answer.
#include <string>

#include "base/value.h"

namespace runbook::aws {

// "" or what differs from what the case wants.
std::string complaint_about_request(const Value& suite, const Value& test);
std::string complaint_about_answer(const Value& suite, const Value& test);

}  // namespace runbook::aws
