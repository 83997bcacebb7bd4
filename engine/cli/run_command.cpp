#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "base/suggestion.h"
#include "book/value_scope.h"
#include "cli/adoption.h"
#include "cli/aws_models.h"
#include "cli/commands.h"
#include "cli/drive.h"
#include "cli/going_on.h"
#include "cli/preflight.h"
#include "cli/scenarios.h"
#include "cli/scrubbed_run.h"
#include "cli/session.h"
#include "os/identity.h"
#include "os/terminal.h"
#include "report/run_view.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

bool is_walk(const Arguments& arguments) { return arguments.command().name == "walk"; }

// `--rehearse` alone takes the world in which everything works.
bool is_rehearsal(const Arguments& arguments) { return is_walk(arguments) && arguments.value("--rehearse"); }

// Rehearsals have a journal of their own: nobody takes one for what happened.
fs::path journal_of(const Arguments& arguments) {
  if (!is_rehearsal(arguments) || arguments.value("--journal")) return journal_path(arguments);
  return journal_path(arguments).parent_path() / "rehearsals.db";
}

void read_scenario_of(const Arguments& arguments, const fs::path& path, DrivePlan& plan) {
  plan.scenario_name = arguments.value("--rehearse").value_or("");
  Scenario scenario;
  if (!plan.scenario_name.empty()) scenario = read_scenario(find_scenario(plan.scenario_name, path), *plan.runbook);
  plan.scenario = std::make_shared<const Scenario>(std::move(scenario));
}

// An engine of the other kind would do in earnest what was rehearsed, or rehearse what was done in earnest.
void require_same_kind(const Arguments& arguments, const RunState& state, const std::string& run) {
  if (is_rehearsal(arguments) == state.is_scripted) return;
  if (state.is_scripted)
    throw Error(ExitCode::usage, fmt::format("run {} is a rehearsal; nothing was run", run),
                fmt::format("runbook walk --rehearse --resume {}", run));
  throw Error(ExitCode::usage, fmt::format("run {} is no rehearsal; nothing was run", run),
              fmt::format("runbook walk --resume {}", run));
}

bool is_unfinished(const RunRow& row) { return row.ended_at_ms == 0; }

Doubt read_doubt(const std::string& word) {
  if (word == "done") return Doubt::done;
  if (word == "not-done") return Doubt::not_done;
  if (word == "retry") return Doubt::retry;
  throw Error(ExitCode::usage, fmt::format("--on-doubt: `{}` is not one of done, not-done, retry", word));
}

Limits read_limits(const Arguments& arguments, const Runbook& runbook) {
  Limits limits;
  limits.who = operator_name();
  limits.is_interactive = can_ask(arguments);
  auto require = [&](const std::string& option, const std::string& step) {
    if (runbook.find_step_of(step)) return;
    std::vector<std::string> ids;
    for (const Step* each : runbook.steps) ids.push_back(each->id);
    throw Error(ExitCode::usage, fmt::format("{}: there is no step `{}`", option, step), suggestion(step, ids));
  };
  for (const auto& word : arguments.values("--on-doubt")) {
    auto [step, choice] = split_assignment("--on-doubt", word);
    require("--on-doubt", step);
    if (runbook.find_step_of(step)->effect == Effect::irreversible)
      throw Error(
          ExitCode::usage,
          fmt::format("--on-doubt: `{}` is irreversible; it is decided when it is in doubt, by `runbook resolve`", step));
    limits.on_doubt[step] = read_doubt(choice);
  }
  for (const auto& word : arguments.values("--approve")) {
    auto [step, phrase] = split_assignment("--approve", word);
    require("--approve", step);
    limits.approvals[step] = phrase;
  }
  return limits;
}

void read_common(const Arguments& arguments, DrivePlan& plan) {
  plan.limits = read_limits(arguments, *plan.runbook);
  plan.shows_output = arguments.has("--output");
  if (auto choice = arguments.value("--on-failure")) {
    if (*choice != "cancel")
      throw Error(ExitCode::usage, fmt::format("--on-failure: `{}` is not known", *choice), "--on-failure cancel");
    plan.cancels_on_failure = true;
  }
  if (arguments.has("--take-over")) plan.lease_mode = Lease::Mode::take_over;
  plan.walks = is_walk(arguments);
}

void warn_of_storage(const JournalFile& file) {
  std::string warning = file.storage_warning();
  if (!warning.empty()) fmt::print(stderr, "warning: {}\n", warning);
}

// Somebody who begins anew while an older run has paused half way may have meant to go on with it.
void mention_unfinished(const Arguments& arguments, const JournalFile& file, const Runbook& runbook, bool can_ask) {
  auto rows = file.runs();
  auto unfinished = std::find_if(rows.begin(), rows.end(),
                                 [&](const RunRow& row) { return row.runbook == runbook.name && is_unfinished(row); });
  if (unfinished == rows.end()) return;
  const RunState state = fold_run(file, unfinished->run);
  fmt::print(stderr, "note: run {} of this runbook is unfinished ({}). To go on with it: {}\n", unfinished->run,
             unfinished->state, command_to_go_on(state, unfinished->run, journal_words(arguments)));
  if (!can_ask) return;
  const auto line = ask_line("Begin a new run all the same? Type `new`: ");
  if (!line || *line != "new") throw Error(ExitCode::usage, "nothing was run");
}

Looking looking_of(const Arguments& arguments) { return can_ask(arguments) ? Looking::everywhere : Looking::without_asking; }

std::vector<std::string> accepted_tools(const Arguments& arguments, const Runbook& runbook) {
  const Preflight preflight = look_at_tools(runbook, arguments.has("--accept") ? Acceptance::given : Acceptance::refused);
  for (const std::string& warning : preflight.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const std::string& accepted : preflight.accepted) fmt::print(stderr, "{}\n", accepted);
  return preflight.accepted;
}

// What no other run may have at the same time; "" if the runbook names nothing.
std::string lock_text(const Runbook& runbook, Value values) {
  if (!runbook.lock) return "";
  try {
    const Value lock = runbook.lock->text.evaluate(ValueScope(std::move(values)));
    std::string text = lock.is_text() || lock.is_number() ? text_or_json(lock) : "";
    const auto is_shown = [](unsigned char c) { return c >= ' ' && c != 0x7f; };
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_shown)) return text;
    throw Error(ExitCode::usage, fmt::format("the lock of the runbook must be one line of text, and it is {}", to_json(lock)),
                "see its `lock:`, and the values that it is made of");
  } catch (const ExpressionError& error) {
    throw Error(ExitCode::usage, fmt::format("the runbook's lock: {}", error.what()));
  }
}

InputValues inputs_of(const Arguments& arguments, const fs::path& path, DrivePlan& plan) {
  if (is_rehearsal(arguments)) {
    read_scenario_of(arguments, path, plan);
    return rehearsed_inputs(arguments, *plan.scenario, *plan.runbook);
  }
  GivenInputs given = given_inputs(arguments, path.parent_path(), looking_of(arguments));
  given.secrets_may_come = true;
  return resolve_inputs(*plan.runbook, given);
}

void say_where_it_is_rehearsed(const JournalFile& file) {
  fmt::print(stderr, "a rehearsal: nothing outside is touched. Its record: --journal {}\n",
             quoted_for_shell(file.path().string()));
}

JournalFile open_to_begin(const fs::path& path) {
  try {
    return JournalFile(path, OpenMode::write);
  } catch (const Error& error) {
    throw with_way_on(error, begin_again);
  }
}

int begin(const Arguments& arguments, SupervisorSeed seed) {
  fs::path path = find_runbook(arguments.operands().at(0));
  DrivePlan plan;
  plan.is_new = true;
  plan.runbook = load_or_explain(path);
  plan.file = path.string();
  InputValues inputs = inputs_of(arguments, path, plan);
  plan.inputs = with_absolute_paths(*plan.runbook, path.parent_path(), inputs.values);
  plan.secrets = inputs.secrets;
  read_common(arguments, plan);
  const std::int64_t now_ms = SystemClock().now_ms();
  plan.run = new_run_id(now_ms);
  const Value run_values = object({{"id", plan.run},
                                   {"started_at", utc_text(now_ms)},
                                   {"dir", path.parent_path().string()},
                                   {"operator", operator_name()},
                                   {"host", host_name()}});
  // A bad one stops before there is a run.
  plan.lock = lock_text(
      *plan.runbook,
      object({{"inputs", plan.inputs}, {"run", run_values}, {"vars", evaluate_vars(*plan.runbook, plan.inputs, run_values)}}));
  if (!plan.scenario) plan.accepted = accepted_tools(arguments, *plan.runbook);
  if (!plan.scenario) require_aws_models(*plan.runbook);
  JournalFile file = open_to_begin(journal_of(arguments));
  warn_of_storage(file);
  require_lock_free(file, plan.lock, plan.run);
  mention_unfinished(arguments, file, *plan.runbook, plan.limits.is_interactive);
  if (plan.scenario) say_where_it_is_rehearsed(file);
  return drive(arguments, file, std::move(seed), std::move(plan));
}

// What --resume means: a run, or a runbook, or (both empty) whatever is unfinished.
struct Resumed {
  std::string run, book;
};

Resumed read_resumed(const Arguments& arguments, const std::string& word) {
  std::string book = arguments.operands().empty() ? "" : arguments.operands()[0];
  bool is_file = book.empty() && (fs::exists(word) || fs::path(word).extension() == ".yaml");  // `run --resume FILE`
  return is_file ? Resumed{"", word} : Resumed{word, book};
}

RunRow find_resumed(const JournalFile& file, const Resumed& resumed) {
  if (!resumed.run.empty()) return file.find_run(resumed.run);
  require_no_lost_runs(file);
  bool is_any = resumed.book.empty();
  std::string name = is_any ? "any runbook" : load_or_explain(find_runbook(resumed.book))->name;
  std::vector<RunRow> rows = file.runs(), unfinished;
  rows.erase(std::remove_if(rows.begin(), rows.end(), [&](const RunRow& row) { return !is_any && row.runbook != name; }),
             rows.end());
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(unfinished), is_unfinished);
  if (rows.empty())
    throw Error(ExitCode::usage, fmt::format("there is no run of {} in this journal to go on with", name),
                "begin one: leave --resume out");
  if (unfinished.empty()) return rows.front();
  if (unfinished.size() == 1) return unfinished.front();
  std::string list = fmt::format("{} runs of {} are unfinished:", unfinished.size(), name);
  for (const auto& row : unfinished) list += fmt::format("\n  {}  {}, began {}", row.run, row.state, utc_text(row.began_at_ms));
  throw Error(ExitCode::usage, list, "say which: --resume RUN");
}

int say_how_it_ended(const RunRow& row) {
  fmt::print(stderr, "nothing to go on with: run {} {} at {}\n", row.run, row.state, utc_text(row.ended_at_ms));
  return static_cast<int>(exit_code_of(row.state));
}

int resume(const Arguments& arguments, SupervisorSeed seed, const std::string& word) {
  JournalFile file(journal_of(arguments), OpenMode::write);
  warn_of_storage(file);
  RunRow row = find_resumed(file, read_resumed(arguments, word));
  if (!is_unfinished(row)) return say_how_it_ended(row);
  RunState state = fold_run(file, row.run);
  require_same_kind(arguments, state, row.run);
  if (state.is_undoing && !is_walk(arguments))
    throw Error(ExitCode::usage, fmt::format("run {} is being undone; nothing was run", row.run),
                "go on with that: " + command_to_go_on(state, row.run, journal_words(arguments)));
  require_unscrubbed(arguments, row.run, state, arguments.has("--adopt") ? Definition::adopted : Definition::as_recorded);
  DrivePlan plan;
  plan.run = row.run;
  plan.definition = state.definition;
  plan.file = state.file;
  plan.made_at_seq = state.seq;
  GoesOnWith with = definition_to_go_on_with(arguments, file, row.run, state);
  if (with.adoption.empty()) require_unscrubbed(arguments, row.run, state, Definition::as_recorded);
  plan.runbook = std::move(with.runbook);
  plan.inputs = std::move(with.inputs);
  plan.opening = std::move(with.adoption);
  if (plan.opening.empty()) plan.because = arguments.value("--because").value_or("");
  if (is_rehearsal(arguments)) {
    read_scenario_of(arguments, state.file, plan);
    plan.secrets = rehearsed_inputs(arguments, *plan.scenario, *plan.runbook).secrets;
    say_where_it_is_rehearsed(file);
  } else {
    require_aws_models(*plan.runbook);
    plan.secrets = resolve_secrets(*plan.runbook, given_inputs(arguments, state.dir, looking_of(arguments)));
  }
  if (state.is_undoing) plan.purpose = Purpose::undo;
  read_common(arguments, plan);
  fmt::print(stderr, "run {}: going on\n", plan.run);
  return drive(arguments, file, std::move(seed), std::move(plan));
}

}  // namespace

int run_command(const Arguments& arguments) {
  SupervisorSeed seed = SupervisorSeed::plant();  // before any thread, and before SQLite
  auto word = arguments.value("--resume");
  const bool is_about_going_on = arguments.has("--behind") || arguments.has("--adopt") || arguments.has("--because");
  if (!word && is_about_going_on)
    throw Error(ExitCode::usage, "--adopt, --behind and --because are about a run that goes on", "add --resume [RUN]");
  if (word) return resume(arguments, std::move(seed), *word);
  if (arguments.operands().empty())
    throw Error(ExitCode::usage, "which runbook? Give a file", fmt::format("runbook {} FILE", arguments.command().name));
  return begin(arguments, std::move(seed));
}

int walk_command(const Arguments& arguments) {
  if (!can_ask(arguments))
    throw Error(ExitCode::usage, "a walkthrough is typed: it needs a terminal, on standard input and standard error",
                "without one: runbook run FILE");
  return run_command(arguments);
}

}  // namespace runbook
