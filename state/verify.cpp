// What `verify` looks at, in this order: the file itself, its schema, the chain of the run, the projection, the head outside
// the file, the blobs, and the journal's own chain. The first thing that does not fit is what it says.
#include <fmt/core.h>
#include <utility>

#include <map>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "state/chain.h"
#include "state/journal_file.h"
#include "state/schema.h"

namespace runbook {
namespace {

std::string range_text(std::int64_t first, std::int64_t last, const char* verb_one, const char* verb_many) {
  return first == last ? fmt::format("event {} {}", first, verb_one)
                       : fmt::format("events {} to {} {}", first, last, verb_many);
}

class Verification {
 public:
  Verification(const JournalFile& file, std::string run, const std::vector<KnownCommit>& witnesses, std::string kept_head)
      : file_(file),
        database_(*file.db().database),
        run_(std::move(run)),
        kept_head_(std::move(kept_head)),
        witnesses_(with_head(file, run_, witnesses)) {}
  Verdict run();

 private:
  struct Broken {};

  // Every check throws Broken after it has said why.
  [[noreturn]] void broken(std::int64_t at, std::string why);
  void check_file();
  void check_schema();
  void check_chain();
  void check_event(const StoredEvent& stored);
  bool is_registered_run() const;
  void check_end();
  void check_projection();
  void check_known_commit(const KnownCommit& witness);
  void check_kept_head();
  void check_blobs();
  void note_scrubbed(const Event& event);
  void check_scrubbed();
  [[noreturn]] void broken_blob(const std::string& digest, const char* what);
  void check_register();
  void check_entry(const RegisterEntry& entry);
  void collect_blobs(const Value& value, std::int64_t seq);
  std::string describe_event(std::int64_t seq) const;
  std::string stored_hash(std::int64_t seq) const;

  const JournalFile& file_;
  Database& database_;
  const std::string run_;
  const std::string kept_head_;
  const std::vector<KnownCommit> witnesses_;  // asked first: the journal may grow meanwhile, but never falls behind them
  Verdict verdict_;
  std::optional<RunRow> row_;
  RunRow projected_;
  std::string last_hash_ = chain_start();
  std::map<std::string, std::int64_t> referenced_;    // digest → the first event that names it
  std::map<std::int64_t, std::string> unregistered_;  // seq → kind: events that the register has to name
  struct Replacement {
    std::int64_t seq = 0;
    std::string digest;
  };
  std::map<std::string, Replacement> replaced_;  // digest → what stands in its place, as an event tells
};

void Verification::broken(std::int64_t at, std::string why) {
  verdict_.kind = Verdict::Kind::broken;
  verdict_.broken_at = at;
  verdict_.why = std::move(why);
  throw Broken();
}

Verdict Verification::run() {
  try {
    const Transaction view(database_, Transaction::Kind::read);
    check_file();
    check_schema();
    row_ = file_.run(run_);
    check_chain();
    check_end();
    check_projection();
    for (const KnownCommit& witness : witnesses_) check_known_commit(witness);
    check_kept_head();
    check_scrubbed();
    check_blobs();
    check_register();
  } catch (const Broken&) {
  } catch (const Error& error) {
    verdict_.kind = Verdict::Kind::broken;
    verdict_.why = error.what();
  }
  return verdict_;
}

void Verification::check_file() {
  Statement check(database_, "PRAGMA integrity_check(1)");
  if (check.step() && check.text(0) != "ok") broken(0, "the file is damaged: " + check.text(0));
}

void Verification::check_schema() {
  if (const std::string difference = schema_difference(database_); !difference.empty()) {
    broken(0, difference + ": the tables of this journal are not as the engine made them");
  }
}

void Verification::check_chain() {
  projected_.run = run_;
  file_.stored_events(run_, [&](const StoredEvent& event) { check_event(event); });
  verdict_.head = verdict_.events == 0 ? "" : to_hex(last_hash_);
}

void Verification::check_event(const StoredEvent& stored) {
  const std::int64_t expected = projected_.seq + 1;
  if (stored.seq > expected) broken(expected, range_text(expected, stored.seq - 1, "is missing", "are missing"));
  const auto event = read_event(stored.seq, stored.text);
  const std::string name = event ? describe(*event) : "unreadable";
  if (event_hash(last_hash_, run_, stored) != stored.hash) {
    broken(stored.seq,
           fmt::format("event {} ({}) does not fit its hash: it was changed after it was written", stored.seq, name));
  }
  if (!event) broken(stored.seq, fmt::format("event {} is no event", stored.seq));
  last_hash_ = stored.hash;
  project(projected_, *event);
  projected_.hash = to_hex(stored.hash);
  if (projected_.hash == kept_head_) verdict_.anchored_at = stored.seq;
  if (projected_.epoch != stored.epoch) {
    broken(stored.seq, fmt::format("event {} ({}) was written in epoch {}, but the run was driven in epoch {}", stored.seq,
                                   name, stored.epoch, projected_.epoch));
  }
  collect_blobs(event->body, stored.seq);
  if (event->kind == event::scrubbed) note_scrubbed(*event);
  if (is_registered(event->kind)) unregistered_[stored.seq] = event->kind;
  ++verdict_.events;
}

void Verification::collect_blobs(const Value& value, std::int64_t seq) {
  if (const std::string digest = blob_digest(value); !digest.empty()) referenced_.try_emplace(digest, seq);
  if (value.is_list()) {
    for (const Value& each : value.as_list()) collect_blobs(each, seq);
  } else if (value.is_map()) {
    for (const auto& [key, each] : value.as_map()) collect_blobs(each, seq);
  }
}

void Verification::note_scrubbed(const Event& event) {
  const Value blobs = event.body.get("blobs");
  const List pairs = blobs.is_list() ? blobs.as_list() : List();
  for (const Value& pair : pairs) {
    const std::string to = pair.text_or("to", "");
    replaced_[pair.text_or("from", "")] = {event.seq, to};
    referenced_.try_emplace(to, event.seq);
  }
  verdict_.scrubbed.push_back({event.seq, event.at_ms, event.body.text_or("who", ""), event.body.text_or("because", ""),
                               static_cast<std::int64_t>(pairs.size())});
}

bool Verification::is_registered_run() const {
  Statement select(database_, "SELECT 1 FROM register WHERE run = ?");
  return select.bind(run_).step();
}

void Verification::check_end() {
  const std::int64_t last = projected_.seq;
  if (!row_ && !is_registered_run()) broken(0, fmt::format("the journal has no run {}", run_));
  if (!row_) broken(0, fmt::format("run {} is missing in the table of runs", run_));
  if (row_->seq <= last) return;
  broken(last + 1, fmt::format("{}: the table of runs ends at event {}",
                               range_text(last + 1, row_->seq, "is missing", "are missing"), row_->seq));
}

void Verification::check_projection() {
  const auto same = [&](const char* what, const auto& said, const auto& is) {
    if (said != is) broken(0, fmt::format("the projection says {} {}, the events say {}", what, said, is));
  };
  same("runbook", row_->runbook, projected_.runbook);
  same("title", row_->title, projected_.title);
  same("file", row_->file, projected_.file);
  same("state", row_->state, projected_.state);
  same("began_at_ms", row_->began_at_ms, projected_.began_at_ms);
  same("ended_at_ms", row_->ended_at_ms, projected_.ended_at_ms);
  same("epoch", row_->epoch, projected_.epoch);
  same("seq", row_->seq, projected_.seq);
  same("hash", row_->hash, projected_.hash);
}

std::string Verification::stored_hash(std::int64_t seq) const {
  Statement select(database_, "SELECT hash FROM events WHERE id = ?");
  return select.bind(event_id(row_->n, seq)).step() ? to_hex(select.text(0)) : "";
}

void Verification::check_kept_head() {
  if (kept_head_.empty()) return;
  if (verdict_.anchored_at == 0)
    broken(0,
           "no event has the head that was kept: what it covers was changed and hashed anew, or it is the head of another run");
  verdict_.kind = Verdict::Kind::anchored;
}

void Verification::check_known_commit(const KnownCommit& witness) {
  const std::int64_t seq = witness.mark.seq;
  if (seq > projected_.seq) {
    broken(projected_.seq + 1,
           fmt::format("the journal ends at event {}, but event {} was committed: {} ({} tells)", projected_.seq, seq,
                       range_text(projected_.seq + 1, seq, "is lost", "are lost"), witness.name));
  }
  if (stored_hash(seq) != witness.mark.hash) {
    broken(seq, fmt::format("event {} is not the one that was committed ({} tells): an older copy was put back, and went on"
                            " differently",
                            seq, witness.name));
  }
}

std::string Verification::describe_event(std::int64_t seq) const {
  Statement select(database_, "SELECT text FROM events WHERE id = ?");
  const bool is_there = row_ && select.bind(event_id(row_->n, seq)).step();
  const auto event = is_there ? read_event(seq, select.text(0)) : std::nullopt;
  return fmt::format("event {}, {}", seq, event ? describe(*event) : "unreadable");
}

// The table is what the events tell, no more and no less; what was scrubbed is gone.
void Verification::check_scrubbed() {
  auto untold = replaced_;
  const bool has_table = schema_version_of(database_) == schema_version;
  Statement select(database_,
                   has_table ? "SELECT digest, seq, replacement FROM scrubbed WHERE run = ?" : "SELECT 1 WHERE ? = ''");
  select.bind(run_);
  while (select.step()) {
    const std::string digest = select.text(0);
    const auto told = replaced_.find(digest);
    const bool is_told =
        told != replaced_.end() && told->second.seq == select.integer(1) && told->second.digest == select.text(2);
    if (!is_told) broken_blob(digest, "is said to be scrubbed, of which no event tells");
    untold.erase(digest);
    referenced_.erase(digest);
  }
  if (!untold.empty()) broken_blob(untold.begin()->first, "was scrubbed, and the table `scrubbed` does not know");
  Statement still(database_, "SELECT 1 FROM blobs WHERE digest = ?");
  for (const auto& [digest, replacement] : replaced_) {
    if (still.bind(digest).step())
      broken(replacement.seq, fmt::format("blob {}… was scrubbed, and is there", digest.substr(0, 12)));
  }
}

// All that events name, and also those that no event names.
void Verification::check_blobs() {
  Statement select(database_, "SELECT digest, salt, bytes FROM blobs WHERE run = ?");
  select.bind(run_);
  auto missing = referenced_;
  while (select.step()) {
    const std::string digest = select.text(0);
    ++verdict_.blobs;
    missing.erase(digest);
    if (sha256_hex(select.text(1) + select.text(2)) != digest) broken_blob(digest, "was changed");
  }
  if (!missing.empty()) broken_blob(missing.begin()->first, "is missing");
}

void Verification::broken_blob(const std::string& digest, const char* what) {
  const auto named = referenced_.find(digest);
  const std::int64_t seq = named == referenced_.end() ? 0 : named->second;
  broken(seq,
         fmt::format("blob {}… ({}) {}", digest.substr(0, 12), seq == 0 ? "no event names it" : describe_event(seq), what));
}

void Verification::check_register() {
  Statement select(database_, "SELECT n, run, kind, run_seq, run_hash, at_ms, hash FROM register ORDER BY n");
  std::string before = chain_start();
  for (std::int64_t n = 1; select.step(); ++n) {
    const RegisterEntry entry{select.integer(0), select.text(1), select.text(2),
                              select.integer(3), select.text(4), select.integer(5)};
    if (entry.n != n) broken(0, fmt::format("the journal's own chain is broken: entry {} is missing", n));
    if (register_hash(before, entry) != select.text(6)) {
      broken(0, fmt::format("the journal's own chain is broken at entry {} ({} of run {}): it was changed after it was written",
                            n, entry.kind, entry.run));
    }
    before = select.text(6);
    check_entry(entry);
  }
  if (unregistered_.empty()) return;
  const auto& [seq, kind] = *unregistered_.begin();
  broken(seq, fmt::format("event {} ({}) is missing in the journal's own chain", seq, kind));
}

// Of all runs: what began and was never pruned is still there.
void Verification::check_entry(const RegisterEntry& entry) {
  const bool is_exported = entry.kind == "exported" && entry.run == run_;
  if (is_exported && (entry.run_seq != projected_.seq || entry.run_hash != last_hash_))
    broken(entry.run_seq, fmt::format("the archive was made with event {}, and does not end there", entry.run_seq));
  if (!is_registered(entry.kind)) return;
  if (entry.run == run_) unregistered_.erase(entry.run_seq);
  Statement select(database_,
                   "SELECT hash FROM events WHERE id = (SELECT n << 32 FROM runs WHERE run = ?1) + ?2 UNION ALL"
                   " SELECT NULL FROM register WHERE run = ?1 AND kind = 'pruned'");
  const std::int64_t at = entry.run == run_ ? entry.run_seq : 0;
  if (!select.bind(entry.run).bind(entry.run_seq).step()) {
    broken(at, fmt::format("run {} is missing: its event {} ({}) stands in the journal's own chain, and it was never pruned",
                           entry.run, entry.run_seq, entry.kind));
  }
  if (!select.is_null(0) && select.text(0) != entry.run_hash) {
    broken(at, fmt::format("event {} of run {} is not the one in the journal's own chain", entry.run_seq, entry.run));
  }
}

}  // namespace

Verdict verify_run(const JournalFile& file, const std::string& run, const std::vector<KnownCommit>& witnesses,
                   const std::string& kept_head) {
  return Verification(file, run, witnesses, kept_head).run();
}

}  // namespace runbook
