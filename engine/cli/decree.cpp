#include "cli/decree.h"
#include "cli/going_on.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/driven_event.h"
#include "cli/reworded.h"
#include "cli/session.h"
#include "os/attempt_log.h"
#include "report/run_view.h"

namespace runbook {

std::string require_because(const Arguments& arguments) {
  std::string because = arguments.value("--because").value_or("");
  if (because.find_first_not_of(" \t") != std::string::npos) return because;
  throw Error(ExitCode::usage, fmt::format("`{}` needs a reason; it stands in the record", arguments.command().name),
              "--because \"...\"");
}

Lease lease_to_write(const JournalFile& file, const std::string& run) {
  try {
    return Lease::take(file.run_folder(run), Lease::Mode::polite);
  } catch (const Error& error) {
    const std::string going_on = command_to_go_on(fold_run(file, run), run, journal_words(file));
    throw reworded(
        error, ", or end it with `--take-over`",
        fmt::format(", then give this command again; or end it, and go on with the run: `{} --take-over`", going_on));
  }
}

void decree(const Decree& given, const std::function<std::vector<Proposal>(const RunState&)>& make,
            const std::string& state_after) {
  Pause pause{state_after, fmt::format("decided by {}; not resumed yet", given.who)};
  decree(given, make, [&](const RunState&) -> Pause { return pause; });
}

void decree(const Decree& given, const std::function<std::vector<Proposal>(const RunState&)>& make,
            const std::function<Pause(const RunState&)>& pause_after) {
  require_not_left(given.row);
  SystemClock clock;
  const std::string& run = given.row.run;
  Lease lease =
      given.mode == Lease::Mode::polite ? lease_to_write(given.file, run) : Lease::take(given.file.run_folder(run), given.mode);
  const RunState state = fold_run(given.file, run);
  std::vector<Proposal> proposals = make(state);
  const Pause pause = pause_after(state);
  const char* how = lease.ended_pid() != 0 ? "take-over" : "command";
  const Event driven = driven_event(how, given.who, clock.now_ms());
  auto journal = drive_run(given.file, lease, run, driven, commits_known_to(read_attempt_log(lease.folder())));
  for (Proposal& proposal : proposals) append(*journal, std::move(proposal), clock.now_ms());
  Event paused;
  paused.kind = event::paused;
  paused.at_ms = clock.now_ms();
  paused.body = object({{"state", pause.state}, {"why", pause.why}});
  journal->append(std::move(paused));
  journal->commit();
}

bool decree_answer(const Decree& given, const Answer& answer,
                   const std::function<std::vector<Proposal>(const RunState&, const Question&)>& make,
                   const std::string& state_after) {
  struct TakenUp {};
  const auto make_if_open = [&](const RunState& now) {
    const auto asked = now.questions.find(answer.question);
    if (asked == now.questions.end() || !asked->second.is_open) throw TakenUp();
    return make(now, asked->second);
  };
  try {
    decree(given, make_if_open, state_after);
    return true;
  } catch (const TakenUp&) {
    return false;
  } catch (const Error& error) {
    if (error.code() == ExitCode::driven) return false;
    throw;
  }
}

bool store_answer(JournalFile& file, const std::string& run, const Answer& answer) {
  if (file.add_answer(run, answer)) return true;
  require_not_left(*file.run(run));
  return false;
}

void require_not_left(const RunRow& row) {
  if (row.ended_at_ms == 0) return;
  throw Error(ExitCode::usage, fmt::format("run {} was left as {} at {}; nothing in it changes any more", row.run, row.state,
                                           utc_text(row.ended_at_ms)));
}

}  // namespace runbook
