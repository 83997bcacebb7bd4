#include "report/audit_html.h"
namespace runbook {
void write_html(const AuditReport&, const ReadStored&, const ReportMaking&, const ReportSink&) {}
}  // namespace runbook
