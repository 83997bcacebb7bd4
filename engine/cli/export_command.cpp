// export: one run as a journal of its own, to be kept or handed on.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "os/identity.h"
#include "state/archive.h"

namespace runbook {

int export_command(const Arguments& arguments) {
  const auto out = arguments.value("--out");
  if (!out) throw Error(ExitCode::usage, "`export` needs a file to write", "--out FILE");
  const JournalFile file(journal_path(arguments), OpenMode::read);
  const RunRow row = file.find_run(arguments.operands().at(0));
  const std::filesystem::path path = std::filesystem::absolute(*out).lexically_normal();
  const std::string head = export_run(file, row, {path, host_name(), SystemClock().now_ms()},
                                      commits_known_to(read_attempt_log(file.run_folder(row.run))));
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(object({{"run", row.run}, {"archive", path.string()}, {"head", head}})));
    return 0;
  }
  fmt::print("run {} is exported to {}: verified, head {}\n", row.run, *out, head);
  fmt::print("  look at it: runbook show {} --journal {}\n", row.run, quoted_for_shell(*out));
  return 0;
}

}  // namespace runbook
