#include <sys/stat.h>

#include <algorithm>

#include "state/sqlite.h"
#include "state/storage.h"
#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

// Refusals that root does not meet are met as nobody.
int as_nobody(const fs::path& folder, const std::function<int()>& body) {
  if (geteuid() == 0) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) REQUIRE(lchown(entry.path().c_str(), 65534, 65534) == 0);
    REQUIRE(chown(folder.c_str(), 65534, 65534) == 0);
  }
  return Child([&] { return geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0) ? 98 : body(); }).wait();
}

}  // namespace

TEST_CASE("a reader changes nothing, also after a crash left a -wal") {
  const TestFolder folder;
  Child([&] {
    Drive drive(folder / "journal.db");
    drive.step("copy");
    kill(getpid(), SIGKILL);
    return 0;
  }).wait();
  const std::string before = text_of(folder / "journal.db"), wal = text_of(folder / "journal.db-wal");
  REQUIRE_FALSE(wal.empty());
  { CHECK(events_of(JournalFile(folder / "journal.db", OpenMode::read)).size() == 3); }
  CHECK(text_of(folder / "journal.db") == before);
  CHECK(text_of(folder / "journal.db-wal") == wal);
  JournalFile reader(folder / "journal.db", OpenMode::read);
  CHECK(outcome_of([&] { reader.add_answer(example_run, {"q", "yes", "ana", "", 1, {}}); }).code == 6);
}

TEST_CASE("a journal in a folder without write access can be read, not written") {
  const TestFolder folder;
  { Drive(folder / "journal.db").step("copy"); }
  fs::permissions(folder.path(), fs::perms{0500});
  fs::permissions(folder / "journal.db", fs::perms{0400});
  CHECK(as_nobody(folder.path(),
                  [&] { return static_cast<int>(events_of(JournalFile(folder / "journal.db", OpenMode::read)).size()); }) == 3);
  CHECK(as_nobody(folder.path(), [&] {
          const auto refused = outcome_of([&] { JournalFile(folder / "journal.db", OpenMode::write); });
          return refused.says("journal.db is read-only") ? refused.code : 50;
        }) == 6);
  CHECK(as_nobody(folder.path(),
                  [&] { return outcome_of([&] { JournalFile(folder / "new/journal.db", OpenMode::write); }).code; }) == 6);
  fs::permissions(folder.path(), fs::perms{0700});
}

TEST_CASE("what is not a journal is refused by name and left as it is") {
  const TestFolder folder;
  write_text(folder / "text.db", std::string(5000, 'x'));
  const auto text = outcome_of([&] { JournalFile(folder / "text.db", OpenMode::write); });
  CHECK(text.code == 6);
  CHECK(text.says("text.db is not a journal: it is no SQLite file"));
  CHECK(text_of(folder / "text.db") == std::string(5000, 'x'));

  write_text(folder / "other.db", "");
  { Database(folder / "other.db", Database::Access::ordinary).execute("CREATE TABLE t(a)"); }
  const std::string before = text_of(folder / "other.db");
  CHECK(outcome_of([&] { JournalFile(folder / "other.db", OpenMode::write); }).says("SQLite file of another program"));
  CHECK(text_of(folder / "other.db") == before);

  { JournalFile(folder / "newer.db", OpenMode::write); }
  { Database(folder / "newer.db", Database::Access::ordinary).execute("PRAGMA user_version = 99"); }
  for (const OpenMode mode : {OpenMode::read, OpenMode::write}) {
    const auto newer = outcome_of([&] { JournalFile(folder / "newer.db", mode); });
    CHECK(newer.code == 6);
    CHECK(newer.says("written by a newer engine: its schema is 99"));
  }
  { Database(folder / "newer.db", Database::Access::ordinary).execute("PRAGMA user_version = 1"); }
  CHECK(outcome_of([&] { JournalFile(folder / "newer.db", OpenMode::read); }).says("before 1.0.0: its schema is 1"));
  CHECK(outcome_of([&] { JournalFile(folder / "missing.db", OpenMode::read); }).says("there is no journal "));
  CHECK_FALSE(fs::exists(folder / "missing.db"));
  fs::create_directory(folder / "dir.db");
  CHECK(outcome_of([&] { JournalFile(folder / "dir.db", OpenMode::write); }).says("is not a file"));
  write_text(folder / "empty.db", "");
  CHECK(outcome_of([&] { JournalFile(folder / "empty.db", OpenMode::read); }).says("is empty"));
}

TEST_CASE("a damaged page is exit 6, not a crash and not an empty list") {
  const TestFolder folder;
  {
    Drive drive(folder / "journal.db");
    for (int n = 0; n < 40; ++n) drive.step("step" + std::to_string(n));
  }
  std::string bytes = text_of(folder / "journal.db");
  for (std::size_t page = 1; page * 4096 < bytes.size(); ++page) {
    std::string damaged = bytes;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, '\x5a');
    write_text(folder / "damaged.db", damaged);
    const auto outcome = outcome_of([&] {
      const JournalFile file(folder / "damaged.db", OpenMode::read);
      if (verify_run(file, example_run).kind == Verdict::Kind::broken) throw Error(ExitCode::journal, "broken");
    });
    CHECK_MESSAGE(outcome.code == 6, page);
  }
}

TEST_CASE("a second name for the journal is refused, a symbolic link leads to the one journal") {
  const TestFolder folder;
  { JournalFile(folder / "journal.db", OpenMode::write); }
  fs::create_symlink(folder / "journal.db", folder / "link.db");
  CHECK(JournalFile(folder / "link.db", OpenMode::write).run_folder("R1") == fs::canonical(folder.path()) / "journal.db.d/R1");
  fs::create_hard_link(folder / "journal.db", folder / "second.db");
  CHECK(outcome_of([&] { JournalFile(folder / "second.db", OpenMode::write); }).says("has 2 names"));
}

TEST_CASE("files are 0600 and folders 0700, whatever the umask") {
  const TestFolder folder;
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const fs::path top = folder / ("u" + std::to_string(mask));
    const mode_t before = umask(mask);
    const Drive drive(top / "deep/journal.db");
    umask(before);
    const fs::path file = top / "deep/journal.db";
    for (const char* suffix : {"", "-wal", "-shm", ".d/20261120-2355-k3f9/head"})
      CHECK(mode_of(file.string() + suffix) == 0600);
    for (const fs::path& each : {top, top / "deep", fs::path(file.string() + ".d")}) CHECK(mode_of(each) == 0700);
  }
}

TEST_CASE("network file systems are refused, memory is warned of") {
  CHECK(storage_kind(0x6969) == Storage::network);
  CHECK(storage_kind(0xFF534D42) == Storage::network);
  CHECK(storage_kind(0x65735546) == Storage::network);
  CHECK(storage_kind(0x01021997) == Storage::network);
  CHECK(storage_kind(0x01021994) == Storage::passing);
  CHECK(storage_kind(0xEF53) == Storage::lasting);
  if (fs::exists("/dev/shm") && storage_of("/dev/shm") == Storage::passing) {
    const TestFolder memory("/dev/shm");
    CHECK(JournalFile(memory / "journal.db", OpenMode::write).storage_warning().find("will not survive a reboot") !=
          std::string::npos);
  }
}

TEST_CASE("a run is named by its id, a unique prefix, or last") {
  const TestFolder folder;
  JournalFile file(folder / "journal.db", OpenMode::write);
  const auto empty = outcome_of([&] { file.find_run("last"); });
  CHECK(empty.code == 2);
  CHECK(empty.says("no runs in this journal"));
  for (const char* run : {"20261120-2355-k3f9", "20261120-2359-x7q2", "20261121-0007-b4ab", "20261121-0007-b4a"}) {
    Drive(folder / "journal.db", run);
  }
  CHECK(file.runs().front().run == "20261121-0007-b4a");
  CHECK(file.find_run("last").run == "20261121-0007-b4a");
  CHECK(file.find_run("20261121-0007-b4a").run == "20261121-0007-b4a");
  CHECK(file.find_run("20261120-2355").run == "20261120-2355-k3f9");
  const auto several = outcome_of([&] { file.find_run("20261120"); });
  CHECK(several.code == 2);
  CHECK(several.says("`20261120` can mean 2 runs"));
  CHECK(several.says("20261120-2359-x7q2  running  Move the gateway"));
  const auto unknown = outcome_of([&] { file.find_run("20261120-2355-k3f8"); });
  CHECK(unknown.code == 2);
  CHECK(unknown.says("did you mean `20261120-2355-k3f9`?"));
  CHECK(outcome_of([&] { file.find_run("lst"); }).says("did you mean `last`?"));
  CHECK(outcome_of([&] { file.find_run(""); }).code == 2);
  CHECK(outcome_of([&] { file.find_run("../../etc"); }).code == 2);
}

TEST_CASE("the journal's place comes from the environment") {
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  setenv("RUNBOOK_JOURNAL", "/a/j.db", 1);
  setenv("XDG_STATE_HOME", "/state", 1);
  setenv("HOME", "/home/ana", 1);
  CHECK(default_journal_path() == "/a/j.db");
  unsetenv("RUNBOOK_JOURNAL");
  CHECK(default_journal_path() == "/state/runbook/journal.db");
  setenv("XDG_STATE_HOME", "relative", 1);
  CHECK(default_journal_path() == "/home/ana/.local/state/runbook/journal.db");
  unsetenv("XDG_STATE_HOME");
  setenv("HOME", home.c_str(), 1);
}
