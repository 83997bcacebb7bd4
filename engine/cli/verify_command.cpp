#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/report_check.h"
#include "cli/session.h"
#include "cli/verdict_text.h"
#include "os/attempt_log.h"

namespace runbook {

namespace {

// 64 hex digits, or "" if none was given.
std::string kept_head(const Arguments& arguments) {
  std::string head = arguments.value("--head").value_or("");
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool is_head = head.size() == 64 && head.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (arguments.has("--head") && !is_head)
    throw Error(ExitCode::usage, fmt::format("--head: `{}` is no head: it has 64 hexadecimal digits", head),
                "`runbook verify RUN` prints the one of now");
  return head;
}

}  // namespace

int verify_command(const Arguments& arguments) {
  if (arguments.has("--report")) return check_report(arguments);
  for (const char* option : {"--signature", "--allowed-signers"})
    if (arguments.has(option)) throw Error(ExitCode::usage, fmt::format("{} is about a report", option), "add --report FILE");
  if (arguments.operands().empty())
    throw Error(ExitCode::usage, "which run?", "runbook verify RUN, or runbook verify --report FILE");
  const std::string head = kept_head(arguments);
  JournalFile file(journal_path(arguments), OpenMode::read);
  RunRow row = file.find_run(arguments.operands().at(0));
  const auto witnesses = commits_known_to(read_attempt_log(file.run_folder(row.run)));
  const Verdict verdict = verify_run(file, row.run, witnesses, head);
  if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(verdict_json(row.run, verdict)));
  else fmt::print("{}\n", verdict_text(row.run, verdict));
  return verdict.kind == Verdict::Kind::broken ? static_cast<int>(ExitCode::journal) : 0;
}

}  // namespace runbook
