#include "state/prune.h"

#include <fmt/format.h>

#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/shell_word.h"
#include "state/archive.h"
#include "state/chain.h"
#include "state/journal_file.h"
#include "state/schema.h"
#include "state/storage.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_wait_for_readers{2};

void require_unchanged(const JournalFile& file, const RunRow& row) {
  const auto now = file.run(row.run);
  if (now && now->hash == row.hash && now->ended_at_ms == row.ended_at_ms && row.ended_at_ms != 0) return;
  throw Error(ExitCode::driven, fmt::format("run {} went on meanwhile; it was not removed", row.run));
}

void archive(const JournalFile& file, const RunRow& row, const PruneOrder& order, const std::vector<KnownCommit>& witnesses) {
  const fs::path out = archive_path(order.archives, row.run);
  make_private_folder(order.archives);
  if (fs::exists(fs::symlink_status(out))) return require_archive_of(out, row);
  export_run(file, row, {out, order.host, order.at_ms}, witnesses);
}

void note_pruned(Database& database, const RunRow& row, const PruneOrder& order) {
  Statement last(database, "SELECT hash FROM events WHERE id = ?");
  const bool is_there = last.bind(event_id(row.n, row.seq)).step();
  append_to_register(database, {0, row.run, "pruned", row.seq, is_there ? last.text(0) : chain_start(), order.at_ms});
  const std::string kept = order.archives.empty() ? "" : archive_path(order.archives, row.run).string();
  Statement insert(database, "INSERT INTO pruned(run, at_ms, who, because, archive) VALUES(?, ?, ?, ?, ?)");
  insert.bind(row.run).bind(order.at_ms).bind(order.who).bind(order.because).bind(kept).run();
}

void remove_rows(Database& database, const RunRow& row) {
  Statement events(database, "DELETE FROM events WHERE id > ? AND id < ?");
  events.bind(event_id(row.n, 0)).bind(event_id(row.n + 1, 0)).run();
  for (const char* table : {"blobs", "answers", "scrubbed", "runs"}) {
    Statement rows(database, fmt::format("DELETE FROM {} WHERE run = ?", table));
    rows.bind(row.run).run();
  }
}

}  // namespace

fs::path archive_path(const fs::path& archives, const std::string& run) { return archives / (run + ".db"); }

fs::path default_archives(const JournalFile& file) { return file.path().string() + ".archive"; }

void prune_run(JournalFile& file, const Lease& lease, const RunRow& row, const PruneOrder& order,
               const std::vector<KnownCommit>& witnesses) {
  RUNBOOK_ASSERT(identity_of(lease.folder()) == identity_of(file.run_folder(row.run)));
  require_unchanged(file, row);
  if (!order.archives.empty()) archive(file, row, order, witnesses);
  Database& database = *file.db().database;
  file.db().require_place();
  database.execute("PRAGMA secure_delete=ON");
  Transaction transaction(database, Transaction::Kind::write);
  require_unchanged(file, row);
  note_pruned(database, row, order);
  remove_rows(database, row);
  transaction.commit();
  std::error_code left_for_the_next_prune;
  fs::remove_all(file.run_folder(row.run), left_for_the_next_prune);
}

void finish_pruning(JournalFile& file) {
  Database& database = *file.db().database;
  std::vector<std::string> pruned;
  Statement select(database, "SELECT run FROM pruned");
  while (select.step()) pruned.push_back(select.text(0));
  for (const std::string& run : pruned) {
    std::error_code left_for_the_next_prune;
    if (is_run_name(run) && !file.run(run)) fs::remove_all(file.run_folder(run), left_for_the_next_prune);
  }
  if (database.integer("PRAGMA freelist_count") == 0) return;
  Statement(database, "VACUUM").run();
  database.empty_wal(longest_wait_for_readers);
}

void require_not_pruned(const JournalFile& file, const std::string& word) {
  Database& database = *file.db().database;
  const bool tells_archive = schema_version_of(database) == schema_version;
  Statement select(database, fmt::format("SELECT run, at_ms, {} FROM pruned WHERE substr(run, 1, length(?1)) = ?1 ORDER BY run",
                                         tells_archive ? "archive" : "''"));
  if (word.empty() || !select.bind(word).step()) return;
  const std::string run = select.text(0), archive = select.text(2);
  const std::string at = utc_text(select.integer(1));
  if (select.step() && run != word) return;
  std::error_code error;
  const bool is_there = !archive.empty() && fs::exists(archive, error);
  throw Error(ExitCode::usage, fmt::format("run {} was pruned at {}", run, at),
              is_there          ? fmt::format("its archive: --journal {}", quoted_for_shell(archive))
              : archive.empty() ? "no archive of it was kept"
                                : fmt::format("its archive was {}, and is not there any more", archive));
}

}  // namespace runbook
