#pragma once
// Everything a run needs to be driven, put together: lock, supervisor, journal, executor. Used by run, --resume, cancel and undo.
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "book/scenario.h"
#include "cli/arguments.h"
#include "os/supervisor.h"
#include "run/decide.h"
#include "run/facts.h"
#include "run/proposal.h"
#include "run/recovery.h"
#include "state/journal.h"

namespace runbook {

struct DrivePlan {
  std::string run;
  bool is_new = false;
  std::shared_ptr<const Runbook> runbook;
  std::string file;  // the runbook's path, absolute
  std::string lock;  // of a new run; "": none
  Value inputs;      // without secrets
  std::map<std::string, std::string> secrets;
  std::string definition;             // of a resumed run: digest of the one that it has, as far as the plan knows
  std::vector<Proposal> opening;      // what is recorded first: that it goes on with a changed runbook, or that an undo begins
  std::int64_t made_at_seq = 0;       // the last event when that was worked out
  std::vector<std::string> accepted;  // of a new run: what is not as required, and was taken by --accept
  std::string because;                // why it is taken up again; "": nothing was said, or the opening has it
  Limits limits;
  Purpose purpose = Purpose::go_on;
  Lease::Mode lease_mode = Lease::Mode::polite;
  bool cancels_on_failure = false;
  bool shows_output = false;
  bool walks = false;                        // before each step somebody is asked
  std::shared_ptr<const Scenario> scenario;  // of a rehearsal: nothing outside is touched
  std::string scenario_name;                 // and as it is typed
};

// A rehearsal that is undone or cancelled stays one, in the world in which everything works.
void keep_rehearsed(DrivePlan& plan);

// Drives until the run is left or pauses; says on standard error what happens. Gives the exit code.
int drive(const Arguments& arguments, JournalFile& file, SupervisorSeed seed, DrivePlan plan);

// What a hint says of any run ("go on with `runbook run --resume`"), said of the one at hand.
Error with_way_on(const Error& error, std::string_view way_on);
inline constexpr std::string_view begin_again = "begin it again";  // the way on where nothing was recorded

ExitCode exit_code_of(const std::string& run_state);

}  // namespace runbook
