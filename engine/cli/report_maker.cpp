#include "cli/report_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <map>

#include "base/trimmed.h"
#include "os/files.h"
#include "report/audit_html.h"
#include "report/audit_json.h"
#include "report/audit_junit.h"
#include "report/audit_markdown.h"
#include "state/history.h"

namespace runbook {

std::optional<ReportFormat> report_format(std::string_view word) {
  static const std::map<std::string_view, ReportFormat> words = {{"md", ReportFormat::markdown},
                                                                 {"html", ReportFormat::html},
                                                                 {"json", ReportFormat::json},
                                                                 {"junit", ReportFormat::junit}};
  const auto found = words.find(word);
  return found == words.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ReportFormat> format_of_file(const std::filesystem::path& file) {
  static const std::map<std::string, ReportFormat> endings = {{".md", ReportFormat::markdown},
                                                              {".html", ReportFormat::html},
                                                              {".htm", ReportFormat::html},
                                                              {".json", ReportFormat::json},
                                                              {".xml", ReportFormat::junit}};
  const auto found = endings.find(file.extension().string());
  return found == endings.end() ? std::nullopt : std::optional(found->second);
}

bool is_zone_name(const std::string& zone) {
  const auto is_fine = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("/_+-,.<>:").find(static_cast<char>(c)) != std::string_view::npos;
  };
  const bool is_path =
      zone.starts_with('/') || zone.starts_with(':') || zone.starts_with('.') || zone.find("..") != std::string::npos;
  return !zone.empty() && zone.size() <= 80 && !is_path && std::all_of(zone.begin(), zone.end(), is_fine);
}

void use_zone(const std::string& zone) {
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
}

std::string zone_name() {
  const char* named = std::getenv("TZ");
  std::string name = named ? named : "";
  if (name.starts_with(':')) name.erase(0, 1);
  std::error_code error;
  if (!named) name = std::filesystem::read_symlink("/etc/localtime", error).string();
  if (const std::size_t folder = name.find("zoneinfo/"); folder != std::string::npos) name.erase(0, folder + 9);
  if (!named && error)
    name = without_line_ends(try_read_file("/etc/timezone").value_or(""));  // /etc/localtime is a copy, no link
  if (!is_zone_name(name)) name = "UTC";
  use_zone(name);  // what is told and what is named are the same
  return name == "Etc/UTC" ? "UTC" : name;
}

AuditReport audit(const JournalFile& file, const RunRow& row, const AuditScope& scope) {
  const std::int64_t last = std::min(scope.up_to_seq, row.seq);  // the run may go on meanwhile
  const auto read = [&](const std::function<void(const Event&)>& each) { return checked_events(file, row.run, last, each); };
  const auto stored = [&](const std::string& digest) { return file.blob(digest); };
  return audit_run(row.run, read, stored, scope);
}

void write_report(const JournalFile& file, const AuditReport& report, ReportFormat format, const ReportMaking& making,
                  const ReportSink& sink) {
  const ReadStored stored = [&](const std::string& digest) { return file.blob(digest); };
  switch (format) {
    case ReportFormat::markdown: return write_markdown(report, stored, making, sink);
    case ReportFormat::html: return write_html(report, stored, making, sink);
    case ReportFormat::json: return write_json(report, stored, making, sink);
    case ReportFormat::junit: return write_junit(report, stored, making, sink);
  }
}

}  // namespace runbook
