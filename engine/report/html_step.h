#pragma once
#include "report/html_parts.h"

namespace runbook {

// One step, folded under a line that says how it went; open where somebody will want to know more. `position` is its place in the report.
void write_html_step(HtmlPage& page, std::size_t position);

}  // namespace runbook
