#pragma once
// Each doubt, by whom it was decided and how it ended, from the events of the steps.
#include <vector>

#include "report/audit_report.h"

namespace runbook {

// Before the step itself takes the event.
void follow_doubts(std::vector<AuditDoubt>& doubts, const AuditStep& step, const Event& event);

// Leaves those that were open within the scope's times, of the steps that the report tells of.
void narrow_doubts(AuditReport& report);

}  // namespace runbook
