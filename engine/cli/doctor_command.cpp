// doctor: what could be wrong with the journal, the runs in it, and the machine. Changes nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "cli/aws_models.h"
#include "cli/commands.h"
#include "cli/going_on.h"
#include "cli/session.h"
#include "os/attempt_log.h"
#include "os/program.h"
#include "os/remains.h"
#include "os/session_manager.h"
#include "plugins/all.h"
#include "plugins/aws/session.h"
#include "report/run_view.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

struct Finding {
  enum class Kind { good, remark, problem } kind = Kind::good;
  std::string about, text, hint;
};

std::string_view kind_name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::good: return "ok";
    case Finding::Kind::remark: return "note";
    case Finding::Kind::problem: return "problem";
  }
  RUNBOOK_ASSERT(false);
}

class Examination {
 public:
  explicit Examination(const Arguments& arguments) : path_(journal_path(arguments)), words_(journal_words(arguments)) {}

  std::vector<Finding> run() {
    examine_journal();
    examine_room();
    examine_programs();
    examine_aws();
    examine_logout();
    return std::move(findings_);
  }

 private:
  using Kind = Finding::Kind;

  void add(Kind kind, std::string about, std::string text, std::string hint = {}) {
    findings_.push_back({kind, std::move(about), std::move(text), std::move(hint)});
  }

  void examine_journal() {
    if (!fs::exists(fs::symlink_status(path_))) return examine_absence();
    examine_privacy();  // before SQLite puts files of its own beside it
    try {
      const JournalFile file(path_, OpenMode::read);
      const std::vector<RunRow> runs = file.runs();
      add(Kind::good, "journal",
          fmt::format("{} can be read: {} run{}", path_.string(), runs.size(), runs.size() == 1 ? "" : "s"));
      if (const std::string warning = file.storage_warning(); !warning.empty())
        add(Kind::remark, "storage", warning, "name another journal with `--journal` or RUNBOOK_JOURNAL");
      examine_access();
      require_no_lost_runs(file);
      for (const RunRow& row : runs) examine_run(file, row);
    } catch (const Error& error) {
      add(Kind::problem, "journal", error.what(), error.hint());
    }
  }

  // Folders of runs without their journal: it was lost.
  void examine_absence() {
    const fs::path folders = path_.string() + ".d";
    std::error_code error;
    if (fs::is_directory(folders, error) && !fs::is_empty(folders, error))
      return add(Kind::problem, "journal",
                 fmt::format("{} was lost: {} tells of runs that were in it", path_.string(), folders.string()),
                 "put back its newest copy, with its -wal");
    add(Kind::good, "journal", fmt::format("there is none yet: the first run makes {}", path_.string()));
  }

  void examine_access() {
    const bool can_write = ::access(path_.c_str(), W_OK) == 0 && ::access(path_.parent_path().c_str(), W_OK) == 0;
    if (!can_write)
      add(Kind::problem, "journal", fmt::format("{} or its folder can't be written by you: nothing can be run", path_.string()),
          "ask its owner, or name another journal with `--journal` or RUNBOOK_JOURNAL");
  }

  void examine_privacy() {
    std::string open;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      const std::string file = path_.string() + suffix;
      std::error_code missing;
      const auto others = fs::perms::group_all | fs::perms::others_all;
      const fs::perms mode = fs::status(file, missing).permissions();
      if (!missing && (mode & others) != fs::perms::none) open += " " + quoted_for_shell(file);
    }
    if (!open.empty())
      add(Kind::remark, "journal", fmt::format("others may read what is recorded in {}", path_.string()), "chmod 600" + open);
  }

  void examine_run(const JournalFile& file, const RunRow& row) {
    const std::string about = "run " + row.run;
    const Verdict verdict = verify_run(file, row.run, commits_known_to(read_attempt_log(file.run_folder(row.run))));
    if (verdict.kind == Verdict::Kind::broken)
      add(Kind::problem, about, "its record is broken: " + verdict.why,
          fmt::format("`runbook verify {}{}` says where; put back the newest copy that it accepts", row.run, words_));
    if (row.ended_at_ms != 0) return examine_processes(file, row);
    const int driver = lease_holder(file.run_folder(row.run));
    if (driver != 0) add(Kind::good, about, fmt::format("{}, driven by pid {}", row.state, driver));
    else add(Kind::remark, about, fmt::format("{}, and nobody drives it", row.state), ways_on(file, row));
    examine_processes(file, row);
  }

  std::string ways_on(const JournalFile& file, const RunRow& row) const {
    const RunState state = fold_run(file, row.run);
    const std::string leaving = state.is_cancelling ? "" : fmt::format("; or leave it: runbook cancel {}{}", row.run, words_);
    return "go on: " + command_to_go_on(state, row.run, words_) + leaving;
  }

  void examine_processes(const JournalFile& file, const RunRow& row) {
    const auto folder = file.run_folder(row.run);
    const AttemptLog log = read_attempt_log(folder);
    const ProcessWorld here = this_world();
    const RunState state = log.attempts.empty() ? RunState() : fold_run(file, row.run);
    for (const auto& [n, attempt] : log.attempts) {
      const std::string step = step_of(state, n);
      if (is_at_work(folder, attempt, fmt::format("{}/{}", row.run, n)))
        add(Kind::remark, "run " + row.run, fmt::format("{} runs ({})", step, pid_text(attempt)));
      if (!(attempt.world == here)) continue;
      for (const ProcessId& left : attempt.left) {
        if (is_alive(left))
          add(Kind::remark, "run " + row.run,
              fmt::format("{} left a process that runs on, as it is meant to (pid {})", step, left.pid));
      }
    }
  }

  static std::string step_of(const RunState& state, std::int64_t n) {
    const auto found = std::find_if(state.instances.begin(), state.instances.end(),
                                    [n = n](const auto& entry) { return entry.second.attempt == n; });
    return found == state.instances.end() ? fmt::format("attempt {}", n) : fmt::format("step `{}`", found->first);
  }

  void examine_room() {
    constexpr std::uintmax_t little = std::uintmax_t{100} << 20;
    fs::path folder = path_.parent_path();
    while (!fs::exists(folder) && folder != folder.parent_path()) folder = folder.parent_path();
    std::error_code error;
    const fs::space_info room = fs::space(folder, error);
    if (error) return add(Kind::problem, "room", fmt::format("{}: {}", folder.string(), error.message()));
    const std::string text = fmt::format("{} MB are free in {}", room.available >> 20, folder.string());
    add(room.available < little ? Kind::problem : Kind::good, "room", text,
        room.available < little ? "make room: a full disk stops a run (it can be resumed)" : "");
  }

  void examine_programs() {
    for (const char* program : {"bash", "sh"}) {
      if (!is_program(program))
        add(Kind::problem, "programs", fmt::format("there is no `{}` in PATH, and `shell` steps need it", program));
    }
  }

  // Of no use to a runbook without `aws` steps: no problem.
  void examine_aws() {
    const aws::ModelStore* store = aws_session()->models();
    if (!store) return add(Kind::remark, "aws", "there are no service models for `aws` steps", aws::no_models);
    const aws::ModelFolder& folder = store->folder();
    add(Kind::good, "aws", fmt::format("service models of {} in {}", models_text(folder), folder.path.string()));
  }

  void examine_logout() {
    const LogoutFate fate = fate_at_logout();
    add(fate.kind == LogoutFate::Kind::survives ? Kind::good : Kind::remark, "logout", fate.why, fate.hint);
  }

  const fs::path path_;
  const std::string words_;
  std::vector<Finding> findings_;
};

Value as_json(const std::vector<Finding>& findings) {
  List list;
  for (const Finding& finding : findings)
    list.push_back(object({{"kind", kind_name(finding.kind)},
                           {"about", finding.about},
                           {"text", finding.text},
                           {"hint", finding.hint.empty() ? Value() : Value(finding.hint)}}));
  return Value(std::move(list));
}

}  // namespace

int doctor_command(const Arguments& arguments) {
  const std::vector<Finding> findings = Examination(arguments).run();
  if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(as_json(findings)));
  for (const Finding& finding : arguments.wants_json() ? std::vector<Finding>() : findings) {
    fmt::print("{:<8} {}: {}\n", kind_name(finding.kind), finding.about, finding.text);
    if (!finding.hint.empty()) fmt::print("{:<8}   {}\n", "", finding.hint);
  }
  const bool is_well = std::none_of(findings.begin(), findings.end(),
                                    [](const Finding& finding) { return finding.kind == Finding::Kind::problem; });
  return is_well ? 0 : static_cast<int>(ExitCode::journal);
}

}  // namespace runbook
