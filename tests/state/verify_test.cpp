// What `verify` must see: every byte of every cell, every byte of the file, and an end that was cut off with all that tells of it.
#include <sqlite3.h>

#include <cstdlib>
#include <random>

#include "base/digest.h"
#include "state/sqlite.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string other_run = "20261121-0007-b4ab";

// Two runs, one of them left; small, so that every byte can be tried.
struct SmallJournal {
  SmallJournal() {
    {
      Drive drive(path);
      drive.step("copy");
      drive.step("move");
      drive.file.add_answer(example_run, {"q1", "done", "ana", "seen", 1, {}});
      drive.journal->append(fact(event::left, "", object({{"state", "succeeded"}})));
      drive.journal->commit();
    }
    Drive(path, other_run).step("copy");
  }
  Verdict verdict(const std::vector<KnownCommit>& witnesses = {}) const {
    return verify_run(JournalFile(path, OpenMode::read), example_run, witnesses);
  }
  fs::path head() const { return path.string() + ".d/" + example_run + "/head"; }

  TestFolder folder{memory_folder()};
  fs::path path = folder / "journal.db";
};

// A hand that the triggers don't stop. The schema stays as it is.
class Forger {
 public:
  explicit Forger(const fs::path& path) : database_(path, Database::Access::ordinary) {
    sqlite3_db_config(database_.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    database_.execute("PRAGMA synchronous=OFF");
  }
  void execute(const std::string& sql) { database_.execute(sql); }
  std::vector<std::string> texts(const std::string& sql) {
    Statement select(database_, sql);
    std::vector<std::string> found;
    while (select.step()) found.push_back(select.text(0));
    return found;
  }
  void set(const std::string& table, const std::string& key, const std::string& column, const std::string& bytes,
           bool is_text) {
    Statement update(database_, "UPDATE " + table + " SET " + column + " = ? WHERE " + key);
    is_text ? update.bind(bytes) : update.bind_bytes(bytes);
    update.run();
  }

 private:
  Database database_;
};

// A column of the rows that `where` names, of which `key` tells them apart.
struct Column {
  std::string table, key, name, where;
  bool is_text = true;
};

const std::string of_run = "run = '" + example_run + "'", of_events = "id < 2 << 32";

// Another connection looks, as `verify` does.
void require_broken(const JournalFile& file, const std::string& note) {
  const Verdict verdict = verify_run(file, example_run);
  CHECK_MESSAGE(verdict.kind == Verdict::Kind::broken, note);
  CHECK_MESSAGE(!verdict.why.empty(), note);
}

// Returns the number of changes.
int change_every_byte(Forger& forger, const JournalFile& file, const Column& column) {
  int changes = 0;
  for (const std::string& key : forger.texts("SELECT rowid FROM " + column.table + " WHERE " + column.where)) {
    const std::string row = "rowid = " + key;
    const std::string before = forger.texts("SELECT " + column.name + " FROM " + column.table + " WHERE " + row).at(0);
    for (std::size_t at = 0; at < before.size(); ++at, ++changes) {
      std::string changed = before;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      forger.set(column.table, row, column.name, changed, column.is_text);
      require_broken(file, column.table + "." + column.name + " of " + key + ", byte " + std::to_string(at));
    }
    forger.set(column.table, row, column.name, before, column.is_text);
  }
  return changes;
}

// Blobs have no number of their own: the digest is what they are found by.
int change_every_byte_of_blobs(Forger& forger, const JournalFile& file, const std::string& name, bool is_text) {
  int changes = 0;
  for (const std::string& digest : forger.texts("SELECT digest FROM blobs WHERE " + of_run)) {
    const std::string row = "digest = '" + digest + "'";
    const std::string before = forger.texts("SELECT " + name + " FROM blobs WHERE " + row).at(0);
    for (std::size_t at = 0; at < before.size(); ++at, ++changes) {
      std::string changed = before;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      forger.set("blobs", row, name, changed, is_text);
      require_broken(file, "blobs." + name + " of " + digest + ", byte " + std::to_string(at));
      forger.set("blobs", name == "digest" ? "digest = '" + changed + "'" : row, name, before, is_text);
    }
  }
  return changes;
}

}  // namespace

TEST_CASE("every changed byte of every text and hash of a run is broken") {
  const SmallJournal journal;
  Forger forger(journal.path);
  const JournalFile file(journal.path, OpenMode::read);
  REQUIRE(journal.verdict().kind == Verdict::Kind::consistent);
  int changes = 0;
  for (const Column& column :
       {Column{"events", "id", "text", of_events, true}, Column{"events", "id", "hash", of_events, false},
        Column{"runs", "n", "run", of_run, true}, Column{"runs", "n", "runbook", of_run, true},
        Column{"runs", "n", "title", of_run, true}, Column{"runs", "n", "file", of_run, true},
        Column{"runs", "n", "state", of_run, true}, Column{"runs", "n", "hash", of_run, true},
        Column{"register", "n", "run", "1", true}, Column{"register", "n", "kind", "1", true},
        Column{"register", "n", "run_hash", "1", false}, Column{"register", "n", "hash", "1", false}}) {
    changes += change_every_byte(forger, file, column);
  }
  for (const char* name : {"digest", "run", "salt", "bytes"})
    changes += change_every_byte_of_blobs(forger, file, name, std::string(name) == "digest" || std::string(name) == "run");
  CHECK(changes > 1000);
  CHECK(journal.verdict().kind == Verdict::Kind::consistent);
}

TEST_CASE("every changed number, every row that is moved, swapped, missing or added is broken") {
  const std::string first = "(1 << 32 | 2)", second = "(1 << 32 | 3)", aside = "(1 << 32 | 1000)";
  for (const std::string& change : std::vector<std::string>{
           "UPDATE events SET epoch = epoch + 1 WHERE seq = 3",
           "UPDATE events SET id = id + 100 WHERE id = (1 << 32 | 6)",
           "UPDATE events SET id = " + aside + " WHERE id = " + first + "; UPDATE events SET id = " + first +
               " WHERE id = " + second + "; UPDATE events SET id = " + second + " WHERE id = " + aside,
           "DELETE FROM events WHERE seq = 3 AND n = 1",
           "INSERT INTO events(id, epoch, text, hash) SELECT id + 1, epoch, text, hash FROM events WHERE id = (1 << 32 | 6)",
           "UPDATE runs SET began_at_ms = began_at_ms + 1",
           "UPDATE runs SET ended_at_ms = 0",
           "UPDATE runs SET epoch = 2",
           "UPDATE runs SET seq = 5",
           "UPDATE runs SET n = 7 WHERE n = 1",
           "DELETE FROM runs WHERE n = 1",
           "DELETE FROM runs WHERE n = 2",
           "UPDATE register SET run_seq = 2 WHERE n = 1",
           "UPDATE register SET at_ms = at_ms + 1 WHERE n = 2",
           "UPDATE register SET n = 9 WHERE n = 3",
           "DELETE FROM register WHERE n = 1",
           "DELETE FROM register WHERE n = 2",
           "DELETE FROM blobs",
           "UPDATE blobs SET run = 'x'",
           "INSERT INTO blobs VALUES('ab', '" + example_run + "', x'00', x'00')",
       }) {
    const SmallJournal journal;
    Forger(journal.path).execute(change);
    require_broken(JournalFile(journal.path, OpenMode::read), change);
  }
}

namespace {

// Everything that can be read of the run and of the register, or why it can't.
std::string contents(const fs::path& path) {
  std::string all;
  const auto outcome = outcome_of([&] {
    Database database(path, Database::Access::ordinary);
    const std::string own = " WHERE " + of_run;
    for (const std::string& sql :
         {"SELECT id || epoch || text || hex(hash) FROM events WHERE " + of_events + " ORDER BY id",
          "SELECT digest || hex(salt) || hex(bytes) FROM blobs" + own + " ORDER BY digest",
          "SELECT n || run || runbook || title || file || state || began_at_ms || ended_at_ms || seq || hash FROM runs" + own,
          std::string("SELECT n || run || kind || run_seq || hex(run_hash) || at_ms || hex(hash) FROM register ORDER BY n")}) {
      Statement select(database, sql);
      while (select.step()) all += select.text(0) + "\n";
    }
  });
  return outcome.code == 0 ? all : "unreadable";
}

// "consistent", or what a person is told.
std::string told_of(const fs::path& path) {
  std::string told;
  const auto outcome = outcome_of([&] {
    const Verdict verdict = verify_run(JournalFile(path, OpenMode::read), example_run);
    told = verdict.kind == Verdict::Kind::consistent ? "consistent" : verdict.why;
  });
  return outcome.code == 0 ? told : outcome.what;
}

}  // namespace

TEST_CASE("a changed byte anywhere in the file is told, unless nothing that is read changes by it") {
  const SmallJournal journal;
  const std::string whole = text_of(journal.path), before = contents(journal.path);
  const fs::path changed_path = journal.folder / "changed/journal.db";
  fs::create_directories(changed_path.parent_path());
  const bool is_exhaustive = std::getenv("RUNBOOK_EXHAUST") != nullptr;  // every byte
  std::mt19937_64 random(1);
  int tried = 0, told = 0;
  for (std::size_t at = 0; at < whole.size(); at += is_exhaustive ? 1 : 1 + random() % 97) {
    if (whole[at] == 0 && !is_exhaustive) continue;  // mostly room
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_text(changed_path, changed);
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(changed_path.string() + suffix);
    const std::string said = told_of(changed_path);
    ++tried;
    told += said == "consistent" ? 0 : 1;
    CHECK_FALSE_MESSAGE(said.empty(), at);
    const bool is_unseen = said == "consistent" && contents(changed_path) != before;
    CHECK_FALSE_MESSAGE(is_unseen, at);
  }
  INFO("bytes: " << tried << ", told: " << told);
  CHECK(told > 50);
}

namespace {

// The end of the run is cut off as if it had never been: events, blobs, the row, the register.
void cut_off_the_end(const SmallJournal& journal, int count, bool adapts) {
  const std::string last = std::to_string(6 - count);
  Forger forger(journal.path);
  forger.execute("DELETE FROM events WHERE n = 1 AND seq > " + last);
  if (!adapts) return;
  forger.execute("UPDATE runs SET seq = " + last +
                 ", state = 'running', ended_at_ms = 0, hash = (SELECT lower(hex(hash)) FROM"
                 " events WHERE n = 1 AND seq = " +
                 last + ") WHERE n = 1");
  // The register as it would have been: entry 2 told of the end of this run, entry 3 of the beginning of the other one.
  forger.execute("DELETE FROM register WHERE n > 1; DELETE FROM events WHERE n = 2; DELETE FROM runs WHERE n = 2");
}

std::string hash_of(const fs::path& path, std::int64_t seq) {
  std::string hash;
  JournalFile(path, OpenMode::read).stored_events(example_run, [&](const StoredEvent& event) {
    if (event.seq == seq) hash = to_hex(event.hash);
  });
  return hash;
}

}  // namespace

TEST_CASE("an end that was cut off is found by what stands outside the file, however well the rest was adapted") {
  for (const bool adapts : {false, true}) {
    for (int count = 1; count <= 5; ++count) {
      const SmallJournal journal;
      const KnownCommit log{"the supervisor's log", {0, 6, hash_of(journal.path, 6)}};
      cut_off_the_end(journal, count, adapts);
      INFO("without the last " << count << (adapts ? ", adapted" : ""));
      const Verdict by_head = journal.verdict();
      CHECK(by_head.kind == Verdict::Kind::broken);
      CHECK(by_head.broken_at == 7 - count);
      fs::remove(journal.head());
      const Verdict by_log = journal.verdict({log});
      CHECK(by_log.kind == Verdict::Kind::broken);
      CHECK(by_log.broken_at == 7 - count);
      if (adapts) CHECK_MESSAGE(by_log.why.find("the supervisor's log tells") != std::string::npos, by_log.why);
      if (adapts) CHECK_MESSAGE(outcome_of([&] { Drive drive(journal.path); }).code == 0, "nothing else tells");
    }
  }
}

TEST_CASE("what the supervisor's log tells stops who would drive a journal that went back, also without its head") {
  const SmallJournal journal;
  const KnownCommit log{"the supervisor's log", {0, 6, hash_of(journal.path, 6)}};
  cut_off_the_end(journal, 3, true);
  fs::remove(journal.head());
  const auto refused = outcome_of([&] {
    JournalFile file(journal.path, OpenMode::write);
    const Lease lease = Lease::take(file.run_folder(example_run), Lease::Mode::polite);
    drive_run(file, lease, example_run, fact(event::driven), {log});
  });
  CHECK(refused.code == 6);
  CHECK_MESSAGE(refused.says("events 4 to 6 are lost (the supervisor's log tells)"), refused.what);
  CHECK_MESSAGE(refused.says("move head and log out of"), refused.hint);
}

TEST_CASE("a run of which only its supervisor's log is left is lost, not unknown") {
  const TestFolder folder;
  { JournalFile(folder / "journal.db", OpenMode::write); }
  fs::create_directories(folder / "journal.db.d" / example_run);
  write_text(folder / "journal.db.d" / example_run / "log", "H boot 1 00000000\n");
  CHECK(outcome_of([&] { Drive(folder / "journal.db", other_run); }).says("it lacks run " + example_run));
  JournalFile file(folder / "journal.db", OpenMode::write);
  CHECK(outcome_of([&] { file.find_run(example_run); }).code == 6);
}

TEST_CASE("a record that was written anew with all its hashes is found by a head that somebody kept, and by nothing else") {
  TestFolder folder(memory_folder());
  const auto write = [&](const std::string& name, const std::string& second) {
    Drive drive(folder / name);
    drive.step("copy");
    const std::string kept = drive.journal->hash();
    drive.step(second);
    return std::pair(kept, drive.journal->hash());
  };
  const auto [early, late] = write("honest.db", "move");
  const std::int64_t events = verify_run(JournalFile(folder / "honest.db", OpenMode::read), example_run).events;
  const auto verdict = [&](const std::string& name, const std::string& head) {
    return verify_run(JournalFile(folder / name, OpenMode::read), example_run, {}, head);
  };
  CHECK(verdict("honest.db", late).kind == Verdict::Kind::anchored);
  CHECK(verdict("honest.db", late).anchored_at == events);
  CHECK(verdict("honest.db", early).anchored_at < events);
  CHECK(verdict("honest.db", early).anchored_at > 1);

  write("forged.db", "steal");
  CHECK(verdict("forged.db", "").kind == Verdict::Kind::consistent);
  CHECK(verdict("forged.db", late).kind == Verdict::Kind::broken);
  CHECK(verdict("forged.db", late).why.find("no event has the head that was kept") == 0);
}
