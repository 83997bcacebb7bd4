#pragma once
#include "report/report_text.h"

namespace runbook {

// JUnit XML as CI systems read it (Jenkins' schema `junit-10.xsd` of its xunit plugin): a suite for each section, a case for each step. What
// failed is a failure, what is in doubt an error, and what was not done is skipped, with the reason.
void write_junit(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink);

}  // namespace runbook
