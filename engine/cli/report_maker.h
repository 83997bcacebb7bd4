#pragma once
// A run's report in its formats, from the journal.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "report/audit_report.h"
#include "report/report_text.h"
#include "state/journal.h"

namespace runbook {

enum class ReportFormat { markdown, html, json, junit };
// "md", "html", "json", "junit"; nullopt: no such format.
std::optional<ReportFormat> report_format(std::string_view word);
// By what the file is called: report.html. nullopt: that does not tell.
std::optional<ReportFormat> format_of_file(const std::filesystem::path& file);

// A name as TZ has it (POSIX, or a file of the zone database): "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3". No path.
bool is_zone_name(const std::string& zone);
// From now on local times are those of that zone; before any other thread.
void use_zone(const std::string& zone);
// The name of the zone of local times, which the process is in from then on; UTC where it can't be told.
std::string zone_name();

// Throws Error (exit 6) where the chain or a blob is broken, Error (exit 2) for a step that the run has not.
AuditReport audit(const JournalFile& file, const RunRow& row, const AuditScope& scope);
void write_report(const JournalFile& file, const AuditReport& report, ReportFormat format, const ReportMaking& making,
                  const ReportSink& sink);

}  // namespace runbook
