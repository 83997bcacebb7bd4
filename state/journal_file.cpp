#include "state/journal_file.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "state/archive.h"
#include "state/prune.h"
#include "state/schema.h"
#include "state/scrub.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& path, const char* suffix) { return path.string() + suffix; }

void refuse_network_storage(const fs::path& path) {
  if (storage_of(path) != Storage::network) return;
  throw Error(ExitCode::journal,
              fmt::format("the journal {} lies on a network or FUSE file system, where locks and syncs can't be relied on",
                          path.string()),
              "name one on a local disk with `--journal` or RUNBOOK_JOURNAL");
}

// A second name (a hard link) would mean a second -wal and a second folder of locks.
void refuse_other_than_one_file(const fs::path& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) throw_system(ExitCode::journal, "looking at the journal " + path.string(), errno);
    throw Error(ExitCode::journal, fmt::format("there is no journal {}", path.string()),
                "`runbook run` begins one; another one is named with `--journal` or RUNBOOK_JOURNAL");
  }
  if (!S_ISREG(found.st_mode)) {
    throw Error(ExitCode::journal, fmt::format("the journal {} is not a file", path.string()), "name a file with `--journal`");
  }
  if (found.st_nlink == 1) return;
  throw Error(ExitCode::journal, fmt::format("the journal {} has {} names (hard links)", path.string(), found.st_nlink),
              "remove the others: two engines could use it under two names");
}

// With links resolved, so that two names of one journal don't mean two folders of locks.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) throw_system(ExitCode::journal, "looking at the journal " + path.string(), error.value());
  return found;
}

void configure(Database& database, OpenMode mode) {
  database.execute("PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF");
  if (mode == OpenMode::read) {
    database.execute("PRAGMA query_only=ON");
    return;
  }
  // SQLite opens to read what it fails to open to write, whatever the failure was.
  if (database.is_read_only() && access(database.path().c_str(), W_OK) == 0) {
    throw Error(ExitCode::journal, fmt::format("the journal {} can't be opened for writing", database.path()),
                "see that its disk is healthy and has room, then try again");
  }
  if (database.is_read_only()) {
    throw Error(ExitCode::journal, fmt::format("the journal {} is read-only", database.path()),
                "make the file and its folder writable, or name another journal with `--journal`");
  }
}

void use_write_ahead_log(Database& database) {
  Statement change(database, "PRAGMA journal_mode=WAL");
  if (change.step() && change.text(0) == "wal") return;
  throw Error(ExitCode::journal, fmt::format("the journal {} can't be switched to write-ahead logging", database.path()),
              "its file system lacks shared memory: name one on a local disk with `--journal`");
}

// Thousands of commits between two checkpoints: a commit costs one sync.
void set_up_for_writing(Database& database) {
  if (!is_blank(database)) {
    require_schema(database);
    refuse_archive(database);
  }
  use_write_ahead_log(database);
  database.execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000");
  if (is_blank(database)) create_schema(database);
  require_schema(database);
  upgrade_schema(database);
}

std::unique_ptr<Database> open_to_write(const fs::path& path) {
  auto database = std::make_unique<Database>(path.string(), Database::Access::ordinary);
  configure(*database, OpenMode::write);
  set_up_for_writing(*database);
  return database;
}

std::unique_ptr<Database> open_to_read(const fs::path& path, Database::Access access) {
  auto database = std::make_unique<Database>(path.string(), access);
  configure(*database, OpenMode::read);
  database->keep_wal_on_close();
  if (is_blank(*database)) {
    throw Error(ExitCode::journal, fmt::format("the journal {} is empty: no run was ever recorded in it", path.string()),
                "`runbook run` begins one");
  }
  require_schema(*database);
  return database;
}

// SQLite reads a journal in WAL mode only where it can make a -shm beside it, or is told that nobody writes.
std::unique_ptr<Database> open_to_read(const fs::path& path) {
  try {
    return open_to_read(path, Database::Access::ordinary);
  } catch (const Error&) {
    if (access(path.parent_path().c_str(), W_OK) == 0 || identity_of(beside(path, "-wal")) != FileIdentity()) throw;
  }
  return open_to_read(path, Database::Access::immutable);
}

std::string name_of_found(const RunRow& row) {
  return row.title.empty() ? fmt::format("{}  {}", row.run, row.state)
                           : fmt::format("{}  {}  {}", row.run, row.state, row.title);
}

Error several(const std::string& word, const std::vector<RunRow>& rows) {
  std::vector<std::string> lines;
  for (const RunRow& row : rows) lines.push_back("  " + name_of_found(row));
  return Error(ExitCode::usage, fmt::format("`{}` can mean {} runs", word, rows.size()),
               fmt::format("name one of\n{}", fmt::join(lines, "\n")));
}

Error none(const JournalFile& file, const std::string& word, const std::vector<RunRow>& rows) {
  if (rows.empty()) {
    return Error(ExitCode::usage, fmt::format("no runs in this journal, {}", file.path().string()),
                 "`runbook run FILE` begins one");
  }
  std::vector<std::string> known{"last"};
  for (const RunRow& row : rows) known.push_back(row.run);
  return Error(ExitCode::usage, fmt::format("there is no run `{}` in the journal {}", word, file.path().string()),
               suggestion(word, known, 5));
}

// Of a run that was committed: its head, or what its supervisor wrote.
bool has_traces(const fs::path& run_folder) {
  std::error_code missing;
  const auto size = fs::file_size(run_folder / "log", missing);
  return (!missing && size > 0) || read_head(run_folder);
}

bool is_listed(const JournalFile& file, const std::string& run) {
  Statement select(*file.db().database, "SELECT 1 FROM runs WHERE run = ?1 UNION ALL SELECT 1 FROM pruned WHERE run = ?1");
  return select.bind(run).step();
}

std::set<std::string> known_runs(const JournalFile& file) {
  Statement select(*file.db().database, "SELECT run FROM runs UNION ALL SELECT run FROM pruned");
  std::set<std::string> known;
  while (select.step()) known.insert(select.text(0));
  return known;
}

Error damaged_event(const JournalFile& file, const std::string& run, std::int64_t seq) {
  return Error(ExitCode::journal,
               fmt::format("event {} of run {} in the journal {} can't be read", seq, run, file.path().string()),
               fmt::format("`runbook verify {}` tells what was changed", run));
}

struct StoredBlob {
  std::string salt, bytes;
};

std::optional<StoredBlob> stored_blob(Database& database, const std::string& digest) {
  Statement select(database, "SELECT salt, bytes FROM blobs WHERE digest = ?");
  if (!select.bind(digest).step()) return std::nullopt;
  return StoredBlob{select.text(0), select.text(1)};
}

}  // namespace

void JournalFile::Db::require_place() const {
  if (identity_of(path) == file && identity_of(beside(path, "-wal")) == wal) return;
  throw Error(ExitCode::journal,
              fmt::format("the journal {} was moved, replaced or deleted while it was in use", path.string()),
              fmt::format("put it back together with its -wal; what ran stands in {}.d", path.string()));
}

JournalFile::JournalFile(fs::path path, OpenMode mode) : db_(std::make_unique<Db>()) {
  path = resolved(path);
  refuse_network_storage(path);
  if (mode == OpenMode::write) {
    make_private_folder(path.parent_path());
    make_private_file(path);
  }
  refuse_other_than_one_file(path);
  db_->path = path;
  db_->mode = mode;
  db_->database = mode == OpenMode::write ? open_to_write(path) : open_to_read(path);
  if (mode == OpenMode::write) make_private_folder(beside(path, ".d"));
  db_->file = identity_of(path);
  db_->wal = identity_of(beside(path, "-wal"));
}

JournalFile::~JournalFile() = default;

const fs::path& JournalFile::path() const { return db_->path; }

fs::path JournalFile::run_folder(const std::string& run) const { return beside(db_->path, ".d") / run; }

std::string JournalFile::storage_warning() const {
  if (storage_of(db_->path) != Storage::passing) return {};
  return fmt::format("the journal {} lies in memory and will not survive a reboot", db_->path.string());
}

// ?1 the run, ?2 a seq that those wanted are greater than.
constexpr const char* events_of_run =
    "id > (SELECT n << 32 FROM runs WHERE run = ?1) + ?2 AND id < (SELECT n + 1 << 32 FROM runs WHERE run = ?1)";

RunRow read_run_row(const Statement& select) {
  RunRow row;
  row.n = select.integer(0);
  row.run = select.text(1);
  row.runbook = select.text(2);
  row.title = select.text(3);
  row.file = select.text(4);
  row.state = select.text(5);
  row.began_at_ms = select.integer(6);
  row.ended_at_ms = select.integer(7);
  row.epoch = select.integer(8);
  row.seq = select.integer(9);
  row.hash = select.text(10);
  return row;
}

std::vector<RunRow> JournalFile::runs() const {
  Statement select(*db_->database, fmt::format("SELECT {} FROM runs ORDER BY n DESC", run_columns));
  std::vector<RunRow> rows;
  while (select.step()) rows.push_back(read_run_row(select));
  return rows;
}

std::optional<RunRow> JournalFile::run(const std::string& run) const {
  Statement select(*db_->database, fmt::format("SELECT {} FROM runs WHERE run = ?", run_columns));
  if (!select.bind(run).step()) return std::nullopt;
  return read_run_row(select);
}

RunRow JournalFile::find_run(const std::string& word) const {
  if (auto exact = run(word)) return *exact;
  const std::vector<RunRow> rows = runs();
  if (is_run_name(word) && has_traces(run_folder(word)) && !is_listed(*this, word)) {
    for (const KnownCommit& head : with_head(*this, word, {})) throw lost_events(*this, word, 0, head);
    require_no_lost_runs(*this);
  }
  if (word == "last") require_no_lost_runs(*this);
  if (word == "last" && !rows.empty()) return rows.front();
  std::vector<RunRow> matching;
  const auto fits = [&](const RunRow& row) { return !word.empty() && row.run.starts_with(word); };
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(matching), fits);
  if (matching.size() == 1) return matching.front();
  if (matching.empty()) require_not_pruned(*this, word);
  if (matching.empty()) throw none(*this, word, rows);
  throw several(word, matching);
}

void JournalFile::events(const std::string& run, std::int64_t after_seq, const std::function<void(const Event&)>& each) const {
  Statement select(*db_->database, fmt::format("SELECT seq, text FROM events WHERE {} ORDER BY id", events_of_run));
  select.bind(run).bind(after_seq);
  while (select.step()) {
    const auto event = read_event(select.integer(0), select.text(1));
    if (!event) throw damaged_event(*this, run, select.integer(0));
    each(*event);
  }
}

void JournalFile::stored_events(const std::string& run, const std::function<void(const StoredEvent&)>& each) const {
  Statement select(*db_->database,
                   fmt::format("SELECT seq, epoch, text, hash FROM events WHERE {} ORDER BY id", events_of_run));
  select.bind(run).bind(0);
  while (select.step()) each({select.integer(0), select.integer(1), select.text(2), select.text(3)});
}

std::string JournalFile::blob(const std::string& digest) const {
  std::optional<StoredBlob> found = stored_blob(*db_->database, digest);
  const std::string standing = found ? digest : standing_digest(*this, digest);
  if (standing != digest) found = stored_blob(*db_->database, standing);
  if (found && sha256_hex(found->salt + found->bytes) == standing) return found->bytes;
  const char* what = found ? "was changed after it was written" : "is missing";
  throw Error(ExitCode::journal, fmt::format("blob {}… in the journal {} {}", standing.substr(0, 12), path().string(), what),
              "`runbook verify RUN` names the event that it belongs to");
}

bool JournalFile::has_intact_blob(const std::string& digest) const {
  Statement select(*db_->database, "SELECT salt, bytes FROM blobs WHERE digest = ?");
  return select.bind(digest).step() && sha256_hex(select.text(0) + select.text(1)) == digest;
}

bool JournalFile::add_answer(const std::string& run, const Answer& answer) {
  const std::string fields = answer.fields.is_null() ? "" : to_json(answer.fields);
  db_->require_place();
  Transaction transaction(*db_->database, Transaction::Kind::write);
  Statement insert(*db_->database,
                   "INSERT INTO answers(run, question, choice, who, because, at_ms, fields) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
                   " WHERE NOT EXISTS (SELECT 1 FROM answers WHERE run = ?1 AND question = ?2)"
                   " AND NOT EXISTS (SELECT 1 FROM runs WHERE run = ?1 AND ended_at_ms <> 0)");
  insert.bind(run).bind(answer.question).bind(answer.choice).bind(answer.who).bind(answer.because).bind(answer.at_ms);
  if (answer.fields.is_null()) {
    insert.bind_null();
  } else {
    insert.bind(fields);
  }
  insert.run();
  const bool is_first = db_->database->changes() == 1;
  transaction.commit();
  return is_first;
}

std::vector<Answer> JournalFile::answers(const std::string& run) const {
  Statement select(*db_->database,
                   "SELECT question, choice, who, because, at_ms, fields FROM answers WHERE run = ? ORDER BY at_ms, question");
  select.bind(run);
  std::vector<Answer> found;
  while (select.step()) {
    const Value fields = select.is_null(5) ? Value() : try_parse_json(select.text(5)).value_or(Value());
    found.push_back({select.text(0), select.text(1), select.text(2), select.text(3), select.integer(4), fields});
  }
  return found;
}

bool is_run_name(const std::string& run) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  return !run.empty() && run.size() <= 100 && run.front() != '.' && std::all_of(run.begin(), run.end(), fits);
}

// The head is read before the row is looked for a second time: a run that another engine begins at this moment has its row first.
std::vector<std::string> lost_runs(const JournalFile& file) {
  const auto known = known_runs(file);
  std::vector<std::string> lost;
  std::error_code gone;
  for (fs::directory_iterator folder(file.run_folder("").parent_path(), gone), end; !gone && folder != end;
       folder.increment(gone)) {
    const std::string run = folder->path().filename();
    if (!known.contains(run) && is_run_name(run) && has_traces(folder->path()) && !is_listed(file, run)) lost.push_back(run);
  }
  std::sort(lost.begin(), lost.end());
  return lost;
}

void require_no_lost_runs(const JournalFile& file) {
  const auto lost = lost_runs(file);
  if (lost.empty()) return;
  const std::string path = file.path().string();
  const std::string which =
      lost.size() == 1 ? "run " + lost.front() : fmt::format("{} runs ({} ...)", lost.size(), lost.front());
  throw Error(
      ExitCode::journal,
      fmt::format("the journal {} was lost or replaced by an older copy: it lacks {}, of which {}.d tells", path, which, path),
      fmt::format("put back its newest copy, with its -wal. If that is gone for good: settle by hand what ran, then move the"
                  " folders of what is lost out of {}.d",
                  path));
}

std::vector<KnownCommit> with_head(const JournalFile& file, const std::string& run, std::vector<KnownCommit> others) {
  if (auto head = read_head(file.run_folder(run))) others.insert(others.begin(), {"the head beside it", *std::move(head)});
  return others;
}

Error lost_events(const JournalFile& file, const std::string& run, std::int64_t last_seq, const KnownCommit& witness) {
  const std::int64_t last = witness.mark.seq;
  const std::string lost = last == last_seq + 1 ? fmt::format("event {} is lost", last)
                                                : fmt::format("events {} to {} are lost", last_seq + 1, last);
  const std::string path = file.path().string();
  return Error(
      ExitCode::journal,
      fmt::format("the journal {} ends at event {} of run {}, but event {} was committed: {} ({} tells)", path, last_seq, run,
                  last, lost, witness.name),
      fmt::format("put back {0}-wal or the newest copy of the journal; what ran stands in {1}/log. If they are gone for good:"
                  " settle by hand what ran since, then move head and log out of {1}",
                  path, file.run_folder(run).string()));
}

fs::path default_journal_path() {
  const auto variable = [](const char* name) { return std::string(std::getenv(name) ? std::getenv(name) : ""); };
  if (const std::string named = variable("RUNBOOK_JOURNAL"); !named.empty()) return named;
  if (const fs::path state = variable("XDG_STATE_HOME"); state.is_absolute()) return state / "runbook/journal.db";
  fs::path home = variable("HOME");
  if (const passwd* user = home.is_absolute() ? nullptr : getpwuid(getuid())) home = user->pw_dir;
  if (!home.is_absolute()) {
    throw Error(ExitCode::usage, "there is no home folder to keep the journal in",
                "name the journal with `--journal` or RUNBOOK_JOURNAL");
  }
  return home / ".local/state/runbook/journal.db";
}

}  // namespace runbook
