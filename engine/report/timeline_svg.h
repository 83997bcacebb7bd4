#pragma once
#include "report/audit_report.h"
#include "report/html_text.h"

namespace runbook {

// Most lanes that it draws for steps.
inline constexpr std::size_t most_lanes = 48;

// A figure: the run as a picture (SVG 2, as wide as there is room), and what its marks mean. The table of the timeline says the same in
// words. Colours, patterns and sizes are those of the page's style.
void write_timeline(const AuditReport& report, HtmlWriter& out);

}  // namespace runbook
