#pragma once
#include "report/report_text.h"

namespace runbook {

// GitHub Flavored Markdown. Text from outside stands in code spans and fenced blocks, or with every mark of the language escaped: it can
// neither end the block that it stands in nor become a heading, a link or HTML.
void write_markdown(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink);

}  // namespace runbook
