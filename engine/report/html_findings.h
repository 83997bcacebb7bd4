#pragma once
// What an auditor asks for: deviations, doubts, what people answered, what was undone or left out, who drove it and when nobody did.
#include <vector>

#include "report/html_parts.h"

namespace runbook {

// In the order in which they are written. One of which there is nothing to say is left out, but for the deviations.
std::vector<HtmlPart> html_findings(const AuditReport& report);
void write_html_findings(HtmlPage& page);

}  // namespace runbook
