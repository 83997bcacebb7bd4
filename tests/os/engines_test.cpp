#include <poll.h>
#include <sys/file.h>

#include "engine.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// What comes from now on it hears when it goes on: until it has stopped, poll(2) may still see it come.
void stop(pid_t pid) {
  ::kill(pid, SIGSTOP);
  until("it has stopped", [&] {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
  });
}

void must_go(pid_t supervisor) {
  int status = 0;
  until("it has ended", [&] { return ::waitpid(supervisor, &status, WNOHANG) == supervisor; });
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "as it wanted to");
}

}  // namespace

TEST_CASE("an engine with a lower or an equal epoch is refused") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path(), 5);
          for (std::int64_t epoch : {4, 5}) {
            RawEngine other = RawEngine::connected_to(folder.path());
            other.say_hello(epoch);
            must(has(other.hear_table().refusal, "an engine with epoch 5 was here"), "refused");
            must(!other.hear(), "and hung up on");
          }
          must_exit(engine.run(1, "true"), 0);
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}

TEST_CASE("a supervisor of another version is refused by both") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine(seed.grow(folder.path(), 0));
          WireWriter hello;
          hello.number(static_cast<std::int64_t>(protocol::Kind::hello));
          hello.number(protocol::version + 1);
          hello.number(1);
          hello.number(0);
          engine.say(hello.bytes());
          must(has(engine.hear_table().refusal, "speaks protocol"), "refused");
        }) == "");
}

TEST_CASE("thousands of open attempts are asked about and told of: the last of them is as well known as the first") {
  CHECK(told([] {
          TestFolder folder;
          constexpr std::int64_t many = 5'000;
          Engine older(folder.path());
          Running running(older, many, shell(folder.path(), "until test -e go; do sleep 0.01; done; exit 7"));
          until("it runs", [&] { return !read_attempt_log(folder.path()).attempts.empty(); });
          std::vector<std::int64_t> open;
          for (std::int64_t n = 1; n <= many; ++n) open.push_back(n);
          Engine newer(folder.path(), 2, open);
          must(newer.supervisor() == 0, "the supervisor has stayed");
          write_text(folder / "go", "");
          must_exit(newer.attach(many), 7);
          newer.client().acknowledge(many);
          newer.leave();
        }) == "");
}

TEST_CASE("a HELLO that is damaged is no answer to the question what is open") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          engine.say_spawn(1, 1, shell(folder.path(), "exec sleep 1000"));
          RawEngine damaged = RawEngine::connected_to(folder.path());
          const std::string hello = protocol::hello({2, {1}});
          damaged.say(hello.substr(0, hello.size() - 1));
          must(has(damaged.hear_table().refusal, "damaged"), "refused");
          RawEngine next = RawEngine::connected_to(folder.path());
          next.say_hello(3, {1});
          must(next.hear_table().entries.at(0).state == protocol::Entry::State::running, "what runs was not ended");
        }) == "");
}

TEST_CASE("a table that is damaged is an error, and says of no step that it is not known") {
  TestFolder folder;
  const std::string table =
      protocol::table({"", 2, {{1, protocol::Entry::State::running}, {2, protocol::Entry::State::running}}});
  for (const std::string& answer : {table.substr(0, table.size() - 8), protocol::ring(1, 1)}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    Fd supervisor(ends[1]);
    SupervisorClient client({folder.path(), run_name, 0, {}, {}}, Fd(ends[0]));
    REQUIRE(send_message(supervisor.get(), answer, {}, SendMode::wait));
    CHECK_THROWS_WITH_AS(client.greet(1, {1, 2}), doctest::Contains("did not arrive whole"), Error);
  }
}

TEST_CASE("what an older engine said and nobody read is dropped when a newer one comes") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine older = RawEngine::greeted(seed.grow(folder.path(), 0));
          stop(seed.pid());
          older.say_spawn(1, 1, shell(folder.path(), "touch ran"));
          older.say(protocol::bye());
          RawEngine newer = RawEngine::connected_to(folder.path());
          newer.say_hello(2, {1});
          ::kill(seed.pid(), SIGCONT);
          protocol::Table table = newer.hear_table();
          must(table.refusal.empty() && table.greatest == 0, "nothing was ever announced");
          must(table.entries.at(0).state == protocol::Entry::State::unknown, "attempt 1 is unknown");
          newer.say_spawn(2, 2, shell(folder.path(), "true"));
          must(newer.hear_end_of(2) == protocol::Kind::exit, "the newer one is served");
          must(read_attempt_log(folder.path()).attempts.count(1) == 0 && !fs::exists(folder / "ran"), "attempt 1 never began");
          must(!older.hear(), "the older one was hung up on");
        }) == "");
}

// As the seed of an engine does that was killed before it could say HELLO.
TEST_CASE("who connects and says nothing is in nobody's way") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine first = RawEngine::greeted(seed.grow(folder.path(), 0));
          RawEngine newer = RawEngine::connected_to(folder.path()), silent = RawEngine::connected_to(folder.path());
          first.say_spawn(1, 1, shell(folder.path(), "true"));
          must(first.hear_end_of(1) == protocol::Kind::exit, "by now both were seen");
          newer.say_hello(2);
          must(newer.hear_table().refusal.empty(), "the one that speaks is served");
          silent.hang_up();
          newer.say_spawn(2, 2, shell(folder.path(), "true"));
          must(newer.hear_end_of(2) == protocol::Kind::exit, "and runs steps");
        }) == "");
}

TEST_CASE("a supervisor whose run is removed when its steps have ended goes, too, and not before") {
  CHECK(told([] {
          TestFolder folder, elsewhere;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          engine.say_spawn(1, 1, shell(elsewhere.path(), "true"));
          must(engine.hear_end_of(1) == protocol::Kind::exit, "it ended");
          engine.hang_up();
          ::kill(seed.pid(), SIGTERM);  // it looks around
          RawEngine next = RawEngine::connected_to(folder.path());
          next.say_hello(2, {1});
          must(next.hear_table().entries.at(0).state == protocol::Entry::State::ended, "it has kept the status");
          next.hang_up();
          fs::rename(folder.path(), elsewhere / "moved");
          ::kill(seed.pid(), SIGTERM);
          RawEngine other = RawEngine::connected_to(elsewhere / "moved");
          other.say_hello(3, {1});
          must(other.hear_table().entries.at(0).state == protocol::Entry::State::ended, "also where the folder was moved");
          other.hang_up();
          fs::remove_all(elsewhere / "moved");
          ::kill(seed.pid(), SIGTERM);
          must_go(seed.pid());
        }) == "");
}

TEST_CASE("a supervisor that was stopped is one: who comes has its connection, and is heard when it goes on") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed first = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(first.grow(folder.path(), 0));
          stop(first.pid());
          SupervisorSeed second = SupervisorSeed::plant();
          RawEngine next(second.grow(folder.path(), 0));
          must(second.pid() == 0, "it serves still");
          next.say_hello(2);
          ::kill(first.pid(), SIGCONT);
          must(next.hear_table().refusal.empty(), "and answers");
        }) == "");
}

TEST_CASE("who finds a supervisor that was killed, and is not quite gone, becomes the next one") {
  CHECK(told([] {
          until("it serves itself", [] {
            TestFolder folder;
            Bell listens(folder / "listens");
            if (const pid_t dying = ::fork(); dying == 0) {
              const Fd lock(::open((folder / "sup.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
              ::flock(lock.get(), LOCK_EX);
              const Fd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
              sockaddr_un address{};
              address.sun_family = AF_UNIX;
              std::strncpy(address.sun_path, (folder / "sock").c_str(), sizeof address.sun_path - 1);
              if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
              if (::listen(listener.get(), 4) != 0) ::_exit(1);
              listens.ring();
              const Fd first(::accept(listener.get(), nullptr, nullptr));
              pollfd next[] = {{first.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
              ::poll(next, 2, -1);
              ::_exit(0);
            }
            listens.wait();
            SupervisorSeed seed = SupervisorSeed::plant();
            RawEngine engine(seed.grow(folder.path(), 0));
            if (seed.pid() == 0) {  // whose end takes more than a second counts as one that is slow
              must(!engine.hear(), "who greets it sees that it is gone");
              return false;
            }
            engine.say_hello(1);
            must(engine.hear_table().refusal.empty(), "and answers");
            return true;
          });
        }) == "");
}

TEST_CASE("a supervisor whose run was removed, and that has only statuses left, waits for nobody") {
  CHECK(told([] {
          TestFolder folder, elsewhere;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          engine.say_spawn(1, 1, shell(elsewhere.path(), "touch began; until [ -e gate ]; do sleep 0.02; done; touch ended"));
          until("it began", [&] { return fs::exists(elsewhere / "began"); });
          engine.hang_up();
          fs::remove_all(folder.path());
          std::ofstream(elsewhere / "gate");
          must_go(seed.pid());
          must(fs::exists(elsewhere / "ended"), "after its step");
        }) == "");
}

TEST_CASE("a start with another epoch is ignored") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine(seed.grow(folder.path(), 0));
          engine.say_hello(3);
          engine.hear_table();
          engine.say_spawn(2, 1, shell(folder.path(), "touch ran"));
          engine.say_spawn(4, 1, shell(folder.path(), "touch ran"));
          engine.say_spawn(3, 2, shell(folder.path(), "true"));
          must(engine.hear_end_of(2) == protocol::Kind::exit, "the right one runs");
          must(read_attempt_log(folder.path()).attempts.count(1) == 0 && !fs::exists(folder / "ran"),
               "the wrong ones never began");
        }) == "");
}

TEST_CASE("a damaged start is refused, and starts nothing") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          Fd half = memory_file(protocol::spawn_body({}).substr(0, 20), "spawn");
          engine.say(protocol::spawn(1, 1), {half.get()});
          must(engine.hear_end_of(1) == protocol::Kind::not_started, "half a message");
          engine.say(protocol::spawn(1, 2));
          must(engine.hear_end_of(2) == protocol::Kind::not_started, "no message at all");
        }) == "");
}

TEST_CASE("an engine that does not read is told everything once it does") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          constexpr int refused = 600, run = 20;  // more than a socket holds
          for (int n = 1; n <= refused; ++n) engine.say_spawn(1, n, shell(folder.path(), "true"), "/nonexistent");
          for (int n = refused + 1; n <= refused + run; ++n) engine.say_spawn(1, n, shell(folder.path(), "true"));
          until("all were begun", [&] { return read_attempt_log(folder.path()).greatest() == refused + run; });
          std::map<std::int64_t, int> told_of;
          while (told_of.size() < refused + run) {
            must(engine.hear(), "the supervisor speaks");
            if (engine.kind() != protocol::Kind::ring) ++told_of[engine.number()];
          }
          for (const auto& [n, times] : told_of) must(times == 1, fmt::format("attempt {} was told of once", n));
        }) == "");
}

TEST_CASE("a second seed on the same folder finds the first") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          pid_t first = 0;
          {
            Engine engine(folder.path(), 1);
            first = engine.supervisor();
            Running step(engine, 1, shell(folder.path(), "echo > up; read x < go; exit 4"));
            up.wait();
            engine.client().leave(SupervisorClient::Leaving::steps_run_on);
            must(step.exit().kind == Exit::Kind::lost, "who leaves knows nothing more");
          }
          Engine engine(folder.path(), 2, {1});
          must(engine.supervisor() == 0 && start_time_of(first) != 0, "the first serves");
          go.ring();
          must_exit(engine.attach(1), 4);
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}

TEST_CASE("a seed that comes while the first supervisor is going is always served") {
  CHECK(told([] {
          TestFolder folder;
          std::int64_t epoch = 0;
          for (int round = 0; round < 60; ++round) {
            SupervisorSeed seed = SupervisorSeed::plant(), other = SupervisorSeed::plant();
            RawEngine engine(seed.grow(folder.path(), 0));
            engine.say_hello(++epoch);
            must(engine.hear_table().refusal.empty(), "greeted");
            engine.say(protocol::bye());
            for (int i = 0; i < round * 20; ++i) ::sched_yield();
            RawEngine next(other.grow(folder.path(), 0));
            next.say_hello(++epoch);
            must(next.hear_table().refusal.empty(), "the next one is greeted");
            next.say(protocol::bye());
            must(!next.hear(), "it is gone, and the lock with it");
          }
        }) == "");
}

TEST_CASE("an engine that leaves takes no output from the steps that run on") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          std::string whole;
          for (int i = 1; i <= 20'000; ++i) whole += fmt::format("{}\n", i);
          {
            Engine engine(folder.path(), 1);
            Command command = shell(folder.path(), "echo > up; seq 1 10000; read x < go; seq 10001 20000");
            command.keeps_result = true;
            Running step(engine, 1, command);
            up.wait();
            engine.client().leave(SupervisorClient::Leaving::steps_run_on);
            must(step.exit().kind == Exit::Kind::lost, "left");
          }
          go.ring();
          Engine engine(folder.path(), 2, {1});
          Exit exit = engine.attach(1);
          must_exit(exit, 0);
          must(exit.out == whole && exit.output_sha256 == sha256_hex(whole), "all of it, in order");
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}

TEST_CASE("the status of a step that ended alone waits for an engine") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          pid_t supervisor = 0;
          {
            Engine engine(folder.path(), 1);
            supervisor = engine.supervisor();
            Running step(engine, 1,
                         shell(folder.path(), "echo > up; read x < go; echo k=v > $RUNBOOK_OUTPUT; echo late; exit 6"));
            up.wait();
            engine.client().leave(SupervisorClient::Leaving::steps_run_on);
          }
          go.ring();
          until("it ended", [&] { return read_attempt_log(folder.path()).attempts[1].state == LoggedAttempt::State::ended; });
          Engine engine(folder.path(), 2, {1});
          must(engine.supervisor() == 0 && start_time_of(supervisor) != 0, "the supervisor has waited");
          Exit exit = engine.attach(1);
          must_exit(exit, 6);
          must(exit.output == "late\n" && exit.named_outputs == "k=v\n", "with its output");
          engine.client().acknowledge(1);
          engine.leave();
          until("it is gone", [&] {
            return start_time_of(supervisor) == 0 || !is_alive({supervisor, start_time_of(supervisor)});
          });
        }) == "");
}

TEST_CASE("with nothing left and no engine, a supervisor goes by itself") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
          engine.hang_up();
          int status = -1;
          must(::waitpid(seed.pid(), &status, 0) == seed.pid() && status == 0, "it went");
          must(!fs::exists(folder / "sock"), "and its socket");
        }) == "");
}

TEST_CASE("who leaves for good leaves no supervisor, and no files of what was acknowledged") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          must_exit(engine.run(1, "true"), 0);
          engine.client().acknowledge(1);
          engine.leave();
          must(start_time_of(engine.supervisor()) == 0, "it is gone");
          for (const char* name : {"1.out", "1.err", "1.spool", "1.output", "sock"}) must(!fs::exists(folder / name), name);
        }) == "");
}

TEST_CASE("who leaves for good is not held up by an end that it never acknowledged") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          must_exit(engine.run(1, "true"), 0);
          engine.leave();
          must(start_time_of(engine.supervisor()) == 0, "it is gone");
          must(read_attempt_log(folder.path()).attempts.at(1).state == LoggedAttempt::State::ended, "the log knows");
        }) == "");
}

TEST_CASE("an engine that dies when the run has just been left leaves no supervisor") {
  CHECK(told([] {
          TestFolder folder;
          pid_t supervisor = 0;
          {
            Engine engine(folder.path());
            supervisor = engine.supervisor();
            must_exit(engine.run(1, "true"), 0);
            engine.client().acknowledge(1);
            must(engine.client().end_left().empty(), "nothing was left behind");
          }
          until("it goes by itself", [&] { return ::waitpid(supervisor, nullptr, WNOHANG) == supervisor; });
        }) == "");
}

TEST_CASE("a seed that is told nothing goes") {
  CHECK(told([] {
          pid_t pid = 0;
          {
            SupervisorSeed seed = SupervisorSeed::plant();
            pid = seed.pid();
          }
          must(start_time_of(pid) == 0, "it is gone");
        }) == "");
}

TEST_CASE("probes of a dead engine are ended when the next one comes") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up");
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine dead = RawEngine::greeted(seed.grow(folder.path(), 0));
          dead.say_spawn(1, 1, shell(folder.path(), "echo > up; exec sleep 1000"));
          up.wait();
          dead.hang_up();
          RawEngine next = RawEngine::connected_to(folder.path());
          next.say_hello(2);  // 1 is not among the open attempts
          must(next.hear_table().greatest == 1, "it was announced");
          until("it ended", [&] { return read_attempt_log(folder.path()).attempts[1].state == LoggedAttempt::State::ended; });
          LoggedAttempt attempt = read_attempt_log(folder.path()).attempts[1];
          must(attempt.was_cancelled && attempt.ended_by_signal && attempt.status == SIGTERM, "by us");
          next.say(protocol::bye());
          must(!next.hear(), "and nothing keeps the supervisor");
        }) == "");
}

TEST_CASE("when the supervisor alone dies, the engine collects the status") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          Engine engine(folder.path());
          Running step(engine, 1, shell(folder.path(), "echo before; echo > up; read x < go; seq 1 30000; echo after; exit 7"));
          up.wait();
          until("it is logged", [&] { return read_attempt_log(folder.path()).attempts[1].process.pid != 0; });
          until("it was read", [&] { return has(read_spool(folder / "1.spool").out, "before\n"); });
          ::kill(engine.supervisor(), SIGKILL);
          until("it is noticed", [&] { return engine.was_lost(); });
          go.ring();
          must_exit(step.exit(), 7);
          must(has(step.exit().output, "before\n") && has(step.exit().output, "29999\n30000\nafter\n"), "with its output");
          Exit late = engine.run(2, "touch ran");
          must(late.kind == Exit::Kind::not_started && !fs::exists(folder / "ran"), "nothing more is begun");
        }) == "");
}

// Or a step would seem to have failed for the lack of a supervisor, and the run to have failed with it.
TEST_CASE("whoever hears that nothing was begun on a dead supervisor comes after the word of its death") {
  CHECK(told([] {
          for (int round = 0; round < 30; ++round) {
            TestFolder folder;
            Engine engine(folder.path());
            ::kill(engine.supervisor(), SIGKILL);
            must(engine.run(1, "touch ran").kind == Exit::Kind::not_started && !fs::exists(folder / "ran"),
                 "nothing was begun");
            must(engine.was_lost(), fmt::format("the death was told before, in round {}", round));
          }
        }) == "");
}

TEST_CASE("a folder that is not there is said to be missing") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          std::string what;
          try {
            seed.grow(folder / "none", 0);
          } catch (const Error& error) {
            what = error.what();
          }
          must(has(what, "none/sup.lock: No such file or directory"), what);
        }) == "");
}

TEST_CASE("who takes a step up is shown at once what it wrote before") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          {
            Engine engine(folder.path(), 1);
            Running step(engine, 1, shell(folder.path(), "echo 'Continue? '; echo > up; read x < go; echo yes"));
            up.wait();
            engine.client().leave(SupervisorClient::Leaving::steps_run_on);
          }
          Engine engine(folder.path(), 2, {1});
          std::string shown;
          ProcessRunner::Sink sink = [&](std::string_view bytes) {
            shown += bytes;
            if (shown == "Continue? \n") go.ring();
          };
          must_exit(engine.client().attach(1, false, sink, {}), 0);
          must(shown == "Continue? \nyes\n", shown);
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}

TEST_CASE("a supervisor that waits sleeps without an alarm") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          must_exit(engine.run(1, "echo something"), 0);  // and not acknowledged
          std::string path = fmt::format("/proc/{}/syscall", engine.supervisor());
          if (text_of(path).empty()) return;  // this kernel doesn't show it
          until("poll(..., -1)", [&] {
            std::istringstream fields(text_of(path));
            std::string call, fds, count, timeout;
            fields >> call >> fds >> count >> timeout;
            return has(timeout, "0xffffffff");
          });
          engine.leave();
        }) == "");
}

TEST_CASE("SIGTERM does not end a supervisor that has a step") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          Engine engine(folder.path());
          Running step(engine, 1, shell(folder.path(), "echo > up; read x < go; exit 8"));
          up.wait();
          for (int number : {SIGTERM, SIGHUP, SIGINT}) ::kill(engine.supervisor(), number);
          go.ring();
          must_exit(step.exit(), 8);
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}
