// undo: takes back what a run did, the last first; --plan shows what that would be.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "cli/commands.h"
#include "cli/drive.h"
#include "cli/scrubbed_run.h"
#include "cli/session.h"
#include "cli/undo_text.h"
#include "os/identity.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "report/run_view.h"
#include "run/undo.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

class UndoCommand {
 public:
  explicit UndoCommand(const Arguments& arguments)
      : arguments_(arguments),
        file_(journal_path(arguments), arguments.has("--plan") ? OpenMode::read : OpenMode::write),
        row_(file_.find_run(arguments.operands().at(0))),
        state_(fold_run(file_, row_.run)),
        runbook_(load_stored(file_, state_)),
        facts_(facts_of(row_.run, runbook_, all_declarations(), parse_json(file_.blob(state_.inputs)), state_)),
        values_([this](const std::string& digest) { return file_.blob(digest); }) {
    read_border();
    scope_ = undo_scope(facts_, state_, values_, scope_.to, scope_.border);
  }

  int show() const {
    if (arguments_.wants_json()) return fmt::print("{}\n", to_pretty_json(json())), 0;
    fmt::print("undo of run {}{}: {}\n", row_.run, border_text(),
               scope_.list.empty() ? "nothing ran that could be undone" : "the last comes first");
    for (const UndoEntry& entry : scope_.list) fmt::print("{}", text_of(entry));
    if (!scope_.refusal.why.empty()) fmt::print("\nrefused: {}\n", scope_.refusal.why);
    if (!scope_.refusal.hint.empty()) fmt::print("  {}\n", named(scope_.refusal.hint));
    require_nothing_lost(file_, row_.run);
    return 0;
  }

  int run(SupervisorSeed seed) {
    require_no_driver();
    require_unscrubbed(arguments_, row_.run, state_, Definition::as_recorded);
    if (!state_.is_undoing) require_possible();
    if (!state_.is_undoing) require_consent();
    DrivePlan plan;
    plan.run = row_.run;
    plan.runbook = runbook_;
    plan.file = state_.file;
    plan.inputs = facts_.inputs;
    if (state_.is_scripted) keep_rehearsed(plan);
    else plan.secrets = resolve_secrets(*runbook_, given_inputs(arguments_, state_.dir, Looking::without_asking));
    plan.definition = state_.definition;
    plan.made_at_seq = state_.seq;
    plan.purpose = Purpose::undo;
    plan.limits.who = operator_name();
    plan.limits.is_interactive = can_ask(arguments_);
    plan.shows_output = arguments_.has("--output");
    const std::string because = arguments_.value("--because").value_or("");
    if (state_.is_undoing) plan.because = because;
    else plan.opening.push_back(scope_.undoing(operator_name(), because));
    if (arguments_.has("--take-over")) plan.lease_mode = Lease::Mode::take_over;
    return drive(arguments_, file_, std::move(seed), std::move(plan));
  }

 private:
  void read_border() {
    const std::optional<std::string> wanted = arguments_.value("--to");
    scope_.to = state_.is_undoing ? state_.undo_to : wanted.value_or("");
    scope_.border = state_.undo_border;
    if (state_.is_undoing && wanted && *wanted != scope_.to) refuse_another_border(*wanted);
    if (state_.is_undoing || scope_.to.empty()) return;
    if (is_undo(scope_.to))
      throw Error(ExitCode::usage, fmt::format("--to: `{}` is an undo itself, which has no undo", scope_.to));
    require_step(file_, state_, scope_.to);
    scope_.border = undo_border(state_, scope_.to);
    if (scope_.border == 0)
      throw Error(ExitCode::usage, fmt::format("--to: `{}` has not run, so that nothing of it could be undone", scope_.to),
                  fmt::format("runbook undo {} --plan", row_.run));
  }

  [[noreturn]] void refuse_another_border(const std::string& wanted) const {
    const std::string begun = scope_.to.empty() ? "of all that ran" : fmt::format("back to `{}`", scope_.to);
    throw Error(ExitCode::usage,
                fmt::format("--to: an undo of run {} has begun, {}, and `{}` can't change that", row_.run, begun, wanted),
                fmt::format("runbook undo {0} goes on with it; runbook cancel {0} gives it up, and leaves the run", row_.run));
  }

  // Of steps that another engine is at there is nothing to say yet. The lease says who drives.
  void require_no_driver() const {
    const fs::path folder = file_.run_folder(row_.run);
    const bool is_driven = lease_holder(folder) != 0 && !arguments_.has("--take-over");
    if (is_driven) Lease::take(folder, Lease::Mode::polite);
  }

  std::string border_text() const {
    return scope_.to.empty() ? "" : fmt::format(" back to `{}`, which is undone too", scope_.to);
  }
  std::string named(std::string hint) const {
    for (auto at = hint.find("RUN"); at != std::string::npos; at = hint.find("RUN")) hint.replace(at, 3, row_.run);
    return hint;
  }
  void require_possible() const {
    if (!scope_.refusal.why.empty()) {
      const bool is_doubt = scope_.refusal.why.find("in doubt") != std::string::npos;
      throw Error(is_doubt ? ExitCode::in_doubt : ExitCode::usage, scope_.refusal.why + "; nothing was undone",
                  named(scope_.refusal.hint));
    }
    if (scope_.possible() > 0) return;
    if (state_.state == "undone")
      throw Error(ExitCode::usage, fmt::format("run {} is undone already; an undo has no undo", row_.run), "begin a new run");
    throw Error(ExitCode::usage, fmt::format("nothing that run {} did can be undone", row_.run),
                fmt::format("runbook undo {} --plan says why", row_.run));
  }

  void require_consent() const {
    if (!can_ask(arguments_)) return;
    for (const UndoEntry& entry : scope_.list) fmt::print(stderr, "{}", text_of(entry));
    const auto line = ask_line(
        fmt::format("Undo {} step{} of run {}? Type `undo`: ", scope_.possible(), scope_.possible() == 1 ? "" : "s", row_.run));
    if (!line || *line != "undo") throw Error(ExitCode::usage, "nothing was undone");
  }

  Value json_of(const UndoEntry& entry) const {
    const InstanceState& it = state_.of(entry.step.id);
    return object({{"step", entry.step.id},
                   {"title", entry.title},
                   {"state", step_state_name(it.state)},
                   {"ran_at", utc_text(it.started_at_ms)},
                   {"can_be_undone", entry.undo.has_value()},
                   {"why_not", entry.why_not},
                   {"undo", entry.undo ? undo_request(facts_, state_, values_, entry) : Value()},
                   {"before", values_.get(it.before_first)},
                   {"outputs", values_.get(it.outputs)}});
  }

  Value json() const {
    List steps;
    for (const UndoEntry& entry : scope_.list) steps.push_back(json_of(entry));
    return object({{"run", row_.run},
                   {"to", scope_.to.empty() ? Value() : Value(scope_.to)},
                   {"refused", scope_.refusal.why.empty() ? Value() : Value(scope_.refusal.why)},
                   {"steps", Value(std::move(steps))}});
  }

  std::string text_of(const UndoEntry& entry) const { return undo_text(facts_, state_, values_, entry); }

  const Arguments& arguments_;
  JournalFile file_;
  RunRow row_;
  RunState state_;
  std::shared_ptr<const Runbook> runbook_;
  RunFacts facts_;
  mutable StoredValues values_;
  UndoScope scope_;
};

}  // namespace

int undo_command(const Arguments& arguments) {
  if (arguments.has("--plan")) return UndoCommand(arguments).show();
  SupervisorSeed seed = SupervisorSeed::plant();  // before any thread, and before SQLite
  return UndoCommand(arguments).run(std::move(seed));
}

}  // namespace runbook
