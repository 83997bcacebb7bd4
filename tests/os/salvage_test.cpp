#include "os/salvage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <thread>

#include "base/digest.h"
#include "os/remains.h"
#include "os/supervised.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string line(const std::string& text) { return fmt::format("{} {:08x}\n", text, crc32(text)); }
// Of a supervisor that began when the attempts up to `known` had had their intents.
std::string header(const ProcessWorld& world, std::int64_t known = 0) {
  return line(fmt::format("H {} {} {}", world.boot_id, world.pid_namespace, known));
}

// A run's folder whose supervisor is gone, with the log that it left.
struct Scene {
  TestFolder folder;
  ProcessWorld here = this_world();

  Exit salvaged(const std::string& log, std::stop_token stop = {}) const {
    write_text(folder / "log", log);
    return salvaged_as_it_is(stop);
  }
  Exit salvaged_as_it_is(std::stop_token stop = {}) const {
    return salvage({folder.path(), run_name, 1, false, {}, 0}, read_attempt_log(folder.path()), stop);
  }
  ProcessWorld other_boot() const { return {"00000000-0000-0000-0000-000000000000", here.pid_namespace}; }
  ProcessWorld other_namespace() const { return {here.boot_id, here.pid_namespace + 1}; }
};

}  // namespace

TEST_CASE("same boot and not announced: it was not started, proven") {
  Scene scene;
  Exit exit = scene.salvaged(header(scene.here));
  CHECK(exit.kind == Exit::Kind::not_started);
  CHECK(exit.why == "the supervisor never got to it");
}

TEST_CASE("a log that was begun after it proves nothing of it") {
  Scene scene;
  for (const std::string& log : {header(scene.here, 1), header(scene.other_boot()) + header(scene.here, 1),
                                 line("H " + scene.here.boot_id + " " + std::to_string(scene.here.pid_namespace))}) {
    const Exit exit = scene.salvaged(log);
    CHECK(exit.kind == Exit::Kind::lost);
    CHECK(exit.why == "the supervisor's log is gone, and the one begun since does not name it");
  }
}

TEST_CASE("a later supervisor of the same boot takes nothing from the proof, unless something was damaged before it") {
  Scene scene;
  CHECK(scene.salvaged(header(scene.here) + header(scene.here, 1)).kind == Exit::Kind::not_started);
  CHECK(scene.salvaged(header(scene.here) + "S 1 6 ab 00000000\n" + header(scene.here, 1)).kind == Exit::Kind::lost);
}

TEST_CASE("a torn announcement was not acted on") {
  Scene scene;
  CHECK(scene.salvaged(header(scene.here) + "S 1 5 ab").kind == Exit::Kind::not_started);
}

TEST_CASE("a damaged log proves nothing") {
  Scene scene;
  std::string damaged = line("S 1 5 ab");
  damaged[4] = '6';
  Exit exit = scene.salvaged(header(scene.here) + damaged);
  CHECK(exit.kind == Exit::Kind::lost);
  CHECK(has(exit.why, "damaged"));
}

TEST_CASE("other boot and not announced: lost, since the log may have lost its end") {
  Scene scene;
  CHECK(scene.salvaged(header(scene.other_boot())).kind == Exit::Kind::lost);
}

TEST_CASE("without a log it is lost") {
  Scene scene;
  Exit exit = scene.salvaged_as_it_is();
  CHECK(exit.kind == Exit::Kind::lost);
  CHECK(exit.why == "the supervisor's log is gone");
}

TEST_CASE("what could not be started is known not to have been") {
  Scene scene;
  CHECK(scene.salvaged(header(scene.here) + line("S 1 5 ab") + line("N 1")).kind == Exit::Kind::not_started);
}

TEST_CASE("a recorded end is taken, in whatever world") {
  Scene scene;
  SpoolWriter::create(scene.folder / "1.spool", {1'000, 1'000}).append(Stream::out, "done\n");
  write_text(scene.folder / "1.output", "version=7\n");
  std::string digest = sha256_hex("done\n");
  for (const auto& world : {scene.here, scene.other_boot(), scene.other_namespace()}) {
    Exit exit = scene.salvaged(header(world) + line("S 1 5 ab") + line("P 1 100 5000") + line("E 1 code 3 5 " + digest));
    CHECK(exit.kind == Exit::Kind::code);
    CHECK(exit.number == 3);
    CHECK(exit.output == "done\n");
    CHECK(exit.out == "done\n");
    CHECK_FALSE(exit.result_is_missing);
    CHECK(exit.output_total == 5);
    CHECK(exit.output_sha256 == digest);
    CHECK(exit.named_outputs == "version=7\n");
  }
}

TEST_CASE("a result of which the supervisor took some bytes with it is said to be missing") {
  Scene scene;
  SpoolWriter::create(scene.folder / "1.spool", {1'000, 1'000}).append(Stream::out, "one\n");
  std::string recorded = line("S 1 5 ab") + line("P 1 100 5000") + line("E 1 code 0 8 " + sha256_hex("one\ntwo\n"));
  Exit exit = scene.salvaged(header(scene.here) + recorded);
  CHECK(exit.kind == Exit::Kind::code);
  CHECK(exit.result_is_missing);
}

TEST_CASE("a recorded end by a signal, after a timeout or a stop") {
  Scene scene;
  Exit exit = scene.salvaged(header(scene.here) + line("S 1 5 ab") + line("T 1") + line("C 1") + line("E 1 signal 15 0 00"));
  CHECK(exit.kind == Exit::Kind::signal);
  CHECK(exit.number == 15);
  CHECK(exit.has_timed_out);
  CHECK(exit.was_cancelled);
  CHECK(exit.named_outputs_are_missing);
}

TEST_CASE("what ran before a restart or in another PID namespace is lost") {
  Scene scene;
  // Its number is that of a living process here: this one.
  std::string ran = line("S 1 5 ab") + line(fmt::format("P 1 {} {}", ::getpid(), start_time_of(::getpid())));
  Exit restarted = scene.salvaged(header(scene.other_boot()) + ran);
  CHECK(restarted.kind == Exit::Kind::lost);
  CHECK(has(restarted.why, "restarted"));
  Exit elsewhere = scene.salvaged(header(scene.other_namespace()) + ran);
  CHECK(elsewhere.kind == Exit::Kind::lost);
  CHECK(has(elsewhere.why, "PID namespace"));
}

TEST_CASE("a process whose number was given away is not waited for") {
  Scene scene;
  std::string ran = line("S 1 5 ab") + line(fmt::format("P 1 {} {}", ::getpid(), start_time_of(::getpid()) - 1));
  CHECK(scene.salvaged(header(scene.here) + ran).kind == Exit::Kind::lost);
}

TEST_CASE("announced, and no process of it lives: lost, for it may have run") {
  Scene scene;
  CHECK(scene.salvaged(header(scene.here) + line("S 1 5 ab")).kind == Exit::Kind::lost);
}

namespace {

// A step that lost its supervisor: it writes more than a FIFO holds. Its parent is not this process but init or whoever adopts.
const char* chatty =
    "for i in $(seq 2000); do echo 'the quick brown fox jumps over the lazy dog, line '$i; done; echo hunter22";

pid_t begin_orphan(const fs::path& folder, const std::string& script, const std::string& marker) {
  Fd out(::open((folder / "1.out").c_str(), O_RDWR | O_CLOEXEC)), err(::open((folder / "1.err").c_str(), O_RDWR | O_CLOEXEC));
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  ::dup2(out.get(), 1);
  ::dup2(err.get(), 2);
  std::string variable = "RUNBOOK_ATTEMPT=" + marker;
  char* argv[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(script.c_str()), nullptr};
  char* env[] = {const_cast<char*>("PATH=/usr/bin:/bin"), variable.data(), nullptr};
  ::execve("/bin/sh", argv, env);
  ::_exit(127);
}

struct OrphanScene : Scene {
  pid_t pid = 0;
  Fd out;  // keeps what the step wrote, should it end before anyone reads
  explicit OrphanScene(const std::string& script) {
    ::mkfifo((folder / "1.out").c_str(), 0600);
    ::mkfifo((folder / "1.err").c_str(), 0600);
    SpoolWriter::create(folder / "1.spool", {1'000, 1'000});
    out = Fd(::open((folder / "1.out").c_str(), O_RDWR | O_CLOEXEC));
    pid = begin_orphan(folder.path(), script, mark_of(1));
    // Before its exec it has neither the mark nor a group of its own.
    until("it has begun", [&] { return marker_of(pid) == mark_of(1) || !is_alive({pid, start_time_of(pid)}); });
    write_text(folder / "log", header(here) + line("S 1 5 ab") + line(fmt::format("P 1 {} {}", pid, start_time_of(pid))));
  }
  Exit salvaged_from_elsewhere(bool had_secrets) const {  // by a process that is not its parent
    int ends[2];
    must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    pid_t other = ::fork();
    if (other == 0) {
      Exit exit = salvage({folder.path(), run_name, 1, had_secrets, {}, 0}, read_attempt_log(folder.path()), {});
      ::_exit(exit.kind == Exit::Kind::lost ? 0 : 1);
    }
    ::waitpid(pid, nullptr, 0);
    int status = 0;
    ::waitpid(other, &status, 0);
    Exit exit;
    exit.kind = status == 0 ? Exit::Kind::lost : Exit::Kind::code;
    return exit;
  }
};

}  // namespace

TEST_CASE("a living process is read until it ends, and then it is lost to who is not its parent") {
  OrphanScene scene(chatty);
  CHECK(scene.salvaged_from_elsewhere(false).kind == Exit::Kind::lost);
  SpoolText text = read_spool(scene.folder / "1.spool");
  CHECK(text.total > 100'000);
  CHECK(has(text.tail, "line 2000\n"));
}

TEST_CASE("of one that had secrets nothing is kept that no supervisor has masked") {
  OrphanScene scene(chatty);
  SpoolWriter::open(scene.folder / "1.spool").append(Stream::out, "so far");
  CHECK(scene.salvaged_from_elsewhere(true).kind == Exit::Kind::lost);
  CHECK(read_spool(scene.folder / "1.spool").text() ==
        "so far\n[its supervisor died; what it wrote since is not kept, for it may hold a secret]\n");
}

TEST_CASE(
    "a supervisor that died before it wrote down the process: its step is waited for, what that leaves behind on purpose is "
    "not") {
  OrphanScene scene("setsid sleep 1000 & for i in $(seq 9999); do echo 'more than a pipe holds, in line '$i; done");
  write_text(scene.folder / "log", header(scene.here) + line("S 1 5 ab leaves"));
  CHECK(scene.salvaged_as_it_is().kind == Exit::Kind::lost);
  CHECK(has(read_spool(scene.folder / "1.spool").tail, "in line 9999\n"));
  std::vector<ProcessId> left = processes_marked(mark_of(1));
  REQUIRE(left.size() == 1);
  ::kill(left[0].pid, SIGKILL);
  until("it is gone", [&] { return !is_alive(left[0]); });  // it has the mark of the next stories, too
  ::waitpid(scene.pid, nullptr, 0);
}

TEST_CASE("a living process of another PID namespace that can be seen from here is waited for, whatever number it has there") {
  OrphanScene scene(chatty);
  write_text(scene.folder / "log", header(scene.other_namespace()) + line("S 1 5 ab") + line("P 1 2 1"));
  Exit exit = scene.salvaged_as_it_is();
  CHECK(exit.kind == Exit::Kind::lost);
  CHECK(exit.why == "its supervisor died, and nobody saw how it ended");
  CHECK(has(read_spool(scene.folder / "1.spool").tail, "line 2000\n"));
  ::waitpid(scene.pid, nullptr, 0);
}

TEST_CASE("one of another PID namespace that can be seen from here is at work") {
  OrphanScene scene("exec sleep 1000");
  LoggedAttempt attempt;
  attempt.state = LoggedAttempt::State::running;
  attempt.world = scene.other_namespace();
  CHECK(is_at_work(scene.folder.path(), attempt, mark_of(1)));
  CHECK_FALSE(is_at_work(scene.folder.path(), attempt, mark_of(2)));
  attempt.world = scene.other_boot();
  CHECK_FALSE(is_at_work(scene.folder.path(), attempt, mark_of(1)));
  ::kill(scene.pid, SIGKILL);
  ::waitpid(scene.pid, nullptr, 0);
}

TEST_CASE("what was announced alone is at work while its supervisor may be starting it, and when it shows itself") {
  OrphanScene scene("exec sleep 1000");
  LoggedAttempt attempt;
  attempt.world = scene.here;
  CHECK(is_at_work(scene.folder.path(), attempt, mark_of(1)));
  CHECK_FALSE(is_at_work(scene.folder.path(), attempt, mark_of(2)));
  {
    Fd lock(::open((scene.folder / "sup.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
    CHECK(is_at_work(scene.folder.path(), attempt, mark_of(2)));
  }
  CHECK_FALSE(is_at_work(scene.folder.path(), attempt, mark_of(2)));
  ::kill(scene.pid, SIGKILL);
  ::waitpid(scene.pid, nullptr, 0);
}

TEST_CASE("where nobody can tell whether it lives nothing is said of it") {
  CHECK(told([] {
          OrphanScene scene("exec sleep 1000");
          const AttemptLog log = read_attempt_log(scene.folder.path());
          rlimit before{}, none{};
          must(::getrlimit(RLIMIT_NOFILE, &before) == 0, "the limit is known");
          none.rlim_max = before.rlim_max;
          std::string why;
          try {
            throw Error(ExitCode::journal, "");  // a sanitizer needs a descriptor when it meets the first one
          } catch (const Error&) {
            must(::setrlimit(RLIMIT_NOFILE, &none) == 0, "no descriptor is free");
          }
          try {
            why = salvage({scene.folder.path(), run_name, 1, false, {}, 0}, log, {}).why;
          } catch (const Error& error) {
            why = error.what();
          }
          must(::setrlimit(RLIMIT_NOFILE, &before) == 0, "the limit was lifted");
          must(has(why, "can't tell"), why);
        }) == "");
}

TEST_CASE("a living process that was adopted gives its status") {
  OrphanScene scene("echo before; exit 5");
  Exit exit = scene.salvaged_as_it_is();
  CHECK(exit.kind == Exit::Kind::code);
  CHECK(exit.number == 5);
  CHECK(exit.output == "before\n");
  CHECK(exit.result_is_missing);  // its supervisor may have read more than it wrote down
}

TEST_CASE("a status is waited for until a supervisor that is dying has given its children on") {
  CHECK(told([] {
          Scene scene;
          Bell up(scene.folder / "up");
          pid_t supervisor = ::fork();
          if (supervisor == 0) {
            pid_t step = ::fork();
            if (step == 0) ::_exit(5);
            siginfo_t info{};
            ::waitid(P_PID, static_cast<id_t>(step), &info, WEXITED | WNOWAIT);
            write_text(scene.folder / "log",
                       header(scene.here) + line("S 1 5 ab") + line(fmt::format("P 1 {} {}", step, start_time_of(step))));
            up.ring();
            while (true) ::pause();
          }
          up.wait();
          ::prctl(PR_SET_CHILD_SUBREAPER, 1);
          int asked = 0;
          auto dies_late = [&] {
            if (++asked == 5) ::kill(supervisor, SIGKILL);
            return false;
          };
          Exit exit = salvage({scene.folder.path(), run_name, 1, false, dies_late, supervisor},
                              read_attempt_log(scene.folder.path()), {});
          must(exit.kind == Exit::Kind::code && exit.number == 5, exit.why);
        }) == "");
}

TEST_CASE("a stop ends the process that lost its supervisor, and says so in the log") {
  OrphanScene scene("exec sleep 1000");
  std::stop_source stop;
  stop.request_stop();
  Exit exit = scene.salvaged_as_it_is(stop.get_token());
  CHECK(exit.kind == Exit::Kind::signal);
  CHECK(exit.number == SIGTERM);
  CHECK(exit.was_cancelled);
  CHECK(read_attempt_log(scene.folder.path()).attempts.at(1).was_cancelled);
}

TEST_CASE("who begins to leave ends nothing, though what waits for it is stopped then") {
  OrphanScene scene("exec sleep 1000");
  std::stop_source stop;
  stop.request_stop();
  int asked = 0;
  const auto begins_to_leave = [&] { return ++asked > 1; };
  Exit exit = salvage({scene.folder.path(), run_name, 1, false, begins_to_leave, 0}, read_attempt_log(scene.folder.path()),
                      stop.get_token());
  CHECK(exit.kind == Exit::Kind::lost);
  CHECK_FALSE(read_attempt_log(scene.folder.path()).attempts.at(1).was_cancelled);
  CHECK(start_time_of(scene.pid) > 0);
  ::kill(scene.pid, SIGKILL);
  ::waitpid(scene.pid, nullptr, 0);
}

TEST_CASE("who leaves waits for no process and takes none of its output") {
  OrphanScene scene("echo kept; exec sleep 1000");
  Exit exit =
      salvage({scene.folder.path(), run_name, 1, false, [] { return true; }, 0}, read_attempt_log(scene.folder.path()), {});
  CHECK(exit.kind == Exit::Kind::lost);
  CHECK(read_spool(scene.folder / "1.spool").total == 0);
  CHECK(start_time_of(scene.pid) > 0);
  ::kill(scene.pid, SIGKILL);
  ::waitpid(scene.pid, nullptr, 0);
}
