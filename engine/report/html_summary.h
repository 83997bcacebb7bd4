#pragma once
#include <string>
#include <vector>

#include "report/html_parts.h"

namespace runbook {

// What is read first: a few sentences, what went wrong, deviations, doubts; and before them whether it is all of the record.
void write_html_summary(HtmlPage& page);
// "what happened before 2026-01-01T00:00:00Z", "3 steps"; empty: nothing is left out.
std::vector<std::string> left_out_by_scope(const AuditReport& report);

}  // namespace runbook
