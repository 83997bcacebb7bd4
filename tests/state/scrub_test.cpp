// A secret that leaked leaves the record, whole or not at all, while the chain stands; whatever else is done to it is found.
#include "state/scrub.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "state/journal_file.h"
#include "state/schema.h"
#include "state/sqlite.h"
#include "tests/state/schema_2.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string secret = "s3cr3t-Tok3n/with+sign";
const std::string other_run = "20261121-0007-b4ab";

enum class End { paused, left };

// A run whose outputs hold the secret in three forms, with an answer that does; closed.
struct Leak {
  explicit Leak(End end = End::paused, const fs::path& parent = fs::temp_directory_path()) : folder(parent) {
    Drive drive(path);
    drive.step("clean");
    plain = output(drive, "plain", "token=" + secret + "\n");
    encoded = output(drive, "encoded", "Basic " + base64("user:" + secret));
    document = output(drive, "document", to_json(object({{"token", secret}, {"count", 3}})));
    drive.file.add_answer(example_run, {"q1", "done", "ana", "it was " + secret, 1, object({{"value", secret}})});
    const auto kind = end == End::left ? event::left : event::paused;
    drive.journal->append(fact(kind, "", object({{"state", end == End::left ? "succeeded" : "failed"}, {"why", "as it was"}})));
    drive.journal->commit();
  }
  static std::string output(Drive& drive, const std::string& step, const std::string& bytes) {
    std::string digest = drive.journal->put(bytes);
    drive.journal->append(
        fact(event::ended, step, object({{"result", "succeeded"}, {"outputs", blob_reference(digest, bytes.size())}})));
    drive.journal->commit();
    return digest;
  }
  ScrubResult scrub(const std::string& value = secret, const std::string& because = "it leaked") const {
    JournalFile file(path, OpenMode::write);
    return scrub_in(file, value, because);
  }
  static ScrubResult scrub_in(JournalFile& file, const std::string& value = secret, const std::string& because = "it leaked") {
    const Lease lease = Lease::take(file.run_folder(example_run), Lease::Mode::polite);
    return scrub_run(file, lease, example_run, {value, "ana", because, fact(event::driven, "", object({{"how", "command"}}))});
  }
  Verdict verdict() const { return verify_run(JournalFile(path, OpenMode::read), example_run); }
  std::string blob(const std::string& digest) const { return JournalFile(path, OpenMode::read).blob(digest); }
  RunRow row() const { return *JournalFile(path, OpenMode::read).run(example_run); }
  // Of all files of the journal.
  bool holds(const std::string& bytes) const {
    for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
      if (entry.is_regular_file() && text_of(entry.path()).find(bytes) != std::string::npos) return true;
    return false;
  }
  // With the triggers out of the way, and put back.
  void forge(const std::string& sql) const {
    Database database(path, Database::Access::ordinary);
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    database.execute(sql);
  }
  Outcome try_sql(const std::string& sql) const {
    return outcome_of([&] { Database(path, Database::Access::ordinary).execute(sql); });
  }

  TestFolder folder;
  fs::path path = folder / "journal.db";
  std::string plain, encoded, document;
};

std::vector<StoredEvent> stored_events(const fs::path& path) {
  std::vector<StoredEvent> found;
  JournalFile(path, OpenMode::read).stored_events(example_run, [&](const StoredEvent& event) { found.push_back(event); });
  return found;
}

RunState fold(const fs::path& path) {
  RunState state;
  JournalFile(path, OpenMode::read).events(example_run, 0, [&](const Event& event) { state.apply(event); });
  return state;
}

bool says(const Verdict& verdict, const std::string& part) { return verdict.why.find(part) != std::string::npos; }

// The process ends at the n-th statement that SQLite begins.
int statements_left = 0;
int count_down(unsigned, void*, void*, void*) {
  if (--statements_left == 0) raise(SIGKILL);
  return 0;
}
void die_at_statement(JournalFile& file, int n) {
  statements_left = n;
  sqlite3_trace_v2(file.db().database->handle(), SQLITE_TRACE_STMT, count_down, nullptr);
}

}  // namespace

TEST_CASE("what is scrubbed is gone from every file in all its forms, and what was recorded before stands as it was") {
  const Leak leak;
  const auto before = stored_events(leak.path);
  REQUIRE(leak.holds(secret));
  const ScrubResult result = leak.scrub();
  CHECK(result.blobs == 3);
  CHECK(result.answers == 1);
  CHECK(result.events.empty());
  CHECK(result.unclean.empty());
  for (const std::string& form : {secret, base64(secret).substr(0, 24), base64("user:" + secret).substr(8, 20)})
    CHECK_FALSE(leak.holds(form));
  CHECK(leak.blob(leak.plain) == "token=[scrubbed]\n");
  CHECK(leak.blob(leak.encoded).find("[scrubbed]") != std::string::npos);
  CHECK(parse_json(leak.blob(leak.document)).text_or("token", "") == "[scrubbed]");
  const auto after = stored_events(leak.path);
  REQUIRE(after.size() == before.size() + 3);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(after[i].text == before[i].text);
    CHECK(after[i].hash == before[i].hash);
  }
}

TEST_CASE("verify tells a scrub and is green; it is a deviation, and the answer is masked") {
  const Leak leak;
  const std::string head = leak.verdict().head;
  const auto seq = leak.scrub().event;
  const Verdict verdict = leak.verdict();
  REQUIRE(verdict.kind == Verdict::Kind::consistent);
  REQUIRE(verdict.scrubbed.size() == 1);
  CHECK(verdict.scrubbed[0].seq == seq);
  CHECK(verdict.scrubbed[0].who == "ana");
  CHECK(verdict.scrubbed[0].because == "it leaked");
  CHECK(verdict.scrubbed[0].blobs == 3);
  CHECK(verify_run(JournalFile(leak.path, OpenMode::read), example_run, {}, head).kind == Verdict::Kind::anchored);
  const auto answers = JournalFile(leak.path, OpenMode::read).answers(example_run);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].because == "it was [scrubbed]");
  CHECK(answers[0].fields.text_or("value", "") == "[scrubbed]");
  const RunState state = fold(leak.path);
  REQUIRE(state.deviations.size() == 1);
  CHECK(state.deviations[0].what == "scrubbed: 4 recorded texts");
  CHECK(scrubbed_parts(state).of_steps == std::vector<std::string>{"document", "encoded", "plain"});
}

TEST_CASE("a paused run is paused as it was, and one that was left stays left as it was") {
  const Leak paused;
  paused.scrub();
  CHECK(paused.row().state == "failed");
  CHECK(fold(paused.path).why == "as it was");
  const Leak left(End::left);
  const RunRow before = left.row();
  left.scrub();
  const RunRow after = left.row();
  CHECK(after.state == before.state);
  CHECK(after.ended_at_ms == before.ended_at_ms);
  CHECK(after.seq == before.seq + 2);
  CHECK(fold(left.path).was_left());
  CHECK(left.verdict().kind == Verdict::Kind::consistent);
}

TEST_CASE("scrubbed once more, for another value: what stands there now is found by the first digest") {
  const Leak leak;
  leak.scrub();
  CHECK(leak.scrub("token=").blobs == 1);
  CHECK(leak.blob(leak.plain) == "[scrubbed][scrubbed]\n");
  const Verdict verdict = leak.verdict();
  CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
  CHECK(verdict.scrubbed.size() == 2);
}

TEST_CASE("where nothing holds the value nothing is recorded, and the file is cleaned all the same") {
  const Leak leak;
  leak.scrub();
  const RunRow before = leak.row();
  const ScrubResult again = leak.scrub();
  CHECK(again.event == 0);
  CHECK(again.unclean.empty());
  CHECK(leak.row().hash == before.hash);
}

TEST_CASE("an event that holds the value is named without it, and all else is done") {
  const Leak leak;
  {
    Drive drive(leak.path);
    drive.journal->append(fact(event::handed_off, "", object({{"who", "ana"}, {"note", "mind " + secret}})));
    drive.journal->append(fact(event::skipped, "copy[" + secret + "]"));
    drive.journal->commit();
  }
  const ScrubResult result = leak.scrub();
  CHECK(result.events == std::vector<std::string>{"event 9, handed_off", "event 10, skipped of step `copy[[scrubbed]]`"});
  CHECK(result.blobs == 3);
  CHECK(leak.holds(secret));
  CHECK(leak.blob(leak.plain) == "token=[scrubbed]\n");
}

TEST_CASE("what can't be looked for is refused, and so is a reason that holds the value") {
  CHECK(why_not_scrubbed("").find("fewer than 6") != std::string::npos);
  CHECK(why_not_scrubbed("12345").find("fewer than 6") != std::string::npos);
  CHECK(why_not_scrubbed("\n\n\n\n\n\n") != "");
  CHECK(why_not_scrubbed("scrubbed").find("a part of [scrubbed]") != std::string::npos);
  CHECK(why_not_scrubbed(secret) == "");
  const Leak leak;
  const RunRow before = leak.row();
  CHECK(outcome_of([&] { leak.scrub(secret, "for it is " + secret); }).code == 2);
  CHECK(leak.row().hash == before.hash);
}

TEST_CASE("an answer that nobody has taken up goes, for a mask is no answer, and its question can be answered anew") {
  const Leak leak;
  {
    Drive drive(leak.path);
    for (const char* question : {"q2", "q3"})
      drive.journal->append(
          fact(event::asked, "sign", object({{"question", question}, {"about", "manual"}, {"text", "Sign it"}})));
    drive.journal->commit();
    drive.file.add_answer(example_run, {"q2", "done", "ana", "", 1, object({{"name", secret}})});
    drive.file.add_answer(example_run, {"q3", "done", "ana", "for " + secret, 1, object({{"name", "x"}})});
  }
  const ScrubResult result = leak.scrub();
  CHECK(result.answers == 3);
  CHECK(result.reopened == std::vector<std::string>{"sign"});
  CHECK_FALSE(leak.holds(secret));
  CHECK(JournalFile(leak.path, OpenMode::read).answers(example_run).size() == 2);
  JournalFile file(leak.path, OpenMode::write);
  CHECK(file.add_answer(example_run, {"q2", "done", "ana", "", 2, object({{"name", "another"}})}));
  CHECK_FALSE(file.add_answer(example_run, {"q3", "done", "ana", "", 2, {}}));
  CHECK(leak.try_sql("DELETE FROM answers WHERE question = 'q3'").code == 0);
  Drive(leak.path).step("later");
  CHECK(leak.try_sql("DELETE FROM answers").says("and scrubbed ones"));
}

TEST_CASE("a document stays one, also where a number or a key is the secret") {
  const Leak leak;
  std::string number;
  {
    Drive drive(leak.path);
    number = Leak::output(drive, "number", R"({"pin": 12345678, "other": 5, "12345678": true})");
  }
  leak.scrub("12345678");
  const auto value = try_parse_json(leak.blob(number));
  REQUIRE(value);
  CHECK(value->text_or("pin", "") == "[scrubbed]");
  CHECK(value->int_or("other", 0) == 5);
  CHECK(value->bool_or("[scrubbed]", false));
}

// Where SQLite is built without SECURE_DELETE, a page that is split keeps the bytes that moved to another one.
TEST_CASE("what lies in the slack of pages is gone too") {
  const Leak leak(End::paused, memory_folder());
  {
    Drive drive(leak.path);
    drive.file.db().database->execute("PRAGMA secure_delete=OFF");
    for (std::size_t n = 0; n < 400; ++n) {
      drive.journal->put(std::string(1 + n * 37 % 700, 'x') + (n < 40 ? secret : ""));
      if (n % 10 == 9) drive.journal->append(fact(event::verifying, "copy"));
      if (n % 10 == 9) drive.journal->commit();
    }
  }
  CHECK(leak.scrub().blobs == 43);
  CHECK_FALSE(leak.holds(secret));
}

TEST_CASE("files in the run's folder are overwritten in their place") {
  const Leak leak;
  const fs::path run = leak.path.string() + ".d/" + example_run;
  write_text(run / "7.spool", "head" + std::string(3, '\0') + secret + "\ntail");
  fs::create_directory(run / "deeper");
  write_text(run / "deeper/note", base64(secret));
  const ScrubResult result = leak.scrub();
  CHECK(result.files.size() == 2);
  CHECK(text_of(run / "7.spool") == "head" + std::string(3, '\0') + std::string(secret.size(), '*') + "\ntail");
  CHECK_FALSE(leak.holds(secret));
  CHECK_FALSE(leak.holds(base64(secret)));
}

TEST_CASE("killed at any statement of a scrub: all of it stands in the journal or nothing, and the same again finishes it") {
  const Leak leak(End::paused, memory_folder());
  const TestFolder kept(memory_folder());
  fs::copy(leak.folder.path(), kept.path(), fs::copy_options::recursive);
  int whole = 0, nothing = 0;
  for (int n = 1;; ++n) {
    fs::remove_all(leak.path.string() + "-wal");
    fs::remove_all(leak.path.string() + "-shm");
    fs::copy(kept.path(), leak.folder.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    Child child([&] {
      JournalFile file(leak.path, OpenMode::write);
      die_at_statement(file, n);
      Leak::scrub_in(file);
      return 0;
    });
    if (child.wait() == 0) break;
    const Verdict verdict = leak.verdict();
    REQUIRE_MESSAGE(verdict.kind == Verdict::Kind::consistent, n << ": " << verdict.why);
    const bool is_scrubbed = !verdict.scrubbed.empty();
    REQUIRE((leak.blob(leak.plain) == "token=[scrubbed]\n") == is_scrubbed);
    REQUIRE((leak.blob(leak.encoded).find("[scrubbed]") != std::string::npos) == is_scrubbed);
    REQUIRE((JournalFile(leak.path, OpenMode::read).answers(example_run)[0].because == "it was [scrubbed]") == is_scrubbed);
    REQUIRE((is_scrubbed || leak.row().seq == 7));
    is_scrubbed ? ++whole : ++nothing;
    leak.scrub();
    REQUIRE_FALSE(leak.holds(secret));
    REQUIRE(leak.verdict().scrubbed.size() == 1);
  }
  CHECK(whole > 0);
  CHECK(nothing > 10);
}

TEST_CASE("a reader that holds its view keeps the -wal; it is said, and the same again finishes it") {
  const Leak leak;
  JournalFile reader(leak.path, OpenMode::read);
  ScrubResult result;
  {
    const Transaction view(*reader.db().database, Transaction::Kind::read);
    CHECK(reader.run(example_run));
    result = leak.scrub();
  }
  CHECK(result.event != 0);
  CHECK(result.unclean.find("-wal in use") != std::string::npos);
  CHECK(leak.scrub().unclean.empty());
  CHECK_FALSE(leak.holds(secret));
}

TEST_CASE(
    "verify finds a row of `scrubbed` that no event tells of, a replacement that is gone or changed, and a blob that went in "
    "secret") {
  const auto broken = [](const std::string& sql, const std::string& said) {
    const Leak leak;
    leak.scrub();
    leak.forge(sql);
    const Verdict verdict = leak.verdict();
    CHECK_MESSAGE(verdict.kind == Verdict::Kind::broken, sql);
    CHECK_MESSAGE(says(verdict, said), verdict.why);
  };
  const std::string one = "(SELECT min(digest) FROM scrubbed)",
                    its = "(SELECT replacement FROM scrubbed WHERE digest = " + one + ")";
  broken("INSERT INTO scrubbed SELECT 'ab', run, seq, replacement FROM scrubbed LIMIT 1", "of which no event tells");
  broken("UPDATE scrubbed SET seq = 3 WHERE digest = " + one, "of which no event tells");
  broken("UPDATE scrubbed SET replacement = 'cd' WHERE digest = " + one, "of which no event tells");
  broken("DELETE FROM scrubbed WHERE digest = " + one, "the table `scrubbed` does not know");
  broken("UPDATE scrubbed SET run = 'x' WHERE digest = " + one, "the table `scrubbed` does not know");
  broken("DELETE FROM blobs WHERE digest = " + its, "is missing");
  broken("UPDATE blobs SET bytes = 'x' WHERE digest = " + its, "was changed");
  broken("DELETE FROM blobs WHERE digest NOT IN (SELECT replacement FROM scrubbed)", "is missing");
  broken("INSERT INTO blobs SELECT " + one + ", run, salt, bytes FROM blobs LIMIT 1", "was scrubbed, and is there");
}

TEST_CASE("the triggers let exactly what is scrubbed go") {
  const Leak leak;
  const std::string all = "DELETE FROM blobs";
  CHECK(leak.try_sql(all).says("only blobs of pruned runs, and scrubbed ones"));
  CHECK(leak.try_sql("INSERT INTO scrubbed SELECT digest, run, 3, digest FROM blobs LIMIT 1").says("as an event tells"));
  CHECK(leak.try_sql("UPDATE answers SET because = ''").says("answers are not updated"));
  leak.scrub();
  CHECK(leak.try_sql(all).code == 6);
  CHECK(leak.try_sql("UPDATE scrubbed SET seq = seq").says("stays scrubbed"));
  CHECK(leak.try_sql("DELETE FROM scrubbed").says("stays scrubbed"));
  CHECK(leak.try_sql("INSERT INTO blobs SELECT digest, run, 'x', 'y' FROM scrubbed LIMIT 1").says("blobs are not replaced"));
  CHECK(leak.try_sql("UPDATE answers SET at_ms = 5").says("answers are not updated"));
  Drive(leak.path).step("later");
  CHECK(leak.try_sql("UPDATE answers SET because = ''").says("answers are not updated"));
}

TEST_CASE("forged replacements in a circle are an error, not an endless search") {
  const Leak leak;
  leak.scrub();
  leak.forge("INSERT INTO scrubbed SELECT replacement, run, seq, digest FROM scrubbed");
  leak.forge("DELETE FROM blobs");
  CHECK(outcome_of([&] { leak.blob(leak.plain); }).says("is missing"));
}

TEST_CASE("a journal of schema 2 is read as it is, and opened for writing it has the newest schema and all that it had") {
  const TestFolder folder;
  const fs::path path = folder / "journal.db", old = folder / "old.db";
  std::vector<StoredEvent> before;
  {
    Drive drive(path);
    drive.step("copy");
    drive.file.add_answer(example_run, {"q1", "done", "ana", "seen", 1, {}});
    write_text(old, "");
    Database database(old, Database::Access::ordinary);
    database.execute(schema_2);
    database.execute("PRAGMA application_id = 1919836779; PRAGMA user_version = 2; ATTACH '" + path.string() + "' AS new");
    for (const std::string table : {"runs", "blobs", "answers", "register"})
      database.execute("INSERT INTO main." + table + " SELECT * FROM new." + table);
    database.execute("INSERT INTO main.events(id, epoch, text, hash) SELECT id, epoch, text, hash FROM new.events");
    database.execute("INSERT INTO pruned VALUES('20260101-0000-aaaa', 7)");
  }
  before = stored_events(path);
  const std::string bytes = text_of(old);
  {
    const JournalFile reader(old, OpenMode::read);
    CHECK(verify_run(reader, example_run).kind == Verdict::Kind::consistent);
    CHECK(outcome_of([&] { reader.blob(std::string(64, 'a')); }).says("is missing"));
    CHECK(outcome_of([&] { reader.find_run("20260101-0000-aaaa"); }).says("was pruned at 1970-01-01T00:00:00Z"));
  }
  CHECK(text_of(old) == bytes);
  { JournalFile(old, OpenMode::write); }
  {
    Database database(old, Database::Access::ordinary);
    CHECK(schema_version_of(database) == 3);
    CHECK(schema_difference(database) == "");
    CHECK(database.integer("SELECT at_ms FROM pruned") == 7);
  }
  const auto after = stored_events(old);
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].hash == before[i].hash);
  CHECK(verify_run(JournalFile(old, OpenMode::read), example_run).kind == Verdict::Kind::consistent);
  CHECK(JournalFile(old, OpenMode::read).answers(example_run).size() == 1);
}

TEST_CASE("a run that another process drives is not scrubbed") {
  const Leak leak;
  Pipe ready;
  Child driver([&] {
    const Drive drive(leak.path);
    ready.tell('r');
    pause();
    return 0;
  });
  CHECK(ready.hear() == 'r');
  CHECK(outcome_of([&] { leak.scrub(); }).code == 5);
  CHECK(leak.holds(secret));
}

TEST_CASE("other runs that hold the value are named") {
  const Leak leak;
  {
    Drive drive(leak.path, other_run);
    drive.journal->put(secret);
    drive.journal->commit();
  }
  CHECK(other_runs_that_hold(JournalFile(leak.path, OpenMode::read), example_run, secret) == std::vector{other_run});
  leak.scrub();
  CHECK(JournalFile(leak.path, OpenMode::read).run(other_run));
}
