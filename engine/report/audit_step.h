#pragma once
// What the events of one step tell beyond the fold: attempt by attempt, question by question.
#include "report/audit_report.h"

namespace runbook {

// Events come in order, each once.
void follow_step(AuditStep& step, const Event& event);

}  // namespace runbook
