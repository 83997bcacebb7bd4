#include "state/journal.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/digest.h"
#include "base/error.h"
#include "base/ids.h"
#include "state/chain.h"
#include "state/head.h"
#include "state/journal_file.h"
#include "state/wal_room.h"

namespace runbook {
namespace {

constexpr std::int64_t looked_at_on_resume = 8;  // events at the end of the chain; `verify` looks at all

struct PendingBlob {
  std::string digest, salt, bytes;
};

class Driver final : public Journal {
 public:
  // row: as it stands in the journal; a new run has epoch 0 there, and no row.
  // also: what is written in the transaction of the first commit, behind its events; may be empty.
  Driver(JournalFile& file, RunRow row, std::string last_hash, std::function<void()> also = {});

  const std::string& run() const override { return row_.run; }
  std::int64_t epoch() const override { return epoch_; }
  Event append(Event event) override;
  std::string put(std::string_view bytes) override;
  bool has_uncommitted() const override { return !events_.empty() || !blobs_.empty(); }
  void commit() override;
  std::string blob(const std::string& digest) const override;
  std::vector<Answer> answers() override { return file_.answers(row_.run); }
  bool add_answer(const Answer& answer) override { return file_.add_answer(row_.run, answer); }
  std::int64_t seq() const override { return committed_.seq; }
  std::string hash() const override { return committed_.hash; }

 private:
  void write();
  bool takes_its_lock() const;
  void write_row();
  void write_blobs();
  void write_events();
  void settle();

  JournalFile& file_;
  Database& database_;
  HeadFile head_;
  WalRoom room_;
  RunRow committed_;       // as it stands in the journal
  RunRow row_;             // with what is buffered
  std::int64_t epoch_;     // ours; the first commit raises the one in the journal to it
  std::string lock_;       // "": it needs none
  std::string last_hash_;  // of the last buffered event, 32 raw bytes
  std::vector<StoredEvent> events_;
  std::vector<PendingBlob> blobs_;
  std::vector<RegisterEntry> entries_;
  std::function<void()> also_;
  std::optional<Error> failure_;
  Statement insert_row_, update_row_, insert_event_, insert_blob_;
};

Driver::Driver(JournalFile& file, RunRow row, std::string last_hash, std::function<void()> also)
    : file_(file),
      database_(*file.db().database),
      head_(file.run_folder(row.run)),
      room_(database_),
      committed_(row),
      row_(std::move(row)),
      epoch_(committed_.epoch + 1),
      lock_(committed_.seq != 0 ? lock_of(file, committed_) : ""),
      last_hash_(std::move(last_hash)),
      also_(std::move(also)),
      insert_row_(database_, fmt::format("INSERT INTO runs({}) VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run_columns)),
      update_row_(
          database_,
          "UPDATE runs SET state = ?, ended_at_ms = ?, epoch = ?, seq = ?, hash = ? WHERE run = ? AND epoch = ? AND seq = ?"),
      insert_event_(database_, "INSERT INTO events(id, epoch, text, hash) VALUES(?, ?, ?, ?)"),
      insert_blob_(database_, "INSERT INTO blobs(digest, run, salt, bytes) VALUES(?, ?, ?, ?)") {}

Event Driver::append(Event event) {
  RUNBOOK_ASSERT(!event.kind.empty());
  RUNBOOK_ASSERT((row_.seq == 0) == (event.kind == event::run_began));
  if (event.kind == event::run_began) lock_ = event.body.text_or("lock", "");
  event.seq = row_.seq + 1;
  StoredEvent stored{event.seq, epoch_, event_text(event), {}};
  stored.hash = event_hash(last_hash_, row_.run, stored);
  last_hash_ = stored.hash;
  project(row_, event);
  row_.hash = to_hex(stored.hash);
  if (is_registered(event.kind)) entries_.push_back({0, row_.run, event.kind, event.seq, stored.hash, event.at_ms});
  events_.push_back(std::move(stored));
  return event;
}

std::string Driver::put(std::string_view bytes) {
  PendingBlob blob{{}, random_bytes(16), std::string(bytes)};
  Sha256 digest;
  digest.update(blob.salt);
  digest.update(bytes);
  blob.digest = to_hex(digest.finish());
  blobs_.push_back(std::move(blob));
  return blobs_.back().digest;
}

std::string Driver::blob(const std::string& digest) const {
  const auto pending =
      std::find_if(blobs_.begin(), blobs_.end(), [&](const PendingBlob& each) { return each.digest == digest; });
  return pending != blobs_.end() ? pending->bytes : file_.blob(digest);
}

void Driver::commit() {
  if (failure_) throw *failure_;
  if (!has_uncommitted()) return;
  try {
    write();
  } catch (const Error& error) {
    failure_.emplace(error.code(), fmt::format("nothing more is recorded after a failure: {}", error.what()), error.hint());
    throw;
  }
  settle();
}

void Driver::write() {
  file_.db().require_place();
  Transaction transaction(database_, Transaction::Kind::write);
  if (takes_its_lock()) require_lock_free(file_, lock_, row_.run);
  room_.make();
  write_row();
  write_blobs();
  write_events();
  for (const RegisterEntry& entry : entries_) append_to_register(database_, entry);
  if (also_) also_();
  transaction.commit();
  also_ = {};
}

// With this commit the run becomes one that is not left.
bool Driver::takes_its_lock() const {
  const bool has_it = committed_.seq != 0 && committed_.ended_at_ms == 0;
  return !has_it && row_.ended_at_ms == 0;
}

void Driver::write_row() {
  if (committed_.seq == 0) {
    insert_row_.bind(row_.run).bind(row_.runbook).bind(row_.title).bind(row_.file).bind(row_.state);
    insert_row_.bind(row_.began_at_ms).bind(row_.ended_at_ms).bind(row_.epoch).bind(row_.seq).bind(row_.hash).run();
    row_.n = database_.last_row();
    return;
  }
  update_row_.bind(row_.state).bind(row_.ended_at_ms).bind(row_.epoch).bind(row_.seq).bind(row_.hash);
  update_row_.bind(row_.run).bind(committed_.epoch).bind(committed_.seq).run();
  if (database_.changes() == 1) return;
  throw Error(ExitCode::driven, fmt::format("another engine has taken over run {}", row_.run),
              fmt::format("`runbook show {}` tells what it does", row_.run));
}

void Driver::write_blobs() {
  for (const PendingBlob& blob : blobs_) {
    insert_blob_.bind(blob.digest).bind(row_.run).bind_bytes(blob.salt).bind_bytes(blob.bytes).run();
  }
}

void Driver::write_events() {
  for (const StoredEvent& event : events_) {
    insert_event_.bind(event_id(row_.n, event.seq)).bind(event.epoch).bind(event.text).bind_bytes(event.hash).run();
  }
}

// Without its head a journal that goes back would not be noticed: then the commit stands, and is the last one.
void Driver::settle() {
  events_.clear();
  blobs_.clear();
  entries_.clear();
  committed_ = row_;
  if (head_.write({committed_.epoch, committed_.seq, committed_.hash})) return;
  failure_.emplace(ExitCode::journal,
                   fmt::format("the head of run {} can't be written to {}", row_.run, file_.run_folder(row_.run).string()),
                   "see that the disk is healthy and has room, then go on with `runbook run --resume`");
}

// The last events as stored, and the one before them.
std::map<std::int64_t, StoredEvent> end_of_chain(const JournalFile& file, const RunRow& row) {
  Statement select(*file.db().database, "SELECT seq, epoch, text, hash FROM events WHERE id BETWEEN ? AND ? ORDER BY id");
  select.bind(event_id(row.n, std::max<std::int64_t>(1, row.seq - looked_at_on_resume))).bind(event_id(row.n + 1, 0) - 1);
  std::map<std::int64_t, StoredEvent> events;
  while (select.step()) events[select.integer(0)] = {select.integer(0), select.integer(1), select.text(2), select.text(3)};
  return events;
}

Error broken_chain(const JournalFile& file, const RunRow& row, const std::string& why) {
  return Error(ExitCode::journal,
               fmt::format("run {} in the journal {} can't be trusted: {}", row.run, file.path().string(), why),
               fmt::format("`runbook verify {}` tells what was changed; put back the newest copy that it accepts", row.run));
}

// The hash of the last event, if the end of the chain is whole. The first of the events looked at is only the one to chain to.
std::string require_whole_end(const JournalFile& file, const RunRow& row) {
  const auto refuse = [&](std::int64_t seq, const char* why) {
    throw broken_chain(file, row, fmt::format("event {} {}", seq, why));
  };
  const auto events = end_of_chain(file, row);
  const std::int64_t first = std::max<std::int64_t>(1, row.seq - looked_at_on_resume);
  std::string before = chain_start();
  for (std::int64_t seq = first; seq <= row.seq; ++seq) {
    const auto found = events.find(seq);
    if (found == events.end()) refuse(seq, "is missing");
    const bool can_be_checked = seq == 1 || seq > first;
    if (can_be_checked && event_hash(before, row.run, found->second) != found->second.hash)
      refuse(seq, "does not fit its hash");
    before = found->second.hash;
  }
  if (!events.empty() && events.rbegin()->first > row.seq) refuse(row.seq + 1, "is not in the table of runs");
  if (to_hex(before) != row.hash) refuse(row.seq, "is not the one that the table of runs names");
  return before;
}

void require_holds(const JournalFile& file, const RunRow& row, const KnownCommit& witness) {
  if (witness.mark.seq > row.seq) throw lost_events(file, row.run, row.seq, witness);
  Statement select(*file.db().database, "SELECT lower(hex(hash)) FROM events WHERE id = ?");
  if (select.bind(event_id(row.n, witness.mark.seq)).step() && select.text(0) == witness.mark.hash) return;
  throw broken_chain(
      file, row,
      fmt::format("its event {} is not the one that was committed ({} tells): an older copy was put back, and went"
                  " on differently",
                  witness.mark.seq, witness.name));
}

}  // namespace

void require_not_behind(const JournalFile& file, const std::string& run, const std::vector<KnownCommit>& witnesses) {
  const auto all = with_head(file, run, witnesses);  // before the row: the journal may grow meanwhile
  const auto row = file.run(run);
  for (const KnownCommit& witness : all) {
    if (row) require_holds(file, *row, witness);
  }
}

void project(RunRow& row, const Event& event) {
  row.seq = event.seq;
  if (event.kind == event::run_began) {
    row.runbook = event.body.text_or("runbook", "");
    row.title = event.body.text_or("title", "");
    row.file = event.body.text_or("file", "");
    row.state = "running";
    row.began_at_ms = event.at_ms;
    row.epoch = 1;
  } else if (event.kind == event::driven) {
    if (row.ended_at_ms == 0) row.state = "running";
    row.epoch = event.body.int_or("epoch", row.epoch);
  } else if (event.kind == event::undoing) {
    row.state = "running";
    row.ended_at_ms = 0;
  } else if (event.kind == event::paused || event.kind == event::left) {
    row.state = event.body.text_or("state", row.state);
    if (event.kind == event::left) row.ended_at_ms = event.at_ms;
  }
}

std::unique_ptr<Journal> begin_run(JournalFile& file, const Lease& lease, const std::string& run) {
  RUNBOOK_ASSERT(is_run_name(run));
  RUNBOOK_ASSERT(identity_of(lease.folder()) == identity_of(file.run_folder(run)));
  require_no_lost_runs(file);
  if (file.run(run)) {
    throw Error(ExitCode::usage, fmt::format("run {} has begun already", run),
                fmt::format("go on with `runbook run --resume {}`", run));
  }
  RunRow row;
  row.run = run;
  return std::make_unique<Driver>(file, std::move(row), chain_start());
}

std::unique_ptr<Journal> take_up_run(JournalFile& file, const Lease& lease, const std::string& run, Event driven,
                                     const std::vector<KnownCommit>& witnesses, std::function<void()> also) {
  RUNBOOK_ASSERT(driven.kind == event::driven);
  RUNBOOK_ASSERT(identity_of(lease.folder()) == identity_of(file.run_folder(run)));
  const auto row = file.run(run);
  if (!row) {
    require_no_lost_runs(file);
    throw Error(ExitCode::usage, fmt::format("there is no run {} in the journal {}", run, file.path().string()),
                "`runbook runs` lists them");
  }
  require_not_behind(file, run, witnesses);
  std::string last_hash = require_whole_end(file, *row);
  auto driver = std::make_unique<Driver>(file, *row, std::move(last_hash), std::move(also));
  driven.body = with(driven.body, "epoch", driver->epoch());
  driver->append(std::move(driven));
  return driver;
}

std::unique_ptr<Journal> drive_run(JournalFile& file, const Lease& lease, const std::string& run, Event driven,
                                   const std::vector<KnownCommit>& witnesses) {
  auto journal = take_up_run(file, lease, run, std::move(driven), witnesses, {});
  journal->commit();
  return journal;
}

}  // namespace runbook
