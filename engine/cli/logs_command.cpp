#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "base/cells.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/going_on.h"
#include "cli/session.h"
#include "os/attempt_pipes.h"
#include "os/remains.h"
#include "os/spool.h"
#include "os/terminal.h"
#include "report/run_view.h"
#include "state/going_on.h"

namespace runbook {

namespace {

// What steps wrote does nothing to a terminal: line by line it is made harmless there. Elsewhere it comes as it was recorded.
class Shown {
 public:
  void add(const std::string& text) {
    partial_ += text;
    const std::size_t end = is_terminal_ ? partial_.rfind('\n') + 1 : partial_.size();
    write(end);
  }
  // Of what is written without line ends something is seen too.
  void finish() { write(partial_.size()); }

 private:
  void write(std::size_t size) {
    if (size == 0) return;
    const std::string text = partial_.substr(0, size);
    partial_.erase(0, size);
    fmt::print("{}", is_terminal_ ? harmless_lines(text) : text);
    std::fflush(stdout);
  }

  // Line ends and tabs stay.
  static std::string harmless_lines(const std::string& text) {
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find_first_of("\n\t", at), text.size());
      const bool has_return = end < text.size() && end > at && text[end] == '\n' && text[end - 1] == '\r';
      shown += harmless(std::string_view(text).substr(at, end - at - (has_return ? 1 : 0)), Charset::utf8);
      shown += text.substr(end, 1);
      at = end + 1;
    }
    return shown;
  }

  const bool is_terminal_ = is_terminal(STDOUT_FILENO);
  std::string partial_;
};

// What the attempts of a run wrote: from the journal when they ended, from the spool while they run.
class Logs {
 public:
  Logs(const JournalFile& file, RunRow row, std::string step)
      : file_(file), row_(std::move(row)), step_(std::move(step)), state_(fold_run(file, row_.run)) {}

  // Shows what is new since the last call.
  void show() {
    const std::int64_t seen_before = seen_, shown_before = shown_;
    file_.events(row_.run, seen_, [&](const Event& event) {
      seen_ = event.seq;
      bool is_wanted = !event.instance.empty() && (step_.empty() || state_.name_now(event) == step_);
      if (!is_wanted) return;
      if (event.kind == event::intent) open(event);
      if (event.kind == event::intent && event.body.find("tty")) say_that_it_had_the_terminal(event);
      if (event.body.find("output")) close(event, file_.blob(blob_digest(event.body.get("output"))));
      if (event.body.find("findings")) show_findings(event, file_.blob(blob_digest(event.body.get("findings"))));
      if (event.kind == event::ended || event.kind == event::doubted) open_ = std::nullopt;
    });
    if (open_) print(read_spool_since(spool(), shown_));
    if (seen_ == seen_before && shown_ == shown_before) screen_.finish();
  }
  void finish() { screen_.finish(); }
  // More may come of what is shown, whether an engine lives or not.
  bool is_shown_one_still_read() const {
    if (!open_) return false;
    const auto folder = file_.run_folder(row_.run);
    const AttemptLog log = read_attempt_log(folder);
    const auto found = log.attempts.find(open_->attempt);
    return found != log.attempts.end() && is_still_read(folder, found->second, fmt::format("{}/{}", row_.run, open_->attempt));
  }
  List as_json() const { return json_; }
  bool is_quiet = false;  // collects for JSON

 private:
  std::filesystem::path spool() const { return file_.run_folder(row_.run) / AttemptFiles(open_->attempt).spool; }

  void open(const Event& event) {
    open_ = event;
    shown_ = 0;
    if (step_.empty()) print(fmt::format("== {} ==\n", event.instance));
  }

  void close(const Event& event, const std::string& output) {
    json_.push_back(
        object({{"step", event.instance}, {"attempt", event.attempt}, {"at", utc_text(event.at_ms)}, {"output", output}}));
    // What was followed live stands on the screen already; the rest comes from the journal.
    std::string rest = shown_ < static_cast<std::int64_t>(output.size()) ? output.substr(static_cast<std::size_t>(shown_)) : "";
    print(rest);
    screen_.finish();
    shown_ = static_cast<std::int64_t>(output.size());
  }

  void say_that_it_had_the_terminal(const Event& event) {
    json_.push_back(
        object({{"step", event.instance}, {"attempt", event.attempt}, {"at", utc_text(event.at_ms)}, {"tty", true}}));
    print("(it had the terminal; what passed there is not recorded)\n");
  }

  // Beside what it wrote: what stood there when it had gone wrong.
  void show_findings(const Event& event, const std::string& findings) {
    json_.push_back(
        object({{"step", event.instance}, {"attempt", event.attempt}, {"at", utc_text(event.at_ms)}, {"findings", findings}}));
    print(fmt::format("-- what stood there ({}) --\n{}", event.instance, findings));
  }

  void print(const std::string& text) {
    if (!is_quiet) screen_.add(text);
  }

  const JournalFile& file_;
  RunRow row_;
  std::string step_;
  RunState state_;  // for the names that steps had before
  std::int64_t seen_ = 0, shown_ = 0;
  std::optional<Event> open_;
  List json_;
  Shown screen_;
};

// What the steps wrote is not the end of it.
void say_if_nobody_goes_on(const JournalFile& file, const std::string& run) {
  const RunRow row = file.find_run(run);
  if (row.ended_at_ms != 0 || lease_holder(file.run_folder(run)) != 0) return;
  fmt::print(stderr, "run {}: nobody drives it; to go on: {}\n", run,
             command_to_go_on(fold_run(file, run), run, journal_words(file)));
}

}  // namespace

int logs_command(const Arguments& arguments) {
  JournalFile file(journal_path(arguments), OpenMode::read);
  RunRow row = file.find_run(arguments.operands().at(0));
  std::string step = arguments.operands().size() > 1 ? arguments.operands()[1] : "";
  if (!step.empty()) require_step(file, fold_run(file, row.run), step);
  Logs logs(file, row, step);
  logs.is_quiet = arguments.wants_json();
  logs.show();
  if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(Value(logs.as_json())));
  const bool follows = !arguments.wants_json() && arguments.has("--follow");
  while (follows) {
    const bool may_come = lease_holder(file.run_folder(row.run)) != 0 || logs.is_shown_one_still_read();
    ::usleep(200'000);
    logs.show();
    if (!may_come) break;
  }
  logs.finish();
  if (follows) say_if_nobody_goes_on(file, row.run);
  require_nothing_lost(file, row.run);
  return 0;
}

}  // namespace runbook
