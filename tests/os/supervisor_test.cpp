#include "engine.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

void must_exit(const Exit& exit, int code) {
  must(exit.kind == Exit::Kind::code && exit.number == code,
       fmt::format("it exited with {} (kind {}, number {}, {}, {})", code, static_cast<int>(exit.kind), exit.number, exit.why,
                   exit.output));
}

}  // namespace

TEST_CASE("a command runs, and what it wrote is kept and digested") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Exit exit = engine.run(1, "echo one; echo two >&2; exit 3");
          must_exit(exit, 3);
          must(has(exit.output, "one\n") && has(exit.output, "two\n") && exit.output_total == 8, exit.output);
          Exit one = engine.run(2, "echo one");
          must(one.output_sha256 == sha256_hex("one\n"), "the digest is that of the output");
          must(read_attempt_log(folder.path()).attempts.at(1).status == 3, "the log has its end");
          engine.leave();
        }) == "");
}

TEST_CASE("secrets reach neither output, result, digest nor disk") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Command command =
              shell(folder.path(), "printf 'key=hunt'; printf 'er22\\n'; echo hunter22 >&2; echo k=hunter22 > $RUNBOOK_OUTPUT");
          command.secrets = {"hunter22"};
          command.keeps_result = true;
          Exit exit = engine.run(1, command);
          must_exit(exit, 0);
          must(exit.out == "key=[secret]\n" && exit.err == "[secret]\n", exit.out + exit.err);
          must(exit.named_outputs == "k=hunter22\n", "in memory: " + exit.named_outputs);
          must(!exit.result_is_missing && !exit.named_outputs_are_missing, "nothing is missing");
          for (const auto& entry : fs::directory_iterator(folder.path())) {
            if (entry.is_regular_file()) must(!has(text_of(entry.path()), "hunter22"), entry.path().string());
          }
          command.argv[2] = "echo hunter22";
          must(engine.run(2, command).output_sha256 == sha256_hex("[secret]\n"), "the digest is of what is shown");
          engine.leave();
        }) == "");
}

TEST_CASE("standard input is what was given, or empty") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Command command = shell(folder.path(), "cat; echo .");
          must(engine.run(1, command).output == ".\n", "empty");
          command.input = "given\n";
          must(engine.run(2, command).output == "given\n.\n", "given");
          command.input = std::string(1 << 20, 'x');
          command.argv[2] = "wc -c";
          must(has(engine.run(3, command).output, "1048576"), "large");
          engine.leave();
        }) == "");
}

TEST_CASE("a process sees its own variables, folder, group and umask, and no descriptor or signal of ours") {
  CHECK(told([] {
          TestFolder folder;
          int pipe_of_the_starter[2];
          must(::pipe(pipe_of_the_starter) == 0, "a pipe that is not close-on-exec");
          ::signal(SIGCHLD, SIG_IGN);  // as some starters leave it
          ::signal(SIGINT, SIG_IGN);
          ::umask(027);
          Engine engine(folder.path());
          Command command = shell(folder.path(),
                                  "pwd; umask; ls /proc/self/fd | wc -l; env | grep -c ^RUNBOOK_; echo k=v > $RUNBOOK_OUTPUT; "
                                  "grep SigIgn /proc/self/status | cut -c 17-; ps -o pgid= -p $$ | grep -c \"^ *$$\"");
          command.env.push_back("RUNBOOK_OUTPUT=/nonexistent/of/an/outer/run");
          command.env.push_back("RUNBOOK_ATTEMPT=OUTER/1");
          Exit exit = engine.run(1, command);
          must_exit(exit, 0);
          must(exit.output == folder.path().string() + "\n0027\n4\n2\n80000000\n1\n", exit.output);  // the C library's own
          must(exit.named_outputs == "k=v\n", "its own RUNBOOK_OUTPUT");
          engine.leave();
        }) == "");
}

TEST_CASE("a process that ignores TERM is killed when its time and its grace have passed") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Command command = shell(folder.path(), "trap '' TERM; echo deaf; while :; do sleep 0.05; done");
          command.timeout_ms = 100;
          Exit exit = engine.run(1, command);
          must(exit.kind == Exit::Kind::signal && exit.number == SIGKILL, "killed");
          must(exit.has_timed_out && !exit.was_cancelled, "by its timeout");
          must(has(exit.output, "deaf"), "its output is kept");
          must(read_attempt_log(folder.path()).attempts.at(1).has_timed_out, "T stands in the log");
          engine.leave();
        }) == "");
}

TEST_CASE("a stop ends the process and all of its group") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up");
          Engine engine(folder.path());
          Running step(engine, 1, shell(folder.path(), "sleep 1000 & echo > up; wait"));
          up.wait();
          step.stop();
          must(step.exit().kind == Exit::Kind::signal && step.exit().number == SIGTERM, "ended by TERM");
          must(step.exit().was_cancelled && !step.exit().has_timed_out, "by the stop");
          must(processes_marked("R/1").empty(), "nothing of it lives");
          must(read_attempt_log(folder.path()).attempts.at(1).was_cancelled, "C stands in the log");
          engine.leave();
        }) == "");
}

TEST_CASE("a stop that comes before the start starts nothing") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          std::stop_source stop;
          stop.request_stop();
          must(engine.run(1, shell(folder.path(), "touch ran"), stop.get_token()).kind == Exit::Kind::not_started,
               "not started");
          must(!fs::exists(folder / "ran"), "and it did not run");
          engine.leave();
        }) == "");
}

TEST_CASE("what a step leaves behind is ended with it and named") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Exit exit =
              engine.run(1,
                         "setsid sleep 1001 & env -i /usr/bin/setsid /bin/sleep 1002 & "
                         "setsid sh -c 'trap \"\" TERM; echo deaf > up; sleep 1003' & until test -s up; do sleep 0.01; done");
          must_exit(exit, 0);
          must(exit.strays.size() >= 3, fmt::format("{} strays", exit.strays.size()));
          std::string all = fmt::format("{}", fmt::join(exit.strays, "\n"));
          must(has(all, "sleep 1001") && has(all, "sleep 1002") && has(all, "1003"), all);
          until("the supervisor has no children", [&] { return children_of(engine.supervisor()).empty(); });
          engine.leave();
        }) == "");
}

TEST_CASE("what another step left behind is not touched while that one runs") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go"), end(folder / "end");
          Engine engine(folder.path());
          // Two daemons, one of which hides whose it is.
          Running first(engine, 1,
                        shell(folder.path(),
                              "setsid sh -c 'echo > up; read x < go; echo one > one; echo > up' & "
                              "env -i setsid sh -c 'echo > up; read x < go; echo two > two; echo > up' & read x < end"));
          up.wait(), up.wait();
          Exit second = engine.run(2, "setsid sleep 1000 & true");
          must_exit(second, 0);
          must(second.strays.size() == 1 && has(second.strays[0], "sleep 1000"), "only its own was ended");
          go.ring(), go.ring();
          up.wait(), up.wait();
          end.ring();
          must_exit(first.exit(), 0);
          must(text_of(folder / "one") == "one\n" && text_of(folder / "two") == "two\n", "both daemons lived");
          engine.leave();
        }) == "");
}

TEST_CASE("a stop that comes when only strays are left is not why the step ended") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up");
          Engine engine(folder.path());
          Command command =
              shell(folder.path(),
                    "setsid sh -c 'trap \"\" TERM; echo > up; while :; do sleep 0.05; done' & read x < up; echo > up; exit 0");
          command.grace_ms = 1'000;
          Running step(engine, 1, command);
          until("it runs", [&] { return read_attempt_log(folder.path()).attempts[1].process.pid != 0; });
          pid_t pid = read_attempt_log(folder.path()).attempts[1].process.pid;
          until("it was reaped", [&] { return start_time_of(pid) == 0; });
          step.stop();
          must_exit(step.exit(), 0);
          must(!step.exit().was_cancelled, "it was not stopped");
          engine.leave();
        }) == "");
}

TEST_CASE("orphans that end while a step runs don't stay as zombies") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), end(folder / "end");
          Engine engine(folder.path());
          Running step(engine, 1,
                       shell(folder.path(), "for i in 1 2 3 4 5 6 7 8; do (setsid true &) ; done; echo > up; read x < end"));
          up.wait();
          until("only the step is left", [&] { return children_of(engine.supervisor()).size() == 1; });
          end.ring();
          must_exit(step.exit(), 0);
          engine.leave();
        }) == "");
}

TEST_CASE("many steps at once all give their own ends") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          std::vector<std::unique_ptr<Running>> steps;
          for (int n = 1; n <= 24; ++n)
            steps.push_back(std::make_unique<Running>(engine, n, shell(folder.path(), fmt::format("echo {}; exit {}", n, n))));
          for (int n = 1; n <= 24; ++n) {
            must_exit(steps[static_cast<std::size_t>(n - 1)]->exit(), n);
            must(steps[static_cast<std::size_t>(n - 1)]->exit().output == fmt::format("{}\n", n), "its own output");
            engine.client().acknowledge(n);
          }
          engine.leave();
        }) == "");
}

TEST_CASE("the same number is never begun twice") {
  CHECK(told([] {
          TestFolder folder;
          {
            Engine engine(folder.path());
            must_exit(engine.run(1, "echo x >> ran"), 0);
            Exit again = engine.run(1, "echo x >> ran");
            must(again.kind == Exit::Kind::not_started && again.why == "attempt 1 was begun before", again.why);
            engine.client().acknowledge(1);
            engine.leave();
          }
          Engine later(folder.path(), 2);  // another supervisor of the same run
          must(later.client().greatest() == 1, "it knows what there was");
          must(later.run(1, "echo x >> ran").kind == Exit::Kind::not_started, "not by a later supervisor either");
          must(text_of(folder / "ran") == "x\n", "it ran once");
          later.leave();
        }) == "");
}

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
          RawEngine engine(seed.grow(folder.path()));
          WireWriter hello;
          hello.number(static_cast<std::int64_t>(protocol::Kind::hello));
          hello.number(protocol::version + 1);
          hello.number(1);
          hello.number(0);
          engine.say(hello.bytes());
          must(has(engine.hear_table().refusal, "speaks protocol"), "refused");
        }) == "");
}

TEST_CASE("what an older engine said and nobody read is dropped when a newer one comes") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine older(seed.grow(folder.path()));
          older.say_hello(1);
          older.hear_table();
          ::kill(seed.pid(), SIGSTOP);
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

TEST_CASE("a start with another epoch is ignored") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          RawEngine engine(seed.grow(folder.path()));
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
          RawEngine engine(seed.grow(folder.path()));
          engine.say_hello(1);
          engine.hear_table();
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
          RawEngine engine(seed.grow(folder.path()));
          engine.say_hello(1);
          engine.hear_table();
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
          int held = 0;
          for (int round = 0; round < 60; ++round) {
            SupervisorSeed seed = SupervisorSeed::plant(), other = SupervisorSeed::plant();
            RawEngine engine(seed.grow(folder.path()));
            engine.say_hello(++epoch);
            must(engine.hear_table().refusal.empty(), "greeted");
            engine.say(protocol::bye());
            for (int i = 0; i < round * 20; ++i) ::sched_yield();
            RawEngine next(other.grow(folder.path()));
            next.say_hello(++epoch);
            must(next.hear_table().refusal.empty(), "the next one is greeted");
            held += other.pid() == 0;
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
          RawEngine engine(seed.grow(folder.path()));
          engine.say_hello(1);
          engine.hear_table();
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
          RawEngine dead(seed.grow(folder.path()));
          dead.say_hello(1);
          dead.hear_table();
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
          ::kill(engine.supervisor(), SIGKILL);
          until("it is noticed", [&] { return engine.was_lost(); });
          go.ring();
          must_exit(step.exit(), 7);
          must(has(step.exit().output, "before\n") && has(step.exit().output, "29999\n30000\nafter\n"), "with its output");
          Exit late = engine.run(2, "touch ran");
          must(late.kind == Exit::Kind::not_started && !fs::exists(folder / "ran"), "nothing more is begun");
        }) == "");
}

TEST_CASE("what can't be started says why, and was not started") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          std::int64_t n = 0;
          auto why = [&](const Command& command) {
            Exit exit = engine.run(++n, command);
            must(exit.kind == Exit::Kind::not_started, "not started");
            return exit.why;
          };
          auto argv = [&](const std::vector<std::string>& words) {
            Command command = shell(folder.path(), "");
            command.argv = words;
            return command;
          };
          auto same = [](const std::string& got, const std::string& wanted) { must(got == wanted, got); };
          same(why(argv({})), "there is no program to run");
          same(why(argv({"nonesuch"})), "there is no program `nonesuch` in PATH");
          same(why(argv({"./nonesuch"})), "there is no program `./nonesuch`");
          same(why(argv({"/tmp"})), "`/tmp` is a folder, not a program");
          write_text(folder / "data", "");
          same(why(argv({"./data"})), "`./data` is not executable");
          same(why(argv({"sh", std::string(200'000, 'x')})), "Argument list too long");
          same(why(argv({"sh", std::string("a\0b", 3)})),
               "an argument or a variable holds a NUL byte, which no program can be given");
          same(why(shell(folder / "none", "true")), "the folder " + (folder / "none").string() + " does not exist");
          write_text(folder / "script", "#!/nonexistent/interpreter\n");
          ::chmod((folder / "script").c_str(), 0700);
          same(why(argv({"./script"})), "No such file or directory");
          Command huge = shell(folder.path(), "true");
          huge.output_head = std::int64_t{1} << 60;
          must(has(why(huge), "making room for the output"), "no room");
          must_exit(engine.run(++n, "true"), 0);
          engine.leave();
        }) == "");
}

TEST_CASE("a supervisor without free descriptors refuses to start, hangs nobody and forgets no end") {
  CHECK(told([] {
          TestFolder folder;
          rlimit before{}, low{};
          must(::getrlimit(RLIMIT_NOFILE, &before) == 0, "the limit is known");
          low = {24, before.rlim_max};
          must(::setrlimit(RLIMIT_NOFILE, &low) == 0, "the limit was set");
          SupervisorSeed seed = SupervisorSeed::plant();
          must(::setrlimit(RLIMIT_NOFILE, &before) == 0, "ours was lifted");
          SupervisorClient client({folder.path(), "R", seed.pid(), {}, {}}, seed.grow(folder.path()));
          client.greet(1, {});
          // A sanitizer needs a descriptor when it meets a kind of exception for the first time.
          Command roomless = shell(folder.path(), "true");
          roomless.output_head = std::int64_t{1} << 60;
          must(client.run(99, roomless, no_sink, {}).kind == Exit::Kind::not_started, "refused");
          constexpr int steps = 12;
          std::vector<Exit> exits(steps + 1);
          {
            std::vector<std::jthread> threads;
            for (int n = 1; n <= steps; ++n) {
              Command command = shell(folder.path(), "until test -e go; do sleep 0.01; done; echo done");
              command.keeps_result = true;
              command.secrets = {"hunter22"};
              command.input = "x";
              threads.emplace_back(
                  [&, n, command] { exits[static_cast<std::size_t>(n)] = client.run(n, command, no_sink, {}); });
            }
            until("all were heard", [&] {
              AttemptLog log = read_attempt_log(folder.path());
              return log.attempts.size() >= 2;
            });
            write_text(folder / "go", "");
          }
          int ran = 0;
          for (int n = 1; n <= steps; ++n) {
            const Exit& exit = exits[static_cast<std::size_t>(n)];
            if (exit.kind == Exit::Kind::not_started) continue;
            must_exit(exit, 0);
            must(exit.out == "done\n" && !exit.result_is_missing,
                 fmt::format("its result came along: {} {} {}", exit.out, exit.result_is_missing, exit.output));
            ++ran;
            client.acknowledge(n);
          }
          must(ran > 0, "some ran");
          must(client.run(steps + 1, shell(folder.path(), "true"), no_sink, {}).kind == Exit::Kind::code, "the next one runs");
          client.leave(SupervisorClient::Leaving::all_ended);
        }) == "");
}

TEST_CASE("what can't be logged is not begun, and spoils nothing that comes later") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          SupervisorClient client({folder.path(), "R", seed.pid(), {}, {}}, seed.grow(folder.path()));
          client.greet(1, {});
          auto tiny = [&](const std::string& script) {
            Command command = shell(folder.path(), script);
            command.output_head = command.output_tail = 0;
            command.hash = std::string(64, 'a');
            return command;
          };
          rlimit full{fs::file_size(folder / "log") + 10, RLIM_INFINITY}, free{RLIM_INFINITY, RLIM_INFINITY};
          must(full.rlim_cur > 64, "a spool would fit");
          must(::prlimit(seed.pid(), RLIMIT_FSIZE, &full, nullptr) == 0, "the supervisor's disk is full");
          Exit exit = client.run(1, tiny("touch ran"), no_sink, {});
          must(exit.kind == Exit::Kind::not_started && exit.why == "File too large", exit.why);
          must(!fs::exists(folder / "ran"), "it did not run");
          must(::prlimit(seed.pid(), RLIMIT_FSIZE, &free, nullptr) == 0, "there is room again");
          must_exit(client.run(2, tiny("exit 5"), no_sink, {}), 5);
          AttemptLog log = read_attempt_log(folder.path());
          must(log.attempts.at(2).state == LoggedAttempt::State::ended && log.attempts.at(2).world == this_world(),
               "the log is sound");
          must(log.attempts.count(1) == 0 || log.attempts.at(1).state == LoggedAttempt::State::not_started, "1 did not begin");
          client.acknowledge(2);
          client.leave(SupervisorClient::Leaving::all_ended);
        }) == "");
}

TEST_CASE("without its folder nothing is begun") {
  CHECK(told([] {
          TestFolder folder;
          fs::create_directory(folder / "run");
          Engine engine(folder / "run");
          fs::remove_all(folder / "run");
          Exit exit = engine.run(1, shell(folder.path(), "touch ran"));
          must(exit.kind == Exit::Kind::not_started && has(exit.why, "1.spool: No such file or directory"), exit.why);
          must(!fs::exists(folder / "ran"), "it did not run");
          engine.leave();
        }) == "");
}

TEST_CASE("a folder that is not there is said to be missing") {
  CHECK(told([] {
          TestFolder folder;
          SupervisorSeed seed = SupervisorSeed::plant();
          std::string what;
          try {
            seed.grow(folder / "none");
          } catch (const Error& error) {
            what = error.what();
          }
          must(has(what, "none/sup.lock: No such file or directory"), what);
        }) == "");
}

TEST_CASE("a step may close its output and go on, open it anew by name, and write again") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          must_exit(engine.run(1, "echo before; exec >&- 2>&-; sleep 0.01; exit 3"), 3);
          Exit anew = engine.run(2, "echo one; p=$(readlink /proc/$$/fd/1); exec >&- 2>&-; echo two > \"$p\"");
          must_exit(anew, 0);
          must(anew.output == "one\ntwo\n", anew.output);
          Exit device =
              engine.run(3, "echo one; echo two > /dev/stdout; echo three > /dev/stderr; echo four >> /proc/self/fd/1");
          must_exit(device, 0);
          must(device.output_total == 19, device.output);
          engine.leave();
        }) == "");
}

TEST_CASE("what is shown while it runs is what was written") {
  CHECK(told([] {
          TestFolder folder;
          Bell go(folder / "go");
          Engine engine(folder.path());
          std::string shown;
          ProcessRunner::Sink sink = [&](std::string_view bytes) {
            shown += bytes;
            if (shown == "one\n") go.ring();  // it goes on only when this was seen
          };
          must_exit(engine.client().run(1, shell(folder.path(), "echo one; read x < go; echo two"), sink, {}), 0);
          must(shown == "one\ntwo\n", shown);
          engine.leave();
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
          must_exit(engine.client().attach(1, {}, sink, {}), 0);
          must(shown == "Continue? \nyes\n", shown);
          engine.client().acknowledge(1);
          engine.leave();
        }) == "");
}

TEST_CASE("an attempt has nothing of those before it") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          std::int64_t n = 0;
          for (int round = 0; round < 4; ++round) {
            Exit loud = engine.run(++n, "echo loud; echo louder >&2; echo a=1 > $RUNBOOK_OUTPUT");
            must(loud.named_outputs == "a=1\n" && loud.output_total == 12, "its own");
            engine.client().acknowledge(n);
            Command command = shell(folder.path(), "true");
            if (round % 2 == 1) command.secrets = {"hunter22"};
            Exit quiet = engine.run(++n, command);
            must(quiet.named_outputs.empty() && quiet.output.empty() && quiet.output_total == 0, "nothing");
            must(!fs::exists(folder / fmt::format("{}.output", n)) || text_of(folder / fmt::format("{}.output", n)).empty(),
                 "no file either");
            must(read_spool(folder / fmt::format("{}.spool", n)).total == 0, "an empty spool");
            engine.client().acknowledge(n);
          }
          engine.leave();
        }) == "");
}

TEST_CASE("fifty megabytes block nobody and take no memory") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          must_exit(engine.run(1, "true"), 0);
          [[maybe_unused]] std::int64_t before = private_kb(engine.supervisor());
          Exit exit = engine.run(2, "head -c 50000000 /dev/zero | tr '\\0' x; echo end");
          must_exit(exit, 0);
          must(exit.output_total == 50'000'004 && has(exit.output, "bytes left out]\n") && has(exit.output, "xend\n"),
               "head, tail and count");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
          must(private_kb(engine.supervisor()) < before + 1'000,
               fmt::format("{} KB, before {}", private_kb(engine.supervisor()), before));
#endif
          engine.leave();
        }) == "");
}

TEST_CASE("a result of more than sixteen megabytes is said to be too large") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Command command = shell(folder.path(), "head -c 17000000 /dev/zero");
          command.keeps_result = true;
          must(engine.run(1, command).result_is_too_large, "too large");
          command.argv[2] = "head -c 16000000 /dev/zero";
          Exit fits = engine.run(2, command);
          must(!fits.result_is_too_large && fits.out.size() == 16'000'000, "fits");
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

TEST_CASE("descriptors and memory don't grow with the number of attempts") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          auto descriptors = [&] {
            auto entries = fs::directory_iterator(fmt::format("/proc/{}/fd", engine.supervisor()));
            return std::distance(fs::begin(entries), fs::end(entries));
          };
          std::int64_t n = 0;
          auto some = [&](int count) {
            for (int i = 0; i < count; ++i) {
              must_exit(engine.run(++n, "echo line"), 0);
              engine.client().acknowledge(n);
            }
          };
          some(20);
          auto before = descriptors();
          some(60);
          must(descriptors() == before, fmt::format("{} descriptors, before {}", descriptors(), before));
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
