#pragma once
// What the formats of a report share.
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "report/audit_report.h"

namespace runbook {

// Takes the report as it is written, piece by piece.
using ReportSink = std::function<void(std::string_view)>;

// Who makes it: it is a function of the journal, of what is asked for, and of this.
struct ReportMaking {
  std::string engine;        // version
  std::string zone = "UTC";  // name of the time zone of local times, which the process is in
  bool has_local_times() const { return zone != "UTC" && zone != "Etc/UTC"; }
};

// Carried by the report, so that it can be checked: {run, runbook, state, events, head, engine, zone, scope: {from, to, steps, output}}.
Value report_proof(const AuditReport& report, const ReportMaking& making);
// The reverse of its scope, with up_to_seq. nullopt: it is none.
std::optional<AuditScope> scope_of_proof(const Value& proof);

// {type, params, that} as a person would type or read it: a script as it is, arguments as words of a shell, else JSON.
std::string deed_text(const Value& deed);
// "env NAME=value", "in FOLDER": what surrounds it; of a script that is handed on as a variable its name and length.
std::vector<std::string> surroundings_text(const Value& request);
// What a step did or would do: its last attempt's request, its wait's, or as it is written.
Value deed_of(const AuditStep& step, const AuditAttempt* attempt, const ReadStored& stored);
// The stored JSON, or null where there is none.
Value stored_value(const StoredText& text, const ReadStored& stored);

// Steps that the formats list on their own.
bool is_left_out(const AuditStep& step);  // skipped: its `when` did not hold, or a person's decision
bool was_undone(const AuditStep& step);

}  // namespace runbook
