#include "state/chain.h"

#include "base/digest.h"
#include "state/head.h"
#include "state/sqlite.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A journal with one run of eleven events, closed, and ways to tamper with it.
struct ClosedJournal {
  ClosedJournal() {
    Drive drive(path);
    for (const char* name : {"copy", "cluster/apply[eu-1]", "cluster/apply[us-1]", "check", "announce"}) drive.step(name);
  }
  void tamper(const std::string& sql) const { Database(path, Database::Access::ordinary).execute(sql); }
  // For changes that the triggers refuse; the triggers are put back.
  void change_history(const std::string& sql) const {
    Database database(path, Database::Access::ordinary);
    std::string restore;
    std::vector<std::string> names;
    {
      Statement triggers(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
      while (triggers.step()) {
        names.push_back(triggers.text(0));
        restore += triggers.text(1) + ";";
      }
    }
    for (const std::string& name : names) database.execute("DROP TRIGGER " + name);
    database.execute(sql);
    database.execute(restore);
  }
  Verdict verdict() const { return verify_run(JournalFile(path, OpenMode::read), example_run); }
  Outcome resumed() const {
    return outcome_of([&] { Drive drive(path); });
  }
  fs::path folder_of_run() const { return path.string() + ".d/" + example_run; }

  TestFolder folder;
  fs::path path = folder / "journal.db";
};

void copy_journal(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

bool says(const Verdict& verdict, const std::string& part) { return verdict.why.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an event's hash is over the hash before, the run, its numbers and its exact bytes") {
  const StoredEvent event{1, 2, R"({"kind":"x"})", {}};
  const std::string bytes =
      std::string(32, '\0') + "R1" + '\0' + std::string(7, '\0') + '\1' + std::string(7, '\0') + '\2' + event.text;
  CHECK(event_hash(chain_start(), "R1", event) == sha256(bytes));
}

TEST_CASE("an untouched journal is consistent") {
  const ClosedJournal journal;
  const Verdict verdict = journal.verdict();
  CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
  CHECK(verdict.events == 11);
  CHECK(verdict.blobs == 5);
  CHECK(verdict.head == JournalFile(journal.path, OpenMode::read).run(example_run)->hash);
}

TEST_CASE("every single changed byte of a text breaks the chain at its event") {
  std::string before = chain_start();
  const ClosedJournal journal;
  std::vector<StoredEvent> events;
  JournalFile(journal.path, OpenMode::read).stored_events(example_run, [&](const StoredEvent& event) {
    events.push_back(event);
  });
  for (const StoredEvent& event : events) {
    CHECK(event_hash(before, example_run, event) == event.hash);
    for (std::size_t at = 0; at < event.text.size(); ++at) {
      StoredEvent changed = event;
      changed.text[at] = static_cast<char>(changed.text[at] ^ 1);
      CHECK(event_hash(before, example_run, changed) != event.hash);
    }
    before = event.hash;
  }
}

TEST_CASE("verify names the event that was changed") {
  for (const char* change :
       {"text = replace(text, 'once', 'read')", "text = text || ' '", "epoch = 2", "hash = zeroblob(32)", "text = 'x'"}) {
    const ClosedJournal journal;
    journal.change_history(std::string("UPDATE events SET ") + change + " WHERE seq = 4");
    const Verdict verdict = journal.verdict();
    CHECK(verdict.kind == Verdict::Kind::broken);
    CHECK(verdict.broken_at == 4);
    CHECK_MESSAGE(says(verdict, "does not fit its hash: it was changed after it was written"), verdict.why);
  }
  const ClosedJournal journal;
  journal.change_history("UPDATE events SET text = replace(text, 'once', 'read') WHERE seq = 4");
  CHECK(says(journal.verdict(), "event 4 (intent of step `cluster/apply[eu-1]`) does not fit"));
}

TEST_CASE("verify names the events that are missing") {
  const ClosedJournal middle, end, beginning;
  middle.change_history("DELETE FROM events WHERE seq BETWEEN 5 AND 7");
  CHECK(says(middle.verdict(), "events 5 to 7 are missing"));
  CHECK(middle.verdict().broken_at == 5);
  end.change_history("DELETE FROM events WHERE seq > 10");
  CHECK(says(end.verdict(), "event 11 is missing"));
  beginning.change_history("DELETE FROM events WHERE seq = 1");
  CHECK(says(beginning.verdict(), "event 1 is missing"));
}

TEST_CASE("verify names the blob that was changed or is missing, and its event") {
  const ClosedJournal changed, missing;
  changed.change_history("UPDATE blobs SET bytes = 'Output of copy' WHERE bytes = CAST('output of copy' AS BLOB)");
  CHECK_MESSAGE(says(changed.verdict(), "… (event 3, ended of step `copy`) was changed"), changed.verdict().why);
  CHECK(changed.verdict().broken_at == 3);
  missing.change_history("DELETE FROM blobs WHERE bytes = CAST('output of check' AS BLOB)");
  CHECK_MESSAGE(says(missing.verdict(), "… (event 9, ended of step `check`) is missing"), missing.verdict().why);
}

TEST_CASE("a blob with a wrong byte is not given out") {
  const ClosedJournal journal;
  journal.change_history("UPDATE blobs SET salt = zeroblob(16) WHERE bytes = CAST('output of copy' AS BLOB)");
  const JournalFile file(journal.path, OpenMode::read);
  int intact = 0, refused = 0;
  for (const Event& event : events_of(file)) {
    const std::string digest = blob_digest(event.body.get("output"));
    if (digest.empty()) continue;
    file.has_intact_blob(digest) ? ++intact : ++refused;
    CHECK(file.has_intact_blob(digest) == (outcome_of([&] { file.blob(digest); }).code == 0));
  }
  CHECK(intact == 4);
  CHECK(refused == 1);
  CHECK(outcome_of([&] { file.blob(std::string(64, 'a')); }).says("is missing"));
}

TEST_CASE("verify finds a projection that the events don't come to") {
  const ClosedJournal journal;
  journal.tamper("UPDATE runs SET state = 'succeeded'");
  CHECK(says(journal.verdict(), "the projection says state succeeded, the events say running"));
}

TEST_CASE("verify finds a broken register, and a run that is gone as a whole") {
  const ClosedJournal changed, gone, pruned_in_secret;
  changed.change_history("UPDATE register SET at_ms = 1");
  CHECK(says(changed.verdict(), "the journal's own chain is broken at entry 1 (run_began of run " + example_run));
  { Drive(gone.path, "20261121-0007-b4ab"); }
  CHECK(gone.verdict().kind == Verdict::Kind::consistent);
  gone.change_history("DELETE FROM events WHERE n = 2; DELETE FROM runs WHERE n = 2");
  CHECK(says(gone.verdict(), "run 20261121-0007-b4ab is missing"));
  const ClosedJournal rowless;
  rowless.tamper("DELETE FROM runs");
  CHECK(says(rowless.verdict(), "run " + example_run + " is missing in the table of runs"));
  { Drive(pruned_in_secret.path, "20261121-0007-b4ab"); }
  pruned_in_secret.tamper("INSERT INTO pruned(run, at_ms) VALUES('20261121-0007-b4ab', 1); DELETE FROM events WHERE n = 2");
  CHECK(says(pruned_in_secret.verdict(), "it was never pruned"));
}

TEST_CASE("verify finds rules that were taken out of the schema") {
  const ClosedJournal journal;
  journal.tamper("DROP TRIGGER events_stay");
  CHECK(says(journal.verdict(), "the trigger events_stay is missing"));
}

TEST_CASE("a journal whose end was changed is not driven on") {
  const ClosedJournal changed, shortened, projected;
  changed.change_history("UPDATE events SET text = replace(text, 'succeeded', 'failed') WHERE seq = 11");
  CHECK(changed.resumed().code == 6);
  CHECK(changed.resumed().says("event 11 does not fit its hash"));
  shortened.change_history("DELETE FROM events WHERE seq = 9");
  CHECK(shortened.resumed().says("event 9 is missing"));
  projected.tamper("UPDATE runs SET seq = 9, hash = (SELECT lower(hex(hash)) FROM events WHERE seq = 9)");
  CHECK(projected.resumed().code == 6);
}

TEST_CASE("yesterday's copy is exit 6, and the lost events are named") {
  const ClosedJournal journal;
  copy_journal(journal.path, journal.folder / "yesterday");
  { Drive(journal.path).step("after the copy"); }
  fs::copy_file(journal.folder / "yesterday/journal.db", journal.path, fs::copy_options::overwrite_existing);
  const auto refused = journal.resumed();
  CHECK(refused.code == 6);
  CHECK(refused.says("ends at event 11 of run " + example_run + ", but event 14 was committed: events 12 to 14 are lost"));
  CHECK(refused.says(example_run + "/log"));
  const Verdict verdict = journal.verdict();
  CHECK(says(verdict, "the journal ends at event 11, but event 14 was committed: events 12 to 14 are lost"));
  CHECK(verdict.broken_at == 12);
  fs::remove(journal.folder_of_run() / "head");
  CHECK(journal.resumed().code == 0);
}

TEST_CASE("an older copy that went on differently is exit 6") {
  const ClosedJournal journal;
  copy_journal(journal.folder.path(), journal.folder.path().string() + "-copy");
  const fs::path copy = journal.folder.path().string() + "-copy";
  { Drive(journal.path).step("here"); }
  { Drive(copy / "journal.db").step("elsewhere"); }
  fs::copy_file(copy / "journal.db", journal.path, fs::copy_options::overwrite_existing);
  fs::remove_all(copy);
  const auto refused = journal.resumed();
  CHECK(refused.code == 6);
  CHECK(refused.says("is not the one that was committed"));
  CHECK(says(journal.verdict(), "is not the one that was committed"));
}

TEST_CASE("a lost run is not begun anew, not even under another id") {
  const ClosedJournal journal;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(journal.path.string() + suffix);
  const auto refused = outcome_of([&] { Drive(journal.path, "20261121-0007-b4ab"); });
  CHECK(refused.code == 6);
  CHECK(refused.says("it lacks run " + example_run));
  JournalFile file(journal.path, OpenMode::write);
  CHECK(outcome_of([&] { file.find_run(example_run); }).says("events 1 to 11 are lost"));
  fs::remove_all(journal.folder_of_run());
  CHECK(outcome_of([&] { Drive(journal.path, "20261121-0007-b4ab"); }).code == 0);
}

// A -wal that is cut at a frame, or has one flipped byte, silently drops commits: SQLite's own recovery takes it for a crash.
TEST_CASE("a -wal cut at any frame, or with a byte flipped in any frame, is exit 6") {
  const TestFolder folder(memory_folder());
  Child([&] {
    Drive drive(folder / "whole/journal.db");
    for (int n = 0; n < 4; ++n) drive.step("step" + std::to_string(n));
    kill(getpid(), SIGKILL);
    return 0;
  }).wait();
  std::string wal = text_of(folder / "whole/journal.db-wal");
  constexpr std::size_t header = 32, frame = 24 + 4096;
  wal.resize((wal.find_last_not_of('\0') - header) / frame * frame + frame +
             header);  // behind the last frame there is only room
  REQUIRE(wal.size() > header + 20 * frame);
  const auto outcome_with = [&](const std::string& bytes) {
    fs::remove_all(folder / "try");
    fs::copy(folder / "whole", folder / "try", fs::copy_options::recursive);
    fs::remove(folder / "try/journal.db-shm");
    write_text(folder / "try/journal.db-wal", bytes);
    return outcome_of([&] { Drive drive(folder / "try/journal.db"); });
  };
  CHECK(outcome_with(wal).code == 0);
  for (std::size_t start = header; start + frame <= wal.size(); start += frame) {
    CHECK(outcome_with(wal.substr(0, start)).code == 6);
    CHECK(outcome_with(wal.substr(0, start + frame / 2)).code == 6);
    for (const std::size_t at : {start + 5, start + 30, start + frame / 2}) {
      std::string flipped = wal;
      flipped[at] = static_cast<char>(flipped[at] ^ 4);
      CHECK(outcome_with(flipped).code == 6);
    }
  }
}

TEST_CASE("the head holds the last commit, and the one before where a line is damaged") {
  const TestFolder folder;
  CHECK_FALSE(read_head(folder.path()));
  {
    HeadFile head(folder.path());
    CHECK(head.write({1, 41, std::string(64, 'a')}));
    CHECK(head.write({1, 42, std::string(64, 'b')}));
    CHECK(head.write({2, 43, std::string(64, 'c')}));
  }
  CHECK(read_head(folder.path())->seq == 43);
  CHECK(read_head(folder.path())->epoch == 2);
  CHECK(read_head(folder.path())->hash == std::string(64, 'c'));
  const std::string whole = text_of(folder / "head");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_text(folder / "head", damaged);
    const auto head = read_head(folder.path());
    REQUIRE(head);
    CHECK(head->seq == (at < whole.size() / 2 ? 42 : 43));
  }
  write_text(folder / "head", whole.substr(0, whole.size() / 2 - 1));
  CHECK_FALSE(read_head(folder.path()));
  write_text(folder / "head", std::string(200, '\0'));
  CHECK_FALSE(read_head(folder.path()));
}

TEST_CASE("a reopened head is written where the older line stands") {
  const TestFolder folder;
  for (int seq = 1; seq <= 5; ++seq) {
    CHECK(HeadFile(folder.path()).write({1, seq, std::string(64, 'a')}));
    CHECK(read_head(folder.path())->seq == seq);
  }
  CHECK(fs::file_size(folder / "head") == 2 * head_line({}).size());
}

TEST_CASE("a head that is damaged proves nothing and refuses nothing") {
  const ClosedJournal journal;
  write_text(journal.folder_of_run() / "head", "damaged");
  CHECK(journal.resumed().code == 0);
  CHECK(read_head(journal.folder_of_run())->seq == 12);
}
