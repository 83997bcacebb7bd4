// `lock:` of a runbook: two runs that have the same one never run at the same time.
#include <fmt/core.h>

#include <algorithm>

#include "state/run_state.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

Event began_with(const std::string& lock) {
  Event event = began();
  event.body = with(event.body, "lock", lock);
  return event;
}

Event left() { return fact(event::left, "", object({{"state", "succeeded"}})); }

// An engine that drives one run; what it holds goes with it, as with a process.
class Engine {
 public:
  Engine(const fs::path& journal_path, const std::string& run)
      : file(journal_path, OpenMode::write), lease(Lease::take(file.run_folder(run), Lease::Mode::polite)), run_(run) {}

  Outcome begin(const std::string& lock) {
    return outcome_of([&] {
      journal = begin_run(file, lease, run_);
      journal->append(began_with(lock));
      journal->commit();
    });
  }
  Outcome drive() {
    return outcome_of([&] { journal = drive_run(file, lease, run_, fact(event::driven, "", object({{"how", "resume"}}))); });
  }
  Outcome undo() {
    return outcome_of([&] {
      journal = drive_run(file, lease, run_, fact(event::driven, "", object({{"how", "undo"}})));
      record(fact(event::undoing));
    });
  }
  void record(Event event) const {
    journal->append(std::move(event));
    journal->commit();
  }

  JournalFile file;
  Lease lease;
  std::unique_ptr<Journal> journal;

 private:
  std::string run_;
};

int exit_code_of_a_begin(const fs::path& journal_path, const std::string& run, const std::string& lock) {
  return Engine(journal_path, run).begin(lock).code;
}

}  // namespace

TEST_CASE("a run with the lock of another one is refused until that one is left") {
  TestFolder folder;
  Engine first(folder / "journal.db", "first");
  CHECK(first.begin("cluster/eu").code == 0);
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 5);
  first.record(fact(event::paused, "", object({{"state", "waiting"}})));
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 5);
  first.record(fact(event::driven));
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 5);
  first.record(left());
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 0);
}

TEST_CASE("other locks, and runs without one, are not in each other's way") {
  TestFolder folder;
  CHECK(exit_code_of_a_begin(folder / "journal.db", "first", "cluster/eu") == 0);
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/us") == 0);
  CHECK(exit_code_of_a_begin(folder / "journal.db", "third", "") == 0);
  CHECK(exit_code_of_a_begin(folder / "journal.db", "fourth", "") == 0);
  CHECK(exit_code_of_a_begin(folder / "other.db", "fifth", "cluster/eu") == 0);
}

TEST_CASE("kill -9 gives no lock back") {
  TestFolder folder;
  Pipe committed;
  Child engine([&] {
    Engine first(folder / "journal.db", "first");
    if (first.begin("cluster/eu").code != 0) return 1;
    committed.tell('x');
    for (;;) pause();
  });
  CHECK(committed.hear() == 'x');
  engine.kill_now();
  CHECK(engine.wait() == -SIGKILL);
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 5);
  Engine again(folder / "journal.db", "first");
  CHECK(again.drive().code == 0);
}

TEST_CASE("who is refused is told which run has the lock, in which state, since when, and how to go on") {
  TestFolder folder;
  const fs::path path = folder / "journal.db";
  {
    Engine first(path, "first");
    REQUIRE(first.begin("cluster/eu").code == 0);
    const Outcome driven = Engine(path, "second").begin("cluster/eu");
    CHECK(driven.what == fmt::format("the lock `cluster/eu` is held by run first of imrt, driven by pid {} since"
                                     " 2026-11-18T11:06:40Z; nothing was run",
                                     getpid()));
    CHECK(driven.hint ==
          fmt::format("wait until it has ended, or stop it there with Ctrl-C; to go on with it: `runbook run --resume first"
                      " --journal {0}`; to give it up: `runbook cancel first --journal {0}`",
                      path.string()));
    Event in_doubt = fact(event::paused, "", object({{"state", "in_doubt"}}));
    in_doubt.at_ms += 3'600'000;
    first.record(in_doubt);
    Event answered = fact(event::answered);
    answered.at_ms += 7'200'000;
    first.record(answered);
  }
  CHECK(Engine(path, "second").begin("cluster/eu").says("held by run first of imrt, in doubt since 2026-11-18T12:06:40Z"));
  {
    Engine first(path, "first");
    REQUIRE(first.drive().code == 0);
    Event heard_of = fact(event::waiting, "a_step");
    heard_of.at_ms += 3 * 3'600'000;
    first.record(heard_of);
  }
  CHECK(Engine(path, "second").begin("cluster/eu").says("held by run first of imrt, interrupted since 2026-11-18T14:06:40Z"));
}

TEST_CASE("a run that was refused is not in the journal, and counts as no lost one") {
  TestFolder folder;
  Engine first(folder / "journal.db", "first");
  REQUIRE(first.begin("cluster/eu").code == 0);
  {
    Engine second(folder / "journal.db", "second");
    REQUIRE(second.begin("cluster/eu").code == 5);
    CHECK(outcome_of([&] { second.journal->commit(); }).code == 5);
  }
  CHECK(first.file.runs().size() == 1);
  CHECK(lost_runs(first.file).empty());
  first.record(left());
  CHECK(exit_code_of_a_begin(folder / "journal.db", "second", "cluster/eu") == 0);
}

TEST_CASE("a run that is undone after it was left takes its lock again, or is refused") {
  TestFolder folder;
  {
    Engine first(folder / "journal.db", "first");
    REQUIRE(first.begin("cluster/eu").code == 0);
    first.record(left());
  }
  Engine second(folder / "journal.db", "second");
  REQUIRE(second.begin("cluster/eu").code == 0);
  const Outcome refused = Engine(folder / "journal.db", "first").undo();
  CHECK(refused.code == 5);
  CHECK(refused.says("held by run second of imrt"));
  CHECK(second.file.run("first")->ended_at_ms != 0);
  second.record(left());
  {
    Engine first(folder / "journal.db", "first");
    REQUIRE(first.undo().code == 0);
    const Outcome third = Engine(folder / "journal.db", "third").begin("cluster/eu");
    CHECK(third.code == 5);
    CHECK(third.says("to go on with its undo: `runbook undo first --journal "));
    first.record(left());
  }
  CHECK(exit_code_of_a_begin(folder / "journal.db", "third", "cluster/eu") == 0);
}

TEST_CASE("a run that is taken up while it has its lock is not in its own way") {
  TestFolder folder;
  { CHECK(Engine(folder / "journal.db", "first").begin("cluster/eu").code == 0); }
  Engine again(folder / "journal.db", "first");
  CHECK(again.drive().code == 0);
  RunState state;
  for (const Event& event : events_of(again.file, "first")) state.apply(event);
  CHECK(state.lock == "cluster/eu");
}

TEST_CASE("of many engines that begin at once with one lock exactly one begins") {
  for (int round = 0; round < 10; ++round) {
    TestFolder folder(memory_folder());
    { JournalFile made(folder / "journal.db", OpenMode::write); }
    Pipe start;
    std::vector<std::unique_ptr<Child>> engines;
    for (int i = 0; i < 6; ++i) {
      engines.push_back(std::make_unique<Child>([&] {
        start.close_writing();
        start.hear();
        return exit_code_of_a_begin(folder / "journal.db", fmt::format("run{}", i), "cluster/eu");
      }));
    }
    start.close_writing();
    std::vector<int> codes;
    for (const auto& engine : engines) codes.push_back(engine->wait());
    CHECK(std::count(codes.begin(), codes.end(), 0) == 1);
    CHECK(std::count(codes.begin(), codes.end(), 5) == 5);
  }
}
