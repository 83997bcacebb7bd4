#pragma once
// The journal: what was intended and what became of it, durable before anything else happens.
//
// Invariants
//   1. No effect without a committed intent.
//   2. History never changes: events are appended, each chained to the one before by SHA-256 over the exact stored bytes.
//   3. At most one open attempt per step instance.
//   4. Only the driver writes events, with its epoch; others write answers.
//   5. At most one outcome per attempt.
//   6. What is in doubt blocks what depends on it until a recorded resolution.
//   7. No secret reaches a row, a spool or a log.
//   8. A report is a function of the journal alone.
//   9. Effects per instance and attempt group: at most one for `once` and `irreversible`.
//
// A run                                       transition → event
//   (none) ──began──▶ running                 run_began
//   running ──▶ waiting|failed|in_doubt|interrupted     paused
//   paused ──▶ running                        driven
//   running ──▶ succeeded|cancelled           left          (cancelled: after `cancelling` and every `finally`; no way back but the next)
//   paused|left ──▶ running                   undoing       (what it did is taken back)
//   running ──▶ undone                        left          (all of it is; or a part, of a run that had been left)
//   running ──▶ interrupted                   undo_ended, paused   (a part is, and the run can go on)
//
// A section with something to remember
//   (none) ──▶ skipped | entered              section_skipped, section_entered   (a loop: with its list and its batches)
//   entered ──▶ failed                        section_failed    (given up: its rescue follows, or its loop bears it)
//   entered ──▶ left                          section_left      (its watches saw it end well)
//   failed|left ──▶ entered                   undone            (of a step in it)
//
// A step instance
//   pending ──▶ skipped | satisfied           skipped, satisfied
//   pending ──▶ failed (before any effect)    refused
//   pending ──▶ succeeded|failed              ended         (an assertion)
//   pending ──▶ waiting                       waiting, asked
//   waiting ──▶ running                       exited        (a person says it is done, and it is looked at)
//   waiting ──▶ succeeded|failed|skipped      ended, skipped
//   waiting (for a retry) ──▶ running|satisfied|failed      intent, satisfied, refused
//   pending ──▶ running                       intent        (an attempt opens)
//   running ──▶ running                       exited, verifying, overdue
//   running ──▶ succeeded|failed|cancelled    ended         (the attempt closes)
//   running ──▶ waiting|pending               ended         (a retry follows; it is begun again)
//   running ──▶ in_doubt                      doubted       (the attempt stays open)
//   in_doubt ──▶ succeeded|failed|pending     ended
//   failed|cancelled|done ──▶ pending         renewed       (a new attempt group)
//   succeeded|failed ──▶ undone               undone        (its undo, an instance of its own, has succeeded)
//   undone ──▶ as pending                                   (in a new attempt group)
//   pending ──▶ running                       included      (an included runbook begins; no attempt)
//   failed|cancelled ──▶ skipped              skipped       (by a person; also a manual step that is looked at)
//   cancelled ──▶ running|satisfied|failed    intent, satisfied, refused (an engine that takes it up learns that it was stopped)
// `scrubbed` changes no state: recorded bytes were replaced (state/scrub.h).
// `rescheduled` changes no state: the clock was set back, and what is waited for is counted anew.
//
// One SQLite file, 0600, WAL, synchronous=FULL; beside it a folder `<file>.d` with a folder per run. The last committed
// (seq, hash) of a run is also kept in `<file>.d/RUN/head`, so that a journal that went back in time is noticed.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "state/event.h"

namespace runbook {

// A row of the only projection, recomputed by `verify`.
struct RunRow {
  std::int64_t n = 0;  // in the order in which runs began; 0 before it is stored
  std::string run, runbook, title, file, state;
  std::int64_t began_at_ms = 0, ended_at_ms = 0;  // ended: 0 while it is not left
  std::int64_t epoch = 0;
  std::int64_t seq = 0;
  std::string hash;  // of the last event, 64 hex digits
};

// Applies an event to the projection; used by the writer and by verify.
void project(RunRow& row, const Event& event);

struct Answer {
  std::string question;  // unique within the run
  std::string choice;
  std::string who;
  std::string because;
  std::int64_t at_ms = 0;
  Value fields;  // a map, or null
};

struct StoredEvent {
  std::int64_t seq = 0, epoch = 0;
  std::string text;  // the exact stored bytes
  std::string hash;  // 32 raw bytes
};

enum class OpenMode {
  read,   // the file must exist; never changes it
  write,  // creates file and folders
};

// The file. Any process may open it at any time; reading never blocks the writer. One object per thread.
class JournalFile {
 public:
  // Throws Error (exit 6): not SQLite, damaged, newer schema, read-only, an archive (write), no such file (read), network file system.
  JournalFile(std::filesystem::path path, OpenMode mode);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;

  const std::filesystem::path& path() const;
  std::filesystem::path run_folder(const std::string& run) const;  // `<file>.d/RUN`
  // "" or one sentence: the journal lies where it does not survive a reboot.
  std::string storage_warning() const;

  std::vector<RunRow> runs() const;  // newest first
  std::optional<RunRow> run(const std::string& run) const;
  // A run id, a unique prefix of one, or "last". Throws Error (exit 2), with the candidates where there are several, and of a pruned
  // run with the place of its archive; exit 6 if the run is known to have been lost.
  RunRow find_run(const std::string& word) const;

  void events(const std::string& run, std::int64_t after_seq, const std::function<void(const Event&)>& each) const;
  void stored_events(const std::string& run, const std::function<void(const StoredEvent&)>& each) const;
  // What was recorded under that digest, or what stands in its place since it was scrubbed. Throws Error (exit 6) if there is no such
  // blob or its bytes don't fit the digest.
  std::string blob(const std::string& digest) const;
  bool has_intact_blob(const std::string& digest) const;

  // false, and nothing is stored: the run was left, or the question has been answered before (see `answers`); the first wins, also
  // between processes.
  bool add_answer(const std::string& run, const Answer& answer);
  std::vector<Answer> answers(const std::string& run) const;

  struct Db;
  Db& db() const { return *db_; }

 private:
  std::unique_ptr<Db> db_;
};

// The one driver of one run. Not thread-safe: the decider's thread alone. The file and the lease outlive it.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual const std::string& run() const = 0;
  virtual std::int64_t epoch() const = 0;
  // Buffered in memory. Fills in seq and gives the event back.
  virtual Event append(Event event) = 0;
  // Buffered; gives the digest. Bytes from outside go here.
  virtual std::string put(std::string_view bytes) = 0;
  virtual bool has_uncommitted() const = 0;
  // One durable transaction; a no-op when nothing is buffered. Throws Error (exit 6; exit 5: another engine has taken over);
  // then this object refuses every further commit, and what was buffered counts as not recorded. After a failed sync it may
  // still turn up in the file later: it is never written a second time.
  virtual void commit() = 0;
  // What was committed (or is buffered) under that digest.
  virtual std::string blob(const std::string& digest) const = 0;
  // All answers to this run's questions, the first per question.
  virtual std::vector<Answer> answers() = 0;
  // Durable at once. false: somebody answered the question before; `answers` has that answer.
  virtual bool add_answer(const Answer&) { return true; }
  // Of the last committed event.
  virtual std::int64_t seq() const = 0;
  virtual std::string hash() const = 0;  // 64 hex digits
};

// The kernel's lock on a run's folder: who holds it drives. Released when the object or the process ends, however it ends.
class Lease {
 public:
  // Makes the folder (0700) if need be. Throws Error (exit 5) that names the holder's pid, what it does and since when.
  // take_over: ends the holder first (SIGKILL by pidfd, waited for), and returns with the lock.
  enum class Mode { polite, take_over };
  static Lease take(const std::filesystem::path& run_folder, Mode mode);
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();
  const std::filesystem::path& folder() const { return folder_; }
  // pid of the engine that was ended by take_over, or 0.
  int ended_pid() const { return ended_pid_; }

 private:
  Lease() = default;
  std::filesystem::path folder_;
  int fd_ = -1;
  int ended_pid_ = 0;
};
// The pid that holds the lock, or 0. Takes nothing.
int lease_holder(const std::filesystem::path& run_folder);

// A commit of a run that stands outside the journal's file.
struct HeadMark {
  std::int64_t epoch = 0, seq = 0;
  std::string hash;  // hex
};
// The last one, as the journal itself keeps it beside the file.
std::optional<HeadMark> read_head(const std::filesystem::path& run_folder);

// Somebody else who knows of a commit: a journal that does not hold it has lost it.
struct KnownCommit {
  std::string name;  // "the supervisor's log"
  HeadMark mark;
};

// Runs that have a head or a log in the journal's folder but are not in the journal: it was lost, or an older copy was put back.
std::vector<std::string> lost_runs(const JournalFile& file);
// Throws Error (exit 6) if there are any. Begin and find_run("last") ask it: beginning anew would do a lost run's steps twice.
void require_no_lost_runs(const JournalFile& file);

// Throws Error (exit 6) that names the lost events and the way on, if the journal ends before the commit that the head outside the
// file or a witness tells of, or holds another event there. The witnesses were asked before.
void require_not_behind(const JournalFile& file, const std::string& run, const std::vector<KnownCommit>& witnesses);

// `lock:` of a runbook. A run has the one that stands in its run_began (`lock`) from that commit until it is left, whoever drives
// it or nobody does; a run that is driven again after it was left, for its undo, takes it again. Two runs of this journal never have
// the same one: the commit that takes it looks, within its transaction. Runs of another journal are not seen.
std::string lock_of(const JournalFile& file, const RunRow& row);  // "": it has none
// nullopt: nobody but the run `but` has it.
std::optional<RunRow> lock_holder(const JournalFile& file, const std::string& lock, const std::string& but);
// Throws Error (exit 5) that names who has it, its state and since when, and how to go on. For who wants to know before there is
// anything to undo: begin_run's and drive_run's commits ask it again.
void require_lock_free(const JournalFile& file, const std::string& lock, const std::string& run);

// Begins a run. The first event must be run_began; the first commit writes it and the run's row. Throws Error (exit 6) as above, and
// that commit Error (exit 5) if another run has its lock.
std::unique_ptr<Journal> begin_run(JournalFile& file, const Lease& lease, const std::string& run);
// Takes up a run: raises the epoch with `driven` (committed here). Throws Error (exit 6) if the journal is behind the head
// outside the file or behind a witness, or a chain is broken at its end; the message names the lost events and the way on.
// Error (exit 5) if the run was left, and another one has its lock now.
std::unique_ptr<Journal> drive_run(JournalFile& file, const Lease& lease, const std::string& run, Event driven,
                                   const std::vector<KnownCommit>& witnesses = {});

// Recorded bytes of a run that were replaced, as its event tells.
struct Scrubbing {
  std::int64_t seq = 0, at_ms = 0;
  std::string who, because;
  std::int64_t blobs = 0;
};

// What `verify` says.
struct Verdict {
  enum class Kind {
    consistent,  // all fits together
    anchored,    // and up to event `anchored_at` it is what it was when a head was noted elsewhere
    broken,
  } kind = Kind::consistent;
  std::int64_t anchored_at = 0;
  std::int64_t events = 0, blobs = 0;
  std::int64_t broken_at = 0;  // seq of the first event that does not fit
  std::string why;             // one sentence
  std::string head;            // hash of the last event, hex
  std::vector<Scrubbing> scrubbed;
};
// Recomputes the chain of the run, its blobs' digests, the projection, the journal's own chain, and compares with the head outside
// the file and the witnesses, who were asked before. kept_head: the hash of an event, 64 hex digits, that somebody noted where who
// writes the journal does not; a record in which no event has it is broken. "" : there is none.
Verdict verify_run(const JournalFile& file, const std::string& run, const std::vector<KnownCommit>& witnesses = {},
                   const std::string& kept_head = {});

// `--journal`, RUNBOOK_JOURNAL, else $XDG_STATE_HOME/runbook/journal.db, else ~/.local/state/runbook/journal.db.
std::filesystem::path default_journal_path();

}  // namespace runbook
