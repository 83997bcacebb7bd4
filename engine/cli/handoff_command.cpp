// handoff: a run is released with a note and a summary; who goes on with it sees both, and is recorded.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/trimmed.h"
#include "cli/commands.h"
#include "cli/decree.h"
#include "cli/handoff_summary.h"
#include "cli/session.h"
#include "os/identity.h"
#include "plugins/all.h"
#include "report/handoff_text.h"
#include "report/run_view.h"

namespace runbook {

namespace {

constexpr std::size_t longest_note = 64 * 1024;

// Of --note, where `-` is standard input.
std::string note_of(const Arguments& arguments) {
  std::string note = arguments.value("--note").value_or("");
  if (note == "-") note.assign(std::istreambuf_iterator<char>(std::cin), {});
  note = trimmed(note);
  if (note.empty())
    throw Error(ExitCode::usage, "whoever takes the run over needs a note of yours; it stands in the record",
                "--note \"...\", or --note - to read it from standard input");
  if (note.size() > longest_note) throw Error(ExitCode::usage, "the note is longer than 64 KB", "say it in fewer words");
  return note;
}

void refuse_while_driven(const Arguments& arguments, const JournalFile& file, const std::string& run) {
  const int holder = lease_holder(file.run_folder(run));
  if (holder == 0 || arguments.has("--take-over")) return;
  throw Error(ExitCode::driven, fmt::format("pid {} drives run {}; nothing was handed off", holder, run),
              fmt::format("pause it there (Ctrl-C), or in `walk` say `handoff`; then try again\n"
                          "or end that engine first: runbook handoff {} --take-over --note \"...\"{}",
                          run, journal_words(arguments)));
}

// Its engine may have died without a word.
Pause pause_of(const RunState& state) {
  if (state.state == "running") return {"interrupted", "its engine has ended"};
  return {state.state, state.why};
}

}  // namespace

int handoff_command(const Arguments& arguments) {
  JournalFile file(journal_path(arguments), OpenMode::write);
  const RunRow row = file.find_run(arguments.operands().at(0));
  if (row.ended_at_ms != 0)
    throw Error(ExitCode::usage, fmt::format("run {} was left as {} at {}; there is nothing to hand off", row.run, row.state,
                                             utc_text(row.ended_at_ms)));
  refuse_while_driven(arguments, file, row.run);
  const std::string note = note_of(arguments), who = operator_name();
  Decree given{file, row, who, note};
  if (arguments.has("--take-over")) given.mode = Lease::Mode::take_over;
  const auto make = [&](const RunState&) -> std::vector<Proposal> {
    return {Proposal(event::handed_off, "", object({{"who", who}, {"note", note}}))};
  };
  decree(given, make, pause_of);
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(to_json_view(view_run(file, *file.run(row.run)))));
    return 0;
  }
  const RunState state = fold_run(file, row.run);
  StoredValues values([&](const std::string& digest) { return file.blob(digest); });
  const RunFacts facts =
      facts_of(row.run, load_stored(file, state), all_declarations(), parse_json(file.blob(state.inputs)), state);
  fmt::print("{}", handoff_text(state.handoffs.back(), "    "));
  fmt::print("{}", handoff_summary({facts, state, values, journal_words(arguments), SystemClock().now_ms()}, Secrets::named));
  return 0;
}

}  // namespace runbook
