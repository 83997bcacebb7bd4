#pragma once
#include "report/report_text.h"

namespace runbook {

// RFC 8259, UTF-8, two blanks a level; times in UTC (RFC 3339), durations in milliseconds. Its form is `report_schema`.
void write_json(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink);

// The published JSON Schema (draft 2020-12) of that, a text that ends with a line end.
std::string_view report_schema();

}  // namespace runbook
