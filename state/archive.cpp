#include "state/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/shell_word.h"
#include "state/chain.h"
#include "state/journal_file.h"
#include "state/schema.h"
#include "state/storage.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* exported = "exported";

// A file that is removed unless it gets its name.
class Draft {
 public:
  explicit Draft(const fs::path& out) : out_(out), path_(out.string() + "." + to_hex(random_bytes(4)) + ".part") {
    make_private_file(path_);
  }
  ~Draft() {
    unlink(path_.c_str());
    unlink((path_.string() + "-journal").c_str());
  }
  Draft(const Draft&) = delete;
  const fs::path& path() const { return path_; }

  void sync() const {
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_synced = fd >= 0 && fsync(fd) == 0;
    const int number = errno;
    if (fd >= 0) close(fd);
    if (!is_synced) throw_system(ExitCode::journal, "syncing " + path_.string(), number);
  }

  // Never in place of another file. Some file systems know no RENAME_NOREPLACE.
  void give_name() const {
    int failure = renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, out_.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (failure == EINVAL || failure == ENOSYS) failure = link(path_.c_str(), out_.c_str()) == 0 ? 0 : errno;
    if (failure != 0) throw_system(ExitCode::journal, "naming " + out_.string(), failure);
    sync_folder(out_.parent_path());
  }

 private:
  const fs::path out_, path_;
};

class Copying {
 public:
  Copying(const JournalFile& file, RunRow row, Database& to, const ExportOrder& order)
      : file_(file), from_(*file.db().database), to_(to), row_(std::move(row)), order_(order) {}

  // Gives the last event, as it stands in the archive.
  void run() {
    const Transaction view(from_, Transaction::Kind::read);
    Transaction transaction(to_, Transaction::Kind::write);
    copy_row();
    copy_events();
    copy_rows({"digest", "run", "salt", "bytes"}, "blobs");
    copy_rows({"run", "question", "choice", "who", "because", "at_ms", "fields"}, "answers");
    if (schema_version_of(from_) == schema_version) copy_rows({"digest", "run", "seq", "replacement"}, "scrubbed");
    append_to_register(to_, {0, row_.run, exported, row_.seq, last_hash_, order_.at_ms});
    Statement insert(to_, "INSERT INTO origin(host, journal) VALUES(?, ?)");
    const std::string journal = file_.path();
    insert.bind(order_.host).bind(journal).run();
    transaction.commit();
  }
  const RunRow& row() const { return row_; }

 private:
  // As it is now: an engine may have gone on since it was looked up.
  void copy_row() {
    const auto row = file_.run(row_.run);
    if (!row) throw Error(ExitCode::usage, fmt::format("run {} is not in the journal any more", row_.run));
    row_ = *row;
    Statement insert(to_, fmt::format("INSERT INTO runs({}) VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run_columns));
    insert.bind(row_.run).bind(row_.runbook).bind(row_.title).bind(row_.file).bind(row_.state);
    insert.bind(row_.began_at_ms).bind(row_.ended_at_ms).bind(row_.epoch).bind(row_.seq).bind(row_.hash).run();
  }

  void copy_events() {
    Statement insert(to_, "INSERT INTO events(id, epoch, text, hash) VALUES(?, ?, ?, ?)");
    file_.stored_events(row_.run, [&](const StoredEvent& stored) {
      insert.bind(event_id(1, stored.seq)).bind(stored.epoch).bind(stored.text).bind_bytes(stored.hash).run();
      last_hash_ = stored.hash;
      const auto event = read_event(stored.seq, stored.text);
      if (event && is_registered(event->kind))
        append_to_register(to_, {0, row_.run, event->kind, stored.seq, stored.hash, event->at_ms});
    });
  }

  // Numbers, texts and bytes as they are.
  void copy_rows(const std::vector<std::string>& columns, const char* table) {
    const std::string names = fmt::format("{}", fmt::join(columns, ", "));
    const std::vector<std::string> places(columns.size(), "?");
    Statement select(from_, fmt::format("SELECT {} FROM {} WHERE run = ?", names, table));
    Statement insert(to_, fmt::format("INSERT INTO {}({}) VALUES({})", table, names, fmt::join(places, ", ")));
    select.bind(row_.run);
    while (select.step()) {
      for (std::size_t i = 0; i < columns.size(); ++i) insert.bind_column(select, static_cast<int>(i));
      insert.run();
    }
  }

  const JournalFile& file_;
  Database& from_;
  Database& to_;
  RunRow row_;
  const ExportOrder& order_;
  std::string last_hash_ = chain_start();
};

void require_free_name(const fs::path& out) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(out, error)))
    throw Error(ExitCode::usage, fmt::format("{} is there already; nothing was exported", out.string()), "name another file");
  if (!fs::is_directory(out.parent_path(), error))
    throw Error(ExitCode::usage, fmt::format("there is no folder {}; nothing was exported", out.parent_path().string()),
                fmt::format("mkdir -p {}", quoted_for_shell(out.parent_path().string())));
}

void require_sound(const std::string& what, const Verdict& verdict) {
  if (verdict.kind != Verdict::Kind::broken) return;
  throw Error(ExitCode::journal, fmt::format("{} is broken at {}: {}", what, verdict.broken_at, verdict.why),
              "put back the newest copy that `runbook verify` accepts");
}

bool is_archive(Database& database) { return database.integer("SELECT count(*) FROM register WHERE kind = 'exported'") > 0; }

}  // namespace

std::string export_run(const JournalFile& file, const RunRow& row, const ExportOrder& order,
                       const std::vector<KnownCommit>& witnesses) {
  require_free_name(order.out);
  require_sound("run " + row.run, verify_run(file, row.run, witnesses));
  const Draft draft(order.out);
  RunRow copied;
  {
    Database archive(draft.path(), Database::Access::ordinary);
    archive.execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=FULL");
    create_schema(archive);
    Copying copying(file, row, archive, order);
    copying.run();
    copied = copying.row();
  }
  draft.sync();
  require_archive_of(draft.path(), copied);
  draft.give_name();
  return copied.hash;
}

void require_archive_of(const fs::path& archive, const RunRow& row) {
  const JournalFile file(archive, OpenMode::read);
  const auto there = file.run(row.run);
  if (!is_archive(*file.db().database) || !there || there->hash != row.hash)
    throw Error(ExitCode::journal,
                fmt::format("{} is no archive of run {} with its head {}", archive.string(), row.run, row.hash),
                "move it away, or name another folder");
  require_sound(fmt::format("run {} in {}", row.run, archive.string()), verify_run(file, row.run, {}, row.hash));
}

void refuse_archive(Database& database) {
  if (!is_archive(database)) return;
  Statement origin(database, "SELECT journal, host FROM origin");
  const bool is_known = origin.step();
  const std::string from =
      is_known ? fmt::format("the journal {} on {}", origin.text(0), origin.text(1)) : "the journal it came from";
  throw Error(ExitCode::journal,
              fmt::format("{} is an archive: nothing runs in it, and nothing in it changes", database.path()),
              "its run goes on, if it does, in " + from);
}

}  // namespace runbook
