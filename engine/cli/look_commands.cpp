// check, runs, show, why: what only looks.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "book/loader.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/going_on.h"
#include "cli/session.h"
#include "cli/terminal_style.h"
#include "os/attempt_log.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "report/event_text.h"
#include "report/run_view.h"

namespace runbook {

namespace {

Value diagnostic_json(const SourceText& source, const Diagnostic& diagnostic) {
  return object({{"file", source.name()},
                 {"line", diagnostic.place.line},
                 {"column", diagnostic.place.column},
                 {"severity", diagnostic.severity == Diagnostic::Severity::error ? "error" : "warning"},
                 {"message", diagnostic.message},
                 {"hint", diagnostic.hint}});
}

}  // namespace

int check_command(const Arguments& arguments) {
  bool is_sound = true;
  List problems;
  for (const auto& word : arguments.operands()) {
    const std::filesystem::path path = find_runbook(word);
    SourcePtr source = read_source(path);
    Loaded loaded = load_runbook(source, all_declarations(), files_in(path.parent_path()));
    is_sound = is_sound && loaded.runbook != nullptr;
    for (const auto& diagnostic : loaded.diagnostics)
      problems.push_back(diagnostic_json(diagnostic.source ? *diagnostic.source : *source, diagnostic));
    if (!arguments.wants_json()) fmt::print("{}", render_all(loaded.diagnostics, loaded.errors + loaded.warnings, *source));
    if (!arguments.wants_json() && loaded.runbook && loaded.diagnostics.empty())
      fmt::print("{}: {}, no problems\n", source->name(), counted(loaded.runbook->steps.size(), "step"));
  }
  if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(Value(std::move(problems))));
  return is_sound ? 0 : static_cast<int>(ExitCode::usage);
}

int runs_command(const Arguments& arguments) {
  JournalFile file(journal_path(arguments), OpenMode::read);
  List rows;
  for (const RunRow& row : file.runs()) {
    const bool has_no_driver = row.state == "running" && lease_holder(file.run_folder(row.run)) == 0;
    const std::string state = has_no_driver ? "interrupted" : row.state;
    rows.push_back(with(row_json(row), "state", state));
    if (arguments.wants_json()) continue;
    const std::string took = row.ended_at_ms ? elapsed_text(row.ended_at_ms - row.began_at_ms) : "";
    fmt::print("{:<20} {:<12} {}  {:>8}  {}{}\n", row.run, state, utc_text(row.began_at_ms), took, row.runbook,
               row.title.empty() ? "" : ": " + row.title);
  }
  if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(Value(std::move(rows))));
  else if (rows.empty()) fmt::print(stderr, "no runs in {}\n", file.path().string());
  require_no_lost_runs(file);
  return 0;
}

namespace {

void show_run(const Arguments& arguments, const JournalFile& file, const RunRow& row) {
  RunView view = view_run(file, row);
  int holder = lease_holder(file.run_folder(row.run));
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(with(to_json_view(view), "driver", holder ? Value(holder) : Value())));
    return;
  }
  fmt::print("{}", to_text_view(view, wants_colour(STDOUT_FILENO) ? Colour::yes : Colour::no, markdown_style(STDOUT_FILENO)));
  if (view.state.was_left()) return;
  for (const auto& [id, question] : view.state.questions) {
    if (question.is_open && !question.sha256.empty())
      fmt::print("\nto approve: runbook confirm {} {}{}\n", row.run, question.instance, journal_words(arguments));
    if (question.is_open && question.about == "manual")
      fmt::print("\nwhen it is done: runbook confirm {} {}{}{}\n", row.run, question.instance, what_to_give(view.forms.at(id)),
                 journal_words(arguments));
  }
  if (holder) fmt::print("\ndriven by pid {}\n", holder);
  if (!holder)
    fmt::print("\nnobody drives it; to go on: {}\n", command_to_go_on(view.state, row.run, journal_words(arguments)));
}

}  // namespace

int show_command(const Arguments& arguments) {
  JournalFile file(journal_path(arguments), OpenMode::read);
  RunRow row = file.find_run(arguments.operands().at(0));
  if (arguments.has("--definition")) return fmt::print("{}", stored_definition(file, fold_run(file, row.run))->text()), 0;
  show_run(arguments, file, row);
  require_nothing_lost(file, row.run);
  return 0;
}

int why_command(const Arguments& arguments) {
  JournalFile file(journal_path(arguments), OpenMode::read);
  RunRow row = file.find_run(arguments.operands().at(0));
  const std::string& step = arguments.operands().at(1);
  RunState state = fold_run(file, row.run);
  require_step(file, state, step);
  List events;
  std::string text;
  file.events(row.run, 0, [&](const Event& event) {
    if (event.instance.empty() || state.name_now(event) != step) return;
    events.push_back(object({{"event", event.seq},
                             {"at", utc_text(event.at_ms)},
                             {"kind", event.kind},
                             {"attempt", event.attempt},
                             {"text", event_sentence(event)},
                             {"body", event.body}}));
    text += fmt::format("  {}  {}\n", utc_text(event.at_ms), event_sentence(event));
  });
  const InstanceState& it = state.of(step);
  Value answer =
      object({{"step", step}, {"state", step_state_name(it.state)}, {"why", it.why}, {"events", Value(std::move(events))}});
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(answer));
  } else {
    fmt::print("`{}`: {}{}\n{}", step, step_state_name(it.state), it.why.empty() ? "" : ", " + it.why, text);
    if (text.empty())
      fmt::print("  nothing has happened to it yet; run {} is {}{}\n", row.run, state.state,
                 state.why.empty() ? "" : " (" + state.why + ")");
  }
  require_nothing_lost(file, row.run);
  return 0;
}

}  // namespace runbook
