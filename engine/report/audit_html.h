#pragma once
#include "report/report_text.h"

namespace runbook {

// One self-contained page: no request to anywhere, nothing of it needs a script to be read, and text from outside is only ever text.
// Well-formed HTML (WHATWG HTML Living Standard), in UTF-8.
void write_html(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink);

}  // namespace runbook
