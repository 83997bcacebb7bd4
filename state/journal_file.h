#pragma once
// What stands behind JournalFile, for the other files of this layer.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "state/chain.h"
#include "state/journal.h"
#include "state/sqlite.h"
#include "state/storage.h"

namespace runbook {

struct JournalFile::Db {
  std::filesystem::path path;  // without symbolic links: two names of one journal must not mean two folders of locks
  OpenMode mode = OpenMode::read;
  std::unique_ptr<Database> database;
  FileIdentity file, wal;

  // Throws Error (exit 6) if the file or its -wal was moved or deleted since it was opened: SQLite would go on writing, for nobody.
  void require_place() const;
};

// Columns of `runs` in the order in which read_run_row takes them.
inline constexpr const char* run_columns = "n, run, runbook, title, file, state, began_at_ms, ended_at_ms, epoch, seq, hash";
RunRow read_run_row(const Statement& select);
// The key of an event: n of its run, and seq.
constexpr std::int64_t event_id(std::int64_t n, std::int64_t seq) { return n << 32 | seq; }

// The run's name can stand in a path.
bool is_run_name(const std::string& run);
// The head, if there is one, and the others.
std::vector<KnownCommit> with_head(const JournalFile& file, const std::string& run, std::vector<KnownCommit> others);
// As drive_run, with `driven` buffered: it and what follows are one commit, and `also` writes in its transaction, behind the events.
std::unique_ptr<Journal> take_up_run(JournalFile& file, const Lease& lease, const std::string& run, Event driven,
                                     const std::vector<KnownCommit>& witnesses, std::function<void()> also);
// Within a transaction. n is given here.
void append_to_register(Database& database, RegisterEntry entry);
// The error of a journal that ends before what was committed; it names the lost events and the way on.
Error lost_events(const JournalFile& file, const std::string& run, std::int64_t last_seq, const KnownCommit& witness);

}  // namespace runbook
