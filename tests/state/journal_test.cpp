#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "state/sqlite.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

Answer answer(const std::string& question, const std::string& choice) {
  return {question, choice, "ana", "the certificate is there", 1'795'000'000'000, object({{"ticket", "OPS-1"}})};
}

}  // namespace

TEST_CASE("a committed event survives kill -9, an uncommitted one does not") {
  const TestFolder folder;
  Child engine([&] {
    Drive drive(folder / "journal.db");
    drive.journal->append(fact(event::intent, "copy"));
    drive.journal->commit();
    drive.journal->append(fact(event::ended, "copy"));
    kill(getpid(), SIGKILL);
    return 0;
  });
  CHECK(engine.wait() == -SIGKILL);
  const JournalFile file(folder / "journal.db", OpenMode::read);
  const auto events = events_of(file);
  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == "run_began");
  CHECK(events[1].kind == "intent");
  CHECK(file.run(example_run)->seq == 2);
  CHECK(verify_run(file, example_run).kind == Verdict::Kind::consistent);
}

TEST_CASE("whatever was acknowledged is there after kill -9 at any moment") {
  const TestFolder folder;
  for (int round = 0; round < 20; ++round) {
    Pipe acknowledged;
    Child engine([&] {
      Drive drive(folder / "journal.db");
      for (int n = 0;; ++n) {
        drive.step("step" + std::to_string(n));
        acknowledged.tell_number(drive.journal->seq());
      }
      return 0;
    });
    std::int64_t last = 0;
    REQUIRE(acknowledged.hear_number(last));
    std::this_thread::sleep_for(std::chrono::microseconds(700 * round));
    engine.kill_now();
    engine.wait();
    acknowledged.close_writing();
    while (acknowledged.hear_number(last)) {
    }
    const JournalFile file(folder / "journal.db", OpenMode::read);
    CHECK(file.run(example_run)->seq >= last);
    const Verdict verdict = verify_run(file, example_run);
    CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
  }
}

TEST_CASE("a kill during the first creation leaves nothing that can't be used") {
  const TestFolder folder;
  for (int round = 0; round < 25; ++round) {
    const fs::path path = folder / std::to_string(round) / "journal.db";
    Pipe started;
    Child engine([&] {
      started.tell('!');
      JournalFile file(path, OpenMode::write);
      return 0;
    });
    started.hear();
    std::this_thread::sleep_for(std::chrono::microseconds(200 * round));
    engine.kill_now();
    engine.wait();
    const auto outcome = outcome_of([&] {
      Drive drive(path);
      drive.step("copy");
      CHECK(verify_run(drive.file, example_run).kind == Verdict::Kind::consistent);
    });
    CHECK_MESSAGE(outcome.code == 0, outcome.what);
  }
}

TEST_CASE("what was appended comes back as it was written") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  const std::string digest =
      drive.journal->put(std::string("line\n\0\xff"
                                     "end",
                                     10));
  CHECK(drive.journal->blob(digest).size() == 10);
  Event event =
      fact(event::ended, "cluster/apply[eu-1]", object({{"output", blob_reference(digest, 10)}, {"why", "Größe \"x\"\n"}}));
  event.attempt = 7;
  CHECK(drive.journal->append(event).seq == 2);
  CHECK(drive.journal->has_uncommitted());
  CHECK(drive.journal->seq() == 1);
  drive.journal->commit();
  CHECK_FALSE(drive.journal->has_uncommitted());
  CHECK(drive.journal->seq() == 2);
  drive.journal->commit();
  const auto events = events_of(drive.file);
  REQUIRE(events.size() == 2);
  CHECK(events[1].instance == event.instance);
  CHECK(events[1].attempt == 7);
  CHECK(events[1].at_ms == event.at_ms);
  CHECK(events[1].body == event.body);
  CHECK(drive.file.blob(blob_digest(events[1].body.get("output"))) == drive.journal->blob(digest));
  CHECK(drive.file.run(example_run)->hash == drive.journal->hash());
}

TEST_CASE("the same bytes twice are two blobs, so that nobody can guess at them") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  CHECK(drive.journal->put("yes") != drive.journal->put("yes"));
}

TEST_CASE("a map that only looks like a blob's reference names no blob") {
  CHECK(blob_digest(object({{"blob", "x"}, {"size", 1}})).empty());
  CHECK(blob_digest(object({{"blob", std::string(64, 'a')}})).empty());
  CHECK(blob_digest(Value("text")).empty());
  CHECK(blob_digest(blob_reference(std::string(64, 'a'), 3)) == std::string(64, 'a'));
}

TEST_CASE("the table of runs tells what the events come to") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  CHECK(drive.file.run(example_run)->title == "Move the gateway");
  CHECK(drive.file.run(example_run)->state == "running");
  drive.journal->append(fact(event::paused, "", object({{"state", "failed"}})));
  drive.journal->commit();
  CHECK(drive.file.run(example_run)->state == "failed");
  CHECK(drive.file.run(example_run)->ended_at_ms == 0);
  drive.journal->append(fact(event::left, "", object({{"state", "cancelled"}})));
  drive.journal->commit();
  CHECK(drive.file.run(example_run)->state == "cancelled");
  CHECK(drive.file.run(example_run)->ended_at_ms == 1'795'000'000'000);
}

TEST_CASE("history refuses UPDATE, DELETE and REPLACE") {
  const TestFolder folder;
  {
    Drive drive(folder / "journal.db");
    drive.step("copy");
    drive.file.add_answer(example_run, answer("q1", "yes"));
  }
  Database database(folder / "journal.db", Database::Access::ordinary);
  for (const char* sql :
       {"UPDATE events SET text = '{}'", "DELETE FROM events",
        "INSERT OR REPLACE INTO events(id, epoch, text, hash) SELECT id, epoch, '{}', hash FROM events",
        "INSERT INTO events(id, epoch, text, hash) SELECT id + 10, epoch, text, hash FROM events",
        "INSERT INTO events(id, epoch, text, hash) VALUES(2 << 32 | 1, 1, '{}', x'00')",
        "INSERT INTO events(epoch, text, hash) SELECT epoch, text, hash FROM events", "UPDATE blobs SET bytes = 'x'",
        "DELETE FROM blobs", "REPLACE INTO blobs SELECT digest, run, salt, 'x' FROM blobs", "UPDATE answers SET choice = 'no'",
        "DELETE FROM answers", "REPLACE INTO answers SELECT run, question, 'no', who, because, at_ms, fields FROM answers",
        "UPDATE register SET run = 'x'", "DELETE FROM register",
        "REPLACE INTO register SELECT n, 'x', kind, run_seq, run_hash, at_ms, hash FROM register"}) {
    const auto refused = outcome_of([&] { database.execute(sql); });
    CHECK_MESSAGE(refused.code == 6, sql);
  }
  CHECK(verify_run(JournalFile(folder / "journal.db", OpenMode::read), example_run).kind == Verdict::Kind::consistent);
}

TEST_CASE("rows of a pruned run can be deleted") {
  const TestFolder folder;
  { Drive(folder / "journal.db").step("copy"); }
  Database database(folder / "journal.db", Database::Access::ordinary);
  database.execute("INSERT INTO pruned(run, at_ms) VALUES('" + example_run + "', 1); DELETE FROM events; DELETE FROM blobs");
  CHECK(database.integer("SELECT count(*) FROM events") == 0);
}

TEST_CASE("a stale engine can't commit, and is told so each time") {
  const TestFolder folder;
  JournalFile first_file(folder / "journal.db", OpenMode::write);
  std::unique_ptr<Journal> stale;
  {
    const Lease lease = Lease::take(first_file.run_folder(example_run), Lease::Mode::polite);
    stale = begin_run(first_file, lease, example_run);
    stale->append(began());
    stale->commit();
  }
  Drive second(folder / "journal.db");
  CHECK(second.journal->epoch() == 2);
  stale->append(fact(event::intent, "copy"));
  const auto refused = outcome_of([&] { stale->commit(); });
  CHECK(refused.code == 5);
  CHECK(refused.says("another engine has taken over run " + example_run));
  CHECK(outcome_of([&] { stale->commit(); }).code == 5);
  second.step("copy");
  CHECK(events_of(second.file).size() == 4);
  CHECK(verify_run(second.file, example_run).kind == Verdict::Kind::consistent);
}

TEST_CASE("a commit that failed is not repeated, also when the disk has room again") {
  const TestFolder folder;
  Child engine([&] {
    signal(SIGXFSZ, SIG_IGN);
    Drive drive(folder / "journal.db");
    drive.step("copy");
    const rlim_t full = fs::file_size(folder / "journal.db-wal") + 5000;
    rlimit limit{full, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string digest = drive.journal->put(std::string(1'000'000, 'x'));
    drive.journal->append(fact(event::intent, "move", object({{"request", blob_reference(digest, 1'000'000)}})));
    const auto failed = outcome_of([&] { drive.journal->commit(); });
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto refused = outcome_of([&] { drive.journal->commit(); });
    const bool is_refused = refused.code == 6 && refused.says("nothing more is recorded after a failure");
    return failed.code == 6 && is_refused && drive.journal->seq() == 3 ? 0 : 1;
  });
  CHECK(engine.wait() == 0);
  Drive drive(folder / "journal.db");
  CHECK(drive.journal->seq() == 4);
  const Verdict verdict = verify_run(drive.file, example_run);
  CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
}

TEST_CASE("a commit waits for another writer, as long as it takes") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  Pipe writing;
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    Database database(folder / "journal.db", Database::Access::ordinary);
    const Transaction transaction(database, Transaction::Kind::write);
    writing.tell('!');
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // time for the commit to find it at work
    is_over = true;
  });
  writing.hear();
  drive.step("copy");
  CHECK(is_over);
  other.join();
  CHECK(drive.journal->seq() == 3);
}

TEST_CASE("the first answer wins between two processes, 200 times") {
  const TestFolder folder;
  { Drive(folder / "journal.db").step("copy"); }
  constexpr int questions = 200;
  Pipe start, anas, bens;
  const auto answerer = [&](const std::string& choice, const Pipe& won) {
    start.close_writing();
    JournalFile file(folder / "journal.db", OpenMode::write);
    start.hear();
    for (int n = 0; n < questions; ++n) {
      won.tell(file.add_answer(example_run, answer("q" + std::to_string(n), choice)) ? '1' : '0');
    }
    return 0;
  };
  Child ana([&] { return answerer("ana", anas); });
  Child ben([&] { return answerer("ben", bens); });
  start.close_writing();
  CHECK(ana.wait() == 0);
  CHECK(ben.wait() == 0);
  anas.close_writing();
  bens.close_writing();
  const JournalFile file(folder / "journal.db", OpenMode::read);
  std::vector<std::string> winner(questions);
  for (const Answer& each : file.answers(example_run)) winner.at(std::stoul(each.question.substr(1))) = each.choice;
  for (int n = 0; n < questions; ++n) {
    const bool ana_won = anas.hear() == '1', ben_won = bens.hear() == '1';
    CHECK(ana_won != ben_won);
    CHECK(winner[static_cast<std::size_t>(n)] == (ana_won ? "ana" : "ben"));
  }
}

TEST_CASE("an answer to a run that was left is not stored") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  drive.step("copy");
  drive.journal->append(fact(event::left, "", object({{"state", "cancelled"}})));
  drive.journal->commit();
  CHECK_FALSE(drive.file.add_answer(example_run, answer("copy#1", "done")));
  CHECK(drive.file.answers(example_run).empty());
}

TEST_CASE("an answer reaches the driver as it was given") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  JournalFile other(folder / "journal.db", OpenMode::write);
  CHECK(other.add_answer(example_run, answer("copy#1", "done")));
  CHECK_FALSE(drive.file.add_answer(example_run, answer("copy#1", "retry")));
  const auto answers = drive.journal->answers();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].choice == "done");
  CHECK(answers[0].who == "ana");
  CHECK(answers[0].because == "the certificate is there");
  CHECK(answers[0].fields.text_or("ticket", "") == "OPS-1");
}

TEST_CASE("a reader sees what was committed while the driver writes on") {
  const TestFolder folder;
  Drive drive(folder / "journal.db");
  const JournalFile reader(folder / "journal.db", OpenMode::read);
  drive.step("copy");
  CHECK(events_of(reader).size() == 3);
  int seen = 0;
  reader.events(example_run, 0, [&](const Event&) {
    if (++seen == 1) drive.step("move");
  });
  CHECK(seen == 3);
  CHECK(events_of(reader).size() == 5);
}

TEST_CASE("two runs are driven side by side by two processes") {
  const TestFolder folder;
  { JournalFile(folder / "journal.db", OpenMode::write); }
  const auto engine = [&](const std::string& run) {
    Drive drive(folder / "journal.db", run);
    for (int n = 0; n < 100; ++n) drive.step("step" + std::to_string(n));
    return 0;
  };
  Child one([&] { return engine("R1"); });
  Child two([&] { return engine("R2"); });
  CHECK(one.wait() == 0);
  CHECK(two.wait() == 0);
  const JournalFile file(folder / "journal.db", OpenMode::read);
  for (const char* run : {"R1", "R2"}) {
    const Verdict verdict = verify_run(file, run);
    CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
    CHECK(verdict.events == 201);
    CHECK(verdict.blobs == 100);
  }
}

TEST_CASE("a journal that is deleted or replaced while it is driven takes no more commits") {
  const TestFolder folder;
  for (const char* gone : {"journal.db", "journal.db-wal"}) {
    Drive drive(folder / gone / "journal.db");
    drive.step("copy");
    fs::remove(folder / gone / gone);
    const auto refused = outcome_of([&] { drive.step("move"); });
    CHECK(refused.code == 6);
    CHECK(refused.says("was moved, replaced or deleted while it was in use"));
    CHECK(outcome_of([&] { drive.step("move"); }).says("nothing more is recorded after a failure"));
  }
}
