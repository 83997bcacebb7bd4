// The journal on a disk that fails at every single operation, and on one that loses what was not synced.
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "state/sqlite.h"
#include "tests/state/faulty_disk.h"
#include "tests/state/world.h"
#include "tests/support/seed.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

using Operation = FaultyDisk::Operation;
using Lasting = FaultyDisk::Lasting;
using Kept = FaultyDisk::Kept;

// Every n, or in the daily run every seventh and all of the first.
int stride_after(int n) { return std::getenv("RUNBOOK_EXHAUST") != nullptr || n < 12 ? 1 : 7; }

// What the driver was told: that is what must be found again.
struct Told {
  std::vector<Event> acknowledged, refused;
  std::vector<std::string> answers;
  int runs_on = 0;  // commits that were accepted after one that failed
  Outcome failure;
};

// One engine's life on that run.
class Engine {
 public:
  Engine(const fs::path& path, Told& told) : told_(told), file_(path, OpenMode::write), lease_(take()) {
    if (file_.run(example_run)) {
      journal_ = drive_run(file_, lease_, example_run, fact(event::driven, "", object({{"how", "resume"}})));
      told_.acknowledged.push_back(events_of(file_).back());
    } else {
      journal_ = begin_run(file_, lease_, example_run);
      append(began());
      commit();
    }
  }

  void step(const std::string& name, std::size_t output_size) {
    append(fact(event::intent, name, object({{"effect", "once"}})));
    commit();
    const std::string digest = journal_->put(std::string(output_size, 'x'));
    append(fact(event::ended, name, object({{"result", "succeeded"}, {"output", blob_reference(digest, output_size)}})));
    commit();
  }
  void answer(const std::string& question) {
    if (journal_->add_answer({question, "done", "ana", "seen", 1, {}})) told_.answers.push_back(question);
  }
  void leave() {
    append(fact(event::left, "", object({{"state", "succeeded"}})));
    commit();
  }

 private:
  Lease take() { return Lease::take(file_.run_folder(example_run), Lease::Mode::polite); }
  void append(Event event) { pending_.push_back(journal_->append(std::move(event))); }
  void commit() {
    try {
      journal_->commit();
    } catch (const Error&) {
      told_.refused = pending_;
      for (int again = 0; again < 3; ++again) {
        told_.runs_on += outcome_of([&] { journal_->commit(); }).says("nothing more is recorded after a failure") ? 0 : 1;
      }
      throw;
    }
    told_.acknowledged.insert(told_.acknowledged.end(), pending_.begin(), pending_.end());
    pending_.clear();
  }

  Told& told_;
  JournalFile file_;
  Lease lease_;
  std::unique_ptr<Journal> journal_;
  std::vector<Event> pending_;
};

// Begin, work, be driven by a second engine, with the -wal written back in the middle, and leave.
void live(const fs::path& path, Told& told) {
  told.failure = outcome_of([&] {
    {
      Engine first(path, told);
      for (int n = 0; n < 8; ++n) first.step("first" + std::to_string(n), n == 3 ? 30'000 : 200);
      first.answer("q1");
      outcome_of([&] { Database(path, Database::Access::ordinary).execute("PRAGMA wal_checkpoint(RESTART)"); });
      for (int n = 0; n < 3; ++n) first.step("later" + std::to_string(n), 5'000);
    }
    Engine second(path, told);
    for (int n = 0; n < 4; ++n) second.step("second" + std::to_string(n), 200);
    second.answer("q2");
    second.leave();
  });
}

bool is_same(const Event& one, const Event& other) {
  return one.seq == other.seq && one.kind == other.kind && one.instance == other.instance;
}

// All that was acknowledged is there and in its place, nothing stands there twice, and another engine can go on.
void require_kept(const fs::path& path, const Told& told) {
  const auto reopened = outcome_of([&] {
    const Drive drive(path);
    const Verdict verdict = verify_run(drive.file, example_run);
    CHECK_MESSAGE(verdict.kind == Verdict::Kind::consistent, verdict.why);
    const auto events = events_of(drive.file);
    REQUIRE(events.size() >= told.acknowledged.size());
    CHECK(std::equal(told.acknowledged.begin(), told.acknowledged.end(), events.begin(), is_same));
    for (const Event& refused : told.refused) {
      const auto same = [&](const Event& each) { return each.kind == refused.kind && each.instance == refused.instance; };
      CHECK(std::count_if(events.begin(), events.end(), same) <= 1);
    }
    for (const std::string& question : told.answers) {
      const auto answers = drive.file.answers(example_run);
      CHECK(std::count_if(answers.begin(), answers.end(), [&](const Answer& each) { return each.question == question; }) == 1);
    }
  });
  CHECK_MESSAGE(reopened.code == 0, reopened.what);
}

void require_told_well(const Told& told, const fs::path& path) {
  CHECK(told.runs_on == 0);
  if (told.failure.code == 0) return;
  CHECK(told.failure.code == 6);
  CHECK_MESSAGE(told.failure.what.find(path.string()) != std::string::npos, told.failure.what);
  CHECK_MESSAGE(!told.failure.hint.empty(), told.failure.what);
}

// Returns the number of points.
int fail_at_every(Operation operation, int code, Lasting lasting) {
  int hits = 0;
  for (int n = 1;; n += stride_after(n)) {
    const TestFolder folder(memory_folder());
    Told told;
    FaultyDisk disk;
    disk.plan({operation, n, code, lasting});
    live(folder / "journal.db", told);
    if (!disk.was_hit()) return hits;
    ++hits;
    disk.plan({});
    INFO("operation " << static_cast<int>(operation) << " number " << n << ", code " << code
                      << ", told: " << told.failure.what);
    require_told_well(told, folder / "journal.db");
    require_kept(folder / "journal.db", told);
  }
}

}  // namespace

TEST_CASE("a write, sync, open or truncation that fails stops the driver, and what was acknowledged stays") {
  for (const Lasting lasting : {Lasting::once, Lasting::for_good}) {
    CHECK(fail_at_every(Operation::write, SQLITE_FULL, lasting) > 40);
    CHECK(fail_at_every(Operation::write, SQLITE_IOERR_WRITE, lasting) > 40);
    CHECK(fail_at_every(Operation::sync, SQLITE_IOERR_FSYNC, lasting) > 14);
    CHECK(fail_at_every(Operation::open, SQLITE_CANTOPEN, lasting) >= 4);
    CHECK(fail_at_every(Operation::open, SQLITE_IOERR, lasting) >= 4);
    CHECK(fail_at_every(Operation::truncate, SQLITE_IOERR_TRUNCATE, lasting) >= 1);
    CHECK(fail_at_every(Operation::remove, SQLITE_IOERR_DELETE, lasting) >= 1);
    CHECK(fail_at_every(Operation::share, SQLITE_IOERR_SHMMAP, lasting) >= 2);
  }
}

namespace {

// The journal as it is found when the power is back; the head beside it was never synced.
fs::path after_the_cut(const FaultyDisk& disk, const TestFolder& folder, Kept kept, std::mt19937_64& random, int n) {
  fs::path found = folder / ("found" + std::to_string(n));
  fs::create_directories(found);
  if (fs::exists(folder / "lived/journal.db")) write_text(found / "journal.db", "");
  disk.write_images(folder / "lived", found, kept, random);
  if (fs::exists(folder / "lived/journal.db.d") && kept != Kept::nothing)
    fs::copy(folder / "lived/journal.db.d", found / "journal.db.d", fs::copy_options::recursive);
  return found / "journal.db";
}

int cut_at_every(Operation operation, std::uint64_t number) {
  std::mt19937_64 random(number);
  int hits = 0;
  for (int n = 1;; n += stride_after(n)) {
    const TestFolder folder(memory_folder());
    Told told;
    std::vector<fs::path> found;
    {
      FaultyDisk disk;
      disk.plan({operation, n, SQLITE_IOERR, Lasting::power_cut});
      live(folder / "lived/journal.db", told);
      if (!disk.was_hit()) return hits;
      for (const Kept kept : {Kept::nothing, Kept::everything, Kept::some, Kept::some, Kept::some})
        found.push_back(after_the_cut(disk, folder, kept, random, static_cast<int>(found.size())));
    }
    ++hits;
    for (const fs::path& path : found) {
      INFO("operation " << static_cast<int>(operation) << " number " << n << " in " << path.parent_path().filename().string());
      require_kept(path, told);
    }
  }
}

}  // namespace

TEST_CASE("a power cut at any operation loses nothing that was acknowledged") {
  const std::uint64_t number = seed();
  INFO("RUNBOOK_TEST_SEED=" << number);
  CHECK(cut_at_every(Operation::write, number) > 40);
  CHECK(cut_at_every(Operation::sync, number) > 14);
  CHECK(cut_at_every(Operation::open, number) >= 4);
  CHECK(cut_at_every(Operation::truncate, number) >= 1);
  CHECK(cut_at_every(Operation::remove, number) >= 1);
}

// A disk that says it has written what it has not: only the head tells.
TEST_CASE("on a disk that lies about its syncs what is lost is named, and nothing goes on from before it") {
  std::mt19937_64 random(1);
  for (int n = 1;; ++n) {
    const TestFolder folder(memory_folder());
    Told told;
    fs::path path;
    {
      FaultyDisk disk;
      disk.plan({Operation::sync, n, SQLITE_OK, Lasting::lie});
      live(folder / "lived/journal.db", told);
      if (!disk.was_hit()) break;
      REQUIRE(told.failure.code == 0);
      path = after_the_cut(disk, folder, Kept::nothing, random, 0);
    }
    fs::copy(folder / "lived/journal.db.d", path.string() + ".d", fs::copy_options::recursive);
    INFO("from sync " << n);
    const auto refused = outcome_of([&] { Drive drive(path); });
    if (refused.code == 0) {
      require_kept(path, told);
      continue;
    }
    CHECK(refused.code == 6);
    CHECK_MESSAGE((refused.says("lost") || refused.says("lacks run")), refused.what);
    CHECK_FALSE(refused.hint.empty());
    const auto resumed = outcome_of([&] { JournalFile(path, OpenMode::write).find_run("last"); });
    CHECK_MESSAGE((resumed.code == 0 || resumed.says("was lost") || resumed.says("no runs")), resumed.what);
  }
}
