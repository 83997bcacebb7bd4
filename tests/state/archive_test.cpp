// An archive is the run, byte for byte, in a journal that nobody drives; pruned is only what stands in one.
#include "state/archive.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "state/journal_file.h"
#include "state/prune.h"
#include "state/scrub.h"
#include "state/sqlite.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string other_run = "20261121-0007-b4ab";

// Two runs: the first was left, the other was not.
struct Records {
  explicit Records(const fs::path& parent = fs::temp_directory_path()) : folder(parent) {
    {
      Drive drive(path);
      drive.step("copy");
      drive.file.add_answer(example_run, {"q1", "done", "ana", "seen", 1, {}});
      drive.journal->append(fact(event::left, "", object({{"state", "succeeded"}})));
      drive.journal->commit();
    }
    Drive(path, other_run).step("move");
  }
  RunRow row(const std::string& run = example_run) const { return *JournalFile(path, OpenMode::read).run(run); }
  std::string export_to(const fs::path& out, const std::string& run = example_run) const {
    const JournalFile file(path, OpenMode::read);
    return export_run(file, *file.run(run), {out, "here", 5});
  }
  void prune(const fs::path& to) const {
    JournalFile file(path, OpenMode::write);
    prune_in(file, to);
    finish_pruning(file);
  }
  static void prune_in(JournalFile& file, const fs::path& to) {
    const auto row = file.run(example_run);
    if (!row) return;
    const Lease lease = Lease::take(file.run_folder(example_run), Lease::Mode::polite);
    prune_run(file, lease, *row, {to, "ana", "", "here", 1'795'000'000'000});
  }
  bool has_run(const std::string& run = example_run) const { return JournalFile(path, OpenMode::read).run(run).has_value(); }
  Verdict verdict(const std::string& run) const { return verify_run(JournalFile(path, OpenMode::read), run); }

  TestFolder folder;
  fs::path path = folder / "journal.db";
  fs::path archives = folder / "archives";
};

std::vector<StoredEvent> stored_events(const fs::path& path) {
  std::vector<StoredEvent> found;
  JournalFile(path, OpenMode::read).stored_events(example_run, [&](const StoredEvent& event) { found.push_back(event); });
  return found;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

int statements_left = 0;
int count_down(unsigned, void*, void*, void*) {
  if (--statements_left == 0) raise(SIGKILL);
  return 0;
}

}  // namespace

TEST_CASE("an archive holds the run byte for byte in one file of its own, for its owner alone") {
  const Records records;
  const fs::path out = records.folder / "one.db";
  CHECK(records.export_to(out) == records.row().hash);
  const auto from = stored_events(records.path), to = stored_events(out);
  REQUIRE(from.size() == to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    CHECK(to[i].text == from[i].text);
    CHECK(to[i].epoch == from[i].epoch);
    CHECK(to[i].hash == from[i].hash);
  }
  const JournalFile archive(out, OpenMode::read);
  CHECK(verify_run(archive, example_run, {}, records.row().hash).kind == Verdict::Kind::anchored);
  CHECK(archive.answers(example_run).size() == 1);
  CHECK(archive.runs().size() == 1);
  CHECK(archive.find_run("last").run == example_run);
  struct stat found {};
  REQUIRE(stat(out.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(names_in(records.folder.path()) ==
        std::vector<std::string>{"journal.db", "journal.db-shm", "journal.db-wal", "journal.db.d", "one.db"});
}

TEST_CASE("nothing is written to an archive, and nothing runs in it") {
  const Records records;
  const fs::path out = records.folder / "one.db";
  records.export_to(out, other_run);
  const std::string before = text_of(out);
  const auto refused = outcome_of([&] { Drive(out, other_run); });
  CHECK(refused.code == 6);
  CHECK(refused.says("is an archive: nothing runs in it"));
  CHECK(refused.says("journal.db on here"));
  CHECK(outcome_of([&] { JournalFile(out, OpenMode::write).add_answer(other_run, {}); }).code == 6);
  CHECK(text_of(out) == before);
  CHECK_FALSE(fs::exists(out.string() + ".d"));
}

TEST_CASE("an archive that goes on behind its end is broken") {
  const Records records;
  const fs::path out = records.folder / "one.db";
  records.export_to(out, other_run);
  {
    Database database(out, Database::Access::ordinary);
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    database.execute("DELETE FROM register WHERE kind = 'exported'");
  }
  Drive(out, other_run).step("again");
  {
    Database database(out, Database::Access::ordinary);
    append_to_register(database, {0, other_run, "exported", 3, std::string(32, 'x'), 5});
  }
  const Verdict verdict = verify_run(JournalFile(out, OpenMode::read), other_run);
  CHECK(verdict.kind == Verdict::Kind::broken);
  CHECK(verdict.why == "the archive was made with event 3, and does not end there");
}

TEST_CASE("an export takes no name that is taken, makes no folder, and takes no broken run; then nothing lies there") {
  const Records records;
  write_text(records.folder / "mine", "mine");
  CHECK(outcome_of([&] { records.export_to(records.folder / "mine"); }).says("is there already"));
  CHECK(text_of(records.folder / "mine") == "mine");
  CHECK(outcome_of([&] { records.export_to(records.folder / "none/one.db"); }).says("there is no folder"));
  {
    Database database(records.path, Database::Access::ordinary);
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    database.execute("DELETE FROM blobs");
  }
  const auto broken = outcome_of([&] { records.export_to(records.folder / "one.db"); });
  CHECK(broken.code == 6);
  CHECK(broken.says("is missing"));
  for (const std::string& name : names_in(records.folder.path())) CHECK_FALSE(name.starts_with("one.db"));
}

TEST_CASE("what was scrubbed is exported as it stands now, twice replaced too") {
  const Records records;
  for (const char* value : {"output of", "bed] copy"}) {
    JournalFile file(records.path, OpenMode::write);
    const Lease lease = Lease::take(file.run_folder(example_run), Lease::Mode::polite);
    scrub_run(file, lease, example_run, {value, "ana", "leaked", fact(event::driven, "", object({{"how", "command"}}))});
  }
  REQUIRE(records.verdict(example_run).scrubbed.size() == 2);
  records.export_to(records.folder / "one.db");
  const JournalFile archive(records.folder / "one.db", OpenMode::read);
  CHECK(verify_run(archive, example_run).scrubbed.size() == 2);
  std::string output;
  archive.events(example_run, 0, [&](const Event& event) {
    if (event.body.find("output")) output = archive.blob(blob_digest(event.body.get("output")));
  });
  CHECK(output == "[scrub[scrubbed]");
}

TEST_CASE("a pruned run is gone but for its archive and the knowledge of it; the others stand") {
  const Records records;
  const std::string hash = records.row().hash;
  records.prune(records.archives);
  CHECK_FALSE(records.has_run());
  CHECK_FALSE(fs::exists(records.path.string() + ".d/" + example_run));
  CHECK(verify_run(JournalFile(records.archives / (example_run + ".db"), OpenMode::read), example_run, {}, hash).kind ==
        Verdict::Kind::anchored);
  CHECK(records.verdict(other_run).kind == Verdict::Kind::consistent);
  const JournalFile file(records.path, OpenMode::read);
  CHECK(lost_runs(file).empty());
  CHECK(file.find_run("last").run == other_run);
  const auto gone = outcome_of([&] { file.find_run("20261120"); });
  CHECK(gone.code == 2);
  CHECK(gone.says("run " + example_run + " was pruned at 2026-11-18"));
  CHECK(gone.says("--journal " + (records.archives / example_run).string() + ".db"));
  CHECK(file.db().database->integer("SELECT count(*) FROM blobs WHERE run = '" + example_run + "'") == 0);
  CHECK(file.db().database->integer("SELECT count(*) FROM answers") == 0);
  CHECK(file.db().database->integer("SELECT count(*) FROM register WHERE kind = 'pruned' AND run_seq = 4") == 1);
  CHECK(file.db().database->integer("PRAGMA freelist_count") == 0);
  fs::remove_all(records.archives);
  CHECK(outcome_of([&] { file.find_run(example_run); }).says("is not there any more"));
}

TEST_CASE("the folder that a prune left behind when it was broken off is no lost run, and the next prune removes it") {
  const Records records;
  const fs::path run = records.path.string() + ".d/" + example_run;
  records.prune(records.archives);
  fs::create_directories(run);
  write_text(run / "log", "what ran\n");
  CHECK(lost_runs(JournalFile(records.path, OpenMode::read)).empty());
  JournalFile file(records.path, OpenMode::write);
  finish_pruning(file);
  CHECK_FALSE(fs::exists(run));
  CHECK(fs::exists(records.path.string() + ".d/" + other_run));
}

TEST_CASE("after a prune a new run begins, and the archive of one run is never taken for another's") {
  const Records records;
  fs::create_directories(records.archives);
  records.export_to(records.archives / (example_run + ".db"), other_run);
  const auto refused = outcome_of([&] { records.prune(records.archives); });
  CHECK(refused.code == 6);
  CHECK(refused.says("is no archive of run " + example_run));
  CHECK(records.has_run());
  fs::remove(records.archives / (example_run + ".db"));
  records.export_to(records.archives / (example_run + ".db"));
  records.prune(records.archives);
  CHECK_FALSE(records.has_run());
  Drive(records.path, "20261122-0000-cccc").step("new");
  CHECK(records.verdict("20261122-0000-cccc").kind == Verdict::Kind::consistent);
}

TEST_CASE("a run that went on meanwhile, or was never left, is not removed") {
  const Records records;
  JournalFile file(records.path, OpenMode::write);
  const Lease lease = Lease::take(file.run_folder(other_run), Lease::Mode::polite);
  CHECK(outcome_of([&] {
          prune_run(file, lease, records.row(other_run), {records.archives, "ana", "", "here", 5});
        }).code == 5);
  CHECK(records.has_run(other_run));
  CHECK_FALSE(fs::exists(records.archives));
}

TEST_CASE("killed at any statement of a prune: the run is in the journal or in its archive, and the next prune goes on") {
  const Records records(memory_folder());
  const TestFolder kept(memory_folder());
  const std::string hash = records.row().hash;
  fs::copy(records.folder.path(), kept.path(), fs::copy_options::recursive);
  int gone = 0, there = 0;
  for (int n = 1;; ++n) {
    for (const auto& entry : fs::directory_iterator(records.folder.path())) fs::remove_all(entry.path());
    fs::copy(kept.path(), records.folder.path(), fs::copy_options::recursive);
    Child child([&] {
      JournalFile file(records.path, OpenMode::write);
      statements_left = n;
      sqlite3_trace_v2(file.db().database->handle(), SQLITE_TRACE_STMT, count_down, nullptr);
      Records::prune_in(file, records.archives);
      finish_pruning(file);
      return 0;
    });
    if (child.wait() == 0) break;
    records.has_run() ? ++there : ++gone;
    if (records.has_run()) REQUIRE(records.verdict(example_run).kind == Verdict::Kind::consistent);
    REQUIRE(records.verdict(other_run).kind == Verdict::Kind::consistent);
    records.prune(records.archives);
    REQUIRE_FALSE(records.has_run());
    REQUIRE_FALSE(fs::exists(records.path.string() + ".d/" + example_run));
    REQUIRE(verify_run(JournalFile(records.archives / (example_run + ".db"), OpenMode::read), example_run, {}, hash).kind ==
            Verdict::Kind::anchored);
    REQUIRE(records.verdict(other_run).kind == Verdict::Kind::consistent);
  }
  CHECK(gone > 0);
  CHECK(there > 10);
}
