#include "cli/scrubbed_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/driven_event.h"
#include "cli/session.h"
#include "os/attempt_log.h"
#include "os/identity.h"
#include "os/process_id.h"
#include "os/remains.h"
#include "state/scrub.h"

namespace runbook {

namespace {

std::string way_on(const Arguments& arguments, const std::string& run, const RunState& state, const ScrubbedParts& parts) {
  const std::string journal = journal_words(arguments);
  if (state.was_left()) return fmt::format("do it by hand: `runbook show {}{}` tells what ran", run, journal);
  if (parts.inputs) return fmt::format("`runbook cancel {}{}` leaves it; then begin a new run", run, journal);
  if (!parts.of_steps.empty())
    return fmt::format("have it done anew first: runbook redo {} {}{} --because \"...\"", run, parts.of_steps.front(), journal);
  return fmt::format("take the value out of {}, then go on with that: runbook run --resume {}{} --adopt", state.file, run,
                     journal);
}

}  // namespace

void require_unscrubbed(const Arguments& arguments, const std::string& run, const RunState& state, Definition definition) {
  ScrubbedParts parts = scrubbed_parts(state);
  if (definition == Definition::adopted) parts.definition = false;
  if (parts.is_whole()) return;
  throw Error(ExitCode::usage,
              fmt::format("{} of run {} was scrubbed: it can't go on as it was; nothing was run", parts.text(), run),
              way_on(arguments, run, state, parts));
}

bool lacks_its_definition(const RunState& state) {
  const ScrubbedParts parts = scrubbed_parts(state);
  return parts.definition || parts.inputs;
}

namespace {

// Who leaves a run ends them, by what the definition says of them; here that is gone.
void refuse_while_processes_live(const std::filesystem::path& run_folder, const std::string& run) {
  std::vector<std::string> alive;
  const AttemptLog log = read_attempt_log(run_folder);
  const ProcessWorld here = this_world();
  for (const auto& [n, attempt] : log.attempts) {
    if (is_at_work(run_folder, attempt, fmt::format("{}/{}", run, n))) alive.push_back(pid_text(attempt));
    if (!(attempt.world == here)) continue;
    for (const ProcessId& left : attempt.left)
      if (is_alive(left)) alive.push_back(fmt::format("pid {}", left.pid));
  }
  if (alive.empty()) return;
  throw Error(
      ExitCode::usage,
      fmt::format("processes of run {} still live ({}), and what was scrubbed is needed to end them as they should; nothing "
                  "was written",
                  run, fmt::join(alive, ", ")),
      "end them, then cancel the run");
}

}  // namespace

void leave_scrubbed(JournalFile& file, const RunRow& row, const std::string& because, Lease::Mode mode) {
  const Lease lease = Lease::take(file.run_folder(row.run), mode);
  refuse_while_processes_live(lease.folder(), row.run);
  const std::int64_t now_ms = SystemClock().now_ms();
  const auto journal =
      drive_run(file, lease, row.run, driven_by_command(now_ms), commits_known_to(read_attempt_log(lease.folder())));
  Event cancelling;
  cancelling.kind = event::cancelling;
  cancelling.at_ms = now_ms;
  cancelling.body = object({{"who", operator_name()}, {"because", because}});
  journal->append(std::move(cancelling));
  Event left;
  left.kind = event::left;
  left.at_ms = now_ms;
  left.body = object({{"state", "cancelled"}, {"why", "without its `finally`: what that needs was scrubbed"}});
  journal->append(std::move(left));
  journal->commit();
}

}  // namespace runbook
