#include <sys/stat.h>

#include "tests/state/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A process that holds the lease until it is killed.
struct Holder {
  explicit Holder(const fs::path& folder)
      : child([this, folder] {
          const Lease lease = Lease::take(folder, Lease::Mode::polite);
          ready.tell('!');
          for (;;) pause();
          return 0;
        }) {
    REQUIRE(ready.hear() == '!');
  }
  Pipe ready;
  Child child;
};

}  // namespace

TEST_CASE("one engine at a time holds the lease, and the other is told which one") {
  const TestFolder folder;
  Holder holder(folder / "R1");
  CHECK(lease_holder(folder / "R1") == holder.child.pid());
  const auto refused = outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::polite); });
  CHECK(refused.code == 5);
  CHECK(refused.says("run R1 is driven by pid " + std::to_string(holder.child.pid()) + " ("));
  CHECK(refused.says(") since 20"));
  CHECK(refused.says("--take-over"));
  CHECK(lease_holder(folder / "R1") == holder.child.pid());
}

TEST_CASE("kill -9 frees the lease") {
  const TestFolder folder;
  Holder holder(folder / "R1");
  holder.child.kill_now();
  CHECK(holder.child.wait() == -SIGKILL);
  CHECK(lease_holder(folder / "R1") == 0);
  const Lease lease = Lease::take(folder / "R1", Lease::Mode::polite);
  CHECK(lease.ended_pid() == 0);
  CHECK(lease_holder(folder / "R1") == getpid());
}

TEST_CASE("the lease ends with its object, and moves with it") {
  const TestFolder folder;
  {
    Lease first = Lease::take(folder / "R1", Lease::Mode::polite);
    const Lease second = std::move(first);
    CHECK(second.folder() == folder / "R1");
    CHECK(outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::polite); }).code == 5);
  }
  CHECK(lease_holder(folder / "R1") == 0);
  CHECK(outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::polite); }).code == 0);
}

TEST_CASE("leases of different runs don't meet") {
  const TestFolder folder;
  const Lease one = Lease::take(folder / "R1", Lease::Mode::polite);
  CHECK(outcome_of([&] { Lease::take(folder / "R2", Lease::Mode::polite); }).code == 0);
}

TEST_CASE("take-over ends the holder and only the holder") {
  const TestFolder folder;
  Holder bystander(folder / "R2");
  Holder holder(folder / "R1");
  const pid_t pid = holder.child.pid();
  const Lease lease = Lease::take(folder / "R1", Lease::Mode::take_over);
  CHECK(lease.ended_pid() == pid);
  CHECK(holder.child.wait() == -SIGKILL);
  CHECK(lease_holder(folder / "R1") == getpid());
  CHECK(lease_holder(folder / "R2") == bystander.child.pid());
}

TEST_CASE("take-over believes the kernel, not the pid that stands in the file") {
  const TestFolder folder;
  Holder bystander(folder / "R2");
  Holder holder(folder / "R1");
  write_text(folder / "R1/lock",
             "pid " + std::to_string(bystander.child.pid()) + "\nsince 2020-01-01T00:00:00Z\ndoing runbook run\n");
  const Lease lease = Lease::take(folder / "R1", Lease::Mode::take_over);
  CHECK(lease.ended_pid() != bystander.child.pid());
  CHECK(holder.child.wait() == -SIGKILL);
  CHECK(kill(bystander.child.pid(), 0) == 0);
  CHECK(lease_holder(folder / "R2") == bystander.child.pid());
}

TEST_CASE("take-over of a free lease ends nobody, whatever stands in the file") {
  const TestFolder folder;
  Holder bystander(folder / "R2");
  fs::create_directory(folder / "R1");
  write_text(folder / "R1/lock", "pid " + std::to_string(bystander.child.pid()) + "\n");
  const Lease lease = Lease::take(folder / "R1", Lease::Mode::take_over);
  CHECK(lease.ended_pid() == 0);
  CHECK(kill(bystander.child.pid(), 0) == 0);
}

TEST_CASE("an engine does not take over from itself") {
  const TestFolder folder;
  const Lease lease = Lease::take(folder / "R1", Lease::Mode::polite);
  CHECK(outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::take_over); }).code == 5);
  CHECK(lease_holder(folder / "R1") == getpid());
}

TEST_CASE("a suspended holder is called suspended") {
  const TestFolder folder;
  Holder holder(folder / "R1");
  kill(holder.child.pid(), SIGSTOP);
  int status = 0;
  REQUIRE(waitpid(holder.child.pid(), &status, WUNTRACED) == holder.child.pid());
  const auto refused = outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::polite); });
  CHECK(refused.says("which is suspended"));
  CHECK(refused.says("`fg`"));
  CHECK(Lease::take(folder / "R1", Lease::Mode::take_over).ended_pid() == holder.child.pid());
}

TEST_CASE("many engines that ask at once get one lease") {
  const TestFolder folder;
  Pipe won, over;
  std::vector<std::unique_ptr<Child>> engines;
  for (int i = 0; i < 8; ++i) {
    engines.push_back(std::make_unique<Child>([&] {
      over.close_writing();
      const auto outcome = outcome_of([&] {
        const Lease lease = Lease::take(folder / "R1", Lease::Mode::polite);
        won.tell('1');
        over.hear();
      });
      if (outcome.code != 0) won.tell('0');
      return outcome.code;
    }));
  }
  int winners = 0;
  for (int i = 0; i < 8; ++i) winners += won.hear() == '1' ? 1 : 0;
  over.close_writing();
  int refused = 0;
  for (auto& engine : engines) refused += engine->wait() == 5 ? 1 : 0;
  CHECK(winners == 1);
  CHECK(refused == 7);
}

TEST_CASE("a lock whose file was removed does not exclude, and the new one does") {
  const TestFolder folder;
  const Lease first = Lease::take(folder / "R1", Lease::Mode::polite);
  fs::remove(folder / "R1/lock");
  CHECK(lease_holder(folder / "R1") == 0);
  const Lease second = Lease::take(folder / "R1", Lease::Mode::polite);
  CHECK(outcome_of([&] { Lease::take(folder / "R1", Lease::Mode::polite); }).code == 5);
}

TEST_CASE("the run's folder is 0700 and its lock 0600, whatever the umask") {
  const TestFolder folder;
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const fs::path run = folder / ("R" + std::to_string(mask));
    const mode_t before = umask(mask);
    const Lease lease = Lease::take(run, Lease::Mode::polite);
    umask(before);
    struct stat found {};
    REQUIRE(stat(run.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0700);
    REQUIRE(stat((run / "lock").c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
  }
}

TEST_CASE("nobody holds the lease of a run without a folder") {
  const TestFolder folder;
  CHECK(lease_holder(folder / "R1") == 0);
  CHECK_FALSE(fs::exists(folder / "R1"));
}
