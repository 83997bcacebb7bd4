// prune: runs that were left long ago leave the journal, archived.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/decree.h"
#include "cli/session.h"
#include "os/identity.h"
#include "state/prune.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

std::int64_t read_keep(const Arguments& arguments) {
  const auto word = arguments.value("--keep");
  if (!word) throw Error(ExitCode::usage, "`prune` must know how long a run is kept after it was left", "--keep 90d");
  const auto keep_ms = parse_duration_ms(*word);
  if (!keep_ms) throw Error(ExitCode::usage, fmt::format("--keep: `{}` is no duration", *word), "--keep 90d");
  return *keep_ms;
}

PruneOrder read_order(const Arguments& arguments, const JournalFile& file, std::int64_t now_ms) {
  if (arguments.has("--no-archive") && arguments.has("--archive"))
    throw Error(ExitCode::usage, "--archive and --no-archive exclude each other");
  PruneOrder order;
  order.who = operator_name();
  order.host = host_name();
  order.at_ms = now_ms;
  if (arguments.has("--no-archive")) {
    order.because = require_because(arguments);
    return order;
  }
  order.because = arguments.value("--because").value_or("");
  const auto folder = arguments.value("--archive");
  order.archives = folder ? fs::absolute(*folder).lexically_normal() : default_archives(file);
  return order;
}

// What became of a run; in JSON its name with underscores.
struct Line {
  RunRow row;
  std::string what, archive, why;
};

class PruneCommand {
 public:
  explicit PruneCommand(const Arguments& arguments)
      : arguments_(arguments),
        now_ms_(SystemClock().now_ms()),
        before_ms_(now_ms_ - read_keep(arguments)),
        file_(journal_path(arguments), arguments.has("--dry-run") ? OpenMode::read : OpenMode::write),
        order_(read_order(arguments, file_, now_ms_)) {
    if (const auto word = arguments.value("--run")) only_ = file_.find_run(*word).run;
  }

  int run() {
    std::vector<RunRow> rows = file_.runs();
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) look_at(*row);
    if (!is_rehearsed()) finish_pruning(file_);
    tell();
    return has_failed_ ? static_cast<int>(ExitCode::step_failed) : 0;
  }

 private:
  bool is_rehearsed() const { return arguments_.has("--dry-run"); }

  void look_at(const RunRow& row) {
    const bool is_wanted = only_ ? row.run == *only_ : (row.ended_at_ms == 0 ? row.began_at_ms : row.ended_at_ms) < before_ms_;
    if (!is_wanted) return;
    if (row.ended_at_ms == 0) return add({row, "unfinished", "", "it was never left"});
    if (only_ && row.ended_at_ms > before_ms_) return add({row, "kept", "", "it was left at " + utc_text(row.ended_at_ms)});
    const std::string archive = order_.archives.empty() ? "" : archive_path(order_.archives, row.run).string();
    if (is_rehearsed()) return add({row, "would_be_pruned", archive, ""});
    try {
      const Lease lease = lease_to_write(file_, row.run);
      prune_run(file_, lease, row, order_, commits_known_to(read_attempt_log(lease.folder())));
      add({row, "pruned", archive, ""});
    } catch (const Error& error) {
      const bool is_busy = error.code() == ExitCode::driven;
      has_failed_ = has_failed_ || !is_busy;
      add({row, is_busy ? "passed_over" : "refused", "", with_hint(error)});
    }
  }

  void add(Line line) { lines_.push_back(std::move(line)); }

  void tell() const {
    List list;
    for (const Line& line : lines_) {
      list.push_back(json(line));
      if (!arguments_.wants_json()) fmt::print("{}\n", text(line));
    }
    if (arguments_.wants_json()) fmt::print("{}\n", to_pretty_json(Value(std::move(list))));
    else if (lines_.empty()) fmt::print(stderr, "nothing to prune in {}\n", file_.path().string());
  }

  static std::string text(const Line& line) {
    const RunRow& row = line.row;
    const std::string which = fmt::format("{}  {}", row.run, row.runbook);
    if (line.what == "unfinished") return fmt::format("{}: unfinished ({}), and never pruned", which, row.state);
    if (line.what == "kept") return fmt::format("{}: kept, for {}", which, line.why);
    if (line.what == "passed_over" || line.what == "refused")
      return fmt::format("{}: {}: {}", which, line.what == "refused" ? "not pruned" : "passed over", line.why);
    const std::string kept = line.archive.empty() ? "no archive is kept" : "archive " + line.archive;
    return fmt::format("{}: {}, {} at {}; {}; head {}", which, line.what == "pruned" ? "pruned" : "would be pruned", row.state,
                       utc_text(row.ended_at_ms), kept, row.hash);
  }

  static Value json(const Line& line) {
    const auto or_null = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
    const RunRow& row = line.row;
    return object({{"run", row.run},
                   {"runbook", row.runbook},
                   {"state", row.state},
                   {"ended_at", row.ended_at_ms == 0 ? Value() : Value(utc_text(row.ended_at_ms))},
                   {"what", line.what},
                   {"archive", or_null(line.archive)},
                   {"head", row.hash},
                   {"why", or_null(line.why)}});
  }

  const Arguments& arguments_;
  const std::int64_t now_ms_, before_ms_;
  JournalFile file_;
  const PruneOrder order_;
  std::optional<std::string> only_;
  std::vector<Line> lines_;
  bool has_failed_ = false;
};

}  // namespace

int prune_command(const Arguments& arguments) { return PruneCommand(arguments).run(); }

}  // namespace runbook
