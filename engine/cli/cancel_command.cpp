#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "book/loader.h"
#include "cli/commands.h"
#include "cli/drive.h"
#include "cli/scrubbed_run.h"
#include "cli/session.h"
#include "os/identity.h"
#include "plugins/all.h"
#include "report/run_view.h"

namespace runbook {

int cancel_command(const Arguments& arguments) {
  SupervisorSeed seed = SupervisorSeed::plant();  // before any thread, and before SQLite
  JournalFile file(journal_path(arguments), OpenMode::write);
  RunRow row = file.find_run(arguments.operands().at(0));
  if (row.ended_at_ms != 0) throw Error(ExitCode::usage, fmt::format("run {} was left as {} already", row.run, row.state));
  RunState state = fold_run(file, row.run);
  if (lacks_its_definition(state)) {
    const auto mode = arguments.has("--take-over") ? Lease::Mode::take_over : Lease::Mode::polite;
    leave_scrubbed(file, row, arguments.value("--because").value_or(""), mode);
    fmt::print("run {} is left as cancelled, without its `finally`: what that needs was scrubbed\n", row.run);
    return 0;
  }
  DrivePlan plan;
  plan.run = row.run;
  plan.runbook = load_stored(file, state);
  if (plan.runbook->root.finally) require_unscrubbed(arguments, row.run, state, Definition::as_recorded);
  plan.file = state.file;
  plan.inputs = parse_json(file.blob(state.inputs));
  if (state.is_scripted) keep_rehearsed(plan);
  else plan.secrets = resolve_secrets(*plan.runbook, given_inputs(arguments, state.dir, Looking::without_asking));
  plan.definition = state.definition;
  plan.purpose = Purpose::cancel;
  plan.limits.is_cancelling = true;
  plan.limits.who = operator_name();
  plan.limits.because = arguments.value("--because").value_or("");
  if (state.is_cancelling) plan.because = plan.limits.because;
  if (arguments.has("--take-over")) plan.lease_mode = Lease::Mode::take_over;
  return drive(arguments, file, std::move(seed), std::move(plan));
}

}  // namespace runbook
