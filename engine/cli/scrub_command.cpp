// scrub: a secret that leaked into a run's record is taken out of it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/decree.h"
#include "cli/driven_event.h"
#include "cli/going_on.h"
#include "cli/session.h"
#include "os/files.h"
#include "os/remains.h"
#include "os/spool.h"
#include "os/terminal.h"
#include "report/run_view.h"
#include "state/scrub.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) throw Error(ExitCode::usage, fmt::format("--value-from: ${} is not set", name), fmt::format("export {}", name));
  return value;
}

std::string from_standard_input(const Arguments& arguments) {
  if (!can_ask(arguments)) return read_stream(STDIN_FILENO);
  const auto line = read_hidden_line("The value that is to be scrubbed, not shown: ");
  fmt::print(stderr, "\n");
  return line.value_or("");
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string read_value(const Arguments& arguments) {
  const auto source = arguments.value("--value-from");
  if (!source)
    throw Error(ExitCode::usage,
                "`scrub` must know the value; it is read, for an argument is seen by everybody on this machine",
                "--value-from FILE, --value-from env:NAME, or --value-from - for standard input");
  std::string value = without_line_end(source->starts_with("env:") ? from_environment(source->substr(4))
                                       : *source == "-"            ? from_standard_input(arguments)
                                                                   : read_file(*source));
  if (const std::string why = why_not_scrubbed(value); !why.empty())
    throw Error(ExitCode::usage, why + "; nothing was scrubbed", "--value-from names where the whole value stands");
  return value;
}

// It would write what was just scrubbed once more.
void refuse_while_steps_run(const JournalFile& file, const std::string& run) {
  const fs::path folder = file.run_folder(run);
  const AttemptLog log = read_attempt_log(folder);
  for (const auto& [n, attempt] : log.attempts) {
    if (!is_at_work(folder, attempt, fmt::format("{}/{}", run, n))) continue;
    throw Error(ExitCode::driven,
                fmt::format("attempt {} of run {} runs ({}), and may write the value once more; nothing was scrubbed", n, run,
                            pid_text(attempt)),
                fmt::format("wait for it, or take the run up: {}; then scrub",
                            command_to_go_on(fold_run(file, run), run, journal_words(file))));
  }
}

// A value that is cut by a frame of the spool is found in what the frames hold together.
std::vector<std::string> remove_spools_that_hold(const fs::path& folder, const std::string& value) {
  std::vector<std::string> removed;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(folder, gone)) {
    if (entry.path().extension() != ".spool") continue;
    const SpoolText text = read_spool(entry.path());
    const auto holds = [&](const std::string& part) { return without_value(part, value) != part; };
    if (!holds(text.text()) && !holds(text.out) && !holds(text.err)) continue;
    fs::remove(entry.path(), gone);
    removed.push_back(entry.path().filename());
  }
  return removed;
}

class ScrubCommand {
 public:
  explicit ScrubCommand(const Arguments& arguments)
      : arguments_(arguments),
        because_(require_because(arguments)),
        value_(read_value(arguments)),
        file_(journal_path(arguments), OpenMode::write),
        row_(file_.find_run(arguments.operands().at(0))) {}

  int run() {
    scrub();
    state_ = fold_run(file_, row_.run);
    others_ = other_runs_that_hold(file_, row_.run, value_);
    if (arguments_.wants_json()) fmt::print("{}\n", to_pretty_json(json()));
    else tell();
    return result_.events.empty() && result_.unclean.empty() ? 0 : static_cast<int>(ExitCode::step_failed);
  }

 private:
  void scrub() {
    const Lease lease = lease_to_write(file_, row_.run);
    refuse_while_steps_run(file_, row_.run);
    const ScrubOrder order{value_, operator_name(), because_, driven_by_command(SystemClock().now_ms())};
    result_ = scrub_run(file_, lease, row_.run, order, commits_known_to(read_attempt_log(lease.folder())));
    removed_ = remove_spools_that_hold(lease.folder(), value_);
  }

  bool found_something() const { return result_.event != 0 || !result_.files.empty() || !removed_.empty(); }

  void tell() const {
    if (result_.event != 0)
      fmt::print("run {} is scrubbed at event {}: {} and {} were replaced\n", row_.run, result_.event,
                 counted(result_.blobs, "recorded text"), counted(result_.answers, "answer"));
    if (!result_.files.empty()) fmt::print("it was overwritten in {} of the run's folder\n", fmt::join(result_.files, ", "));
    if (!removed_.empty())
      fmt::print("removed from the run's folder, with output that was not recorded yet: {}\n", fmt::join(removed_, ", "));
    if (!found_something() && result_.events.empty())
      fmt::print("nothing that run {} recorded holds the value; the journal's file was cleaned all the same\n", row_.run);
    tell_what_it_means();
    tell_what_is_left();
  }

  void tell_what_it_means() const {
    const ScrubbedParts parts = scrubbed_parts(state_);
    if (!state_.was_left() && !parts.is_whole())
      fmt::print("{} was among them: the run can't be resumed as it was; `{}` says the way on\n", parts.text(),
                 command_to_go_on(state_, row_.run, journal_words(arguments_)));
    for (const std::string& instance : result_.reopened)
      fmt::print(
          "the answer to `{}` held it, and nobody had taken it up: it is gone, and the question is open again: runbook confirm "
          "{} {}{}\n",
          instance, row_.run, instance, journal_words(arguments_));
    for (const std::string& run : others_)
      fmt::print("run {} holds it too: runbook scrub {}{} --value-from ...\n", run, run, journal_words(arguments_));
    const fs::path typed = file_.path().parent_path() / "walk_history";
    if (const auto text = try_read_file(typed); text && without_value(*text, value_) != *text)
      fmt::print("{} holds it too, as it was typed: edit or remove that file\n", typed.string());
    fmt::print(
        "it was looked for as it is, and as base64, URL, JSON, shell-quoted, hexadecimal and PEM-wrapped text; not as HTML or "
        "XML "
        "entities, not split over lines, not in other encodings\n");
    if (found_something()) fmt::print("copies of the journal, and archives that were made before, still hold it\n");
  }

  void tell_what_is_left() const {
    if (!result_.events.empty())
      fmt::print(stderr,
                 "the value is STILL in the journal: it stands in {} of run {}, and events can't be changed, for each is "
                 "chained to the one "
                 "before\n",
                 result_.events.size() == 1 ? "an event" : "events", row_.run);
    for (const std::string& event : result_.events) fmt::print(stderr, "  {}\n", event);
    if (!result_.events.empty())
      fmt::print(stderr,
                 "  change the secret where it is used. To be rid of the record too: keep elsewhere what is needed of it "
                 "(runbook show), "
                 "let the run be left, then: runbook prune --keep 0s --run {}{} --no-archive --because \"...\"\n",
                 row_.run, journal_words(arguments_));
    if (!result_.unclean.empty())
      fmt::print(stderr,
                 "the record is scrubbed, but the journal's file may STILL hold the value: {}\n"
                 "  the same command once more finishes it\n",
                 result_.unclean);
  }

  Value json() const {
    const ScrubbedParts parts = scrubbed_parts(state_);
    return object({{"run", row_.run},
                   {"event", result_.event == 0 ? Value() : Value(result_.event)},
                   {"blobs", static_cast<std::int64_t>(result_.blobs)},
                   {"answers", static_cast<std::int64_t>(result_.answers)},
                   {"reopened", list_from(result_.reopened)},
                   {"files", list_from(result_.files)},
                   {"removed_files", list_from(removed_)},
                   {"still_in_events", list_from(result_.events)},
                   {"unclean", result_.unclean.empty() ? Value() : Value(result_.unclean)},
                   {"can_be_resumed", state_.was_left() ? Value() : Value(parts.is_whole())},
                   {"other_runs", list_from(others_)}});
  }

  const Arguments& arguments_;
  const std::string because_, value_;
  JournalFile file_;
  RunRow row_;
  RunState state_;
  ScrubResult result_;
  std::vector<std::string> removed_, others_;
};

}  // namespace

int scrub_command(const Arguments& arguments) { return ScrubCommand(arguments).run(); }

}  // namespace runbook
