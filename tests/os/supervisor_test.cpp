#include "engine.h"

using namespace runbook;
using namespace runbook::testing;

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

TEST_CASE("standard output goes whole and as it is where it is wanted, and of that nothing is kept") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          Command command = shell(folder.path(), "cat; yes hunter22 | head -c 9000; echo error >&2");
          command.input = "given\n";
          command.secrets = {"hunter22"};
          int ends[2];
          must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe");
          Fd reads(ends[0]);
          command.out = std::make_shared<Fd>(ends[1]);
          const Exit exit = engine.run(1, std::exchange(command, {}));
          must(exit.output == "error\n" && exit.output_total == 6, "only what went to standard error is kept: " + exit.output);
          std::string all;
          char buffer[4096];
          while (const ssize_t count = ::read(reads.get(), buffer, sizeof buffer)) {
            must(count > 0, "it can be read");
            all.append(buffer, static_cast<std::size_t>(count));
          }
          must(all.size() == 9006 && has(all, "given\nhunter22\nhunter22\n"), "all of it came, and its end was seen");
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
          command.env.emplace_back("RUNBOOK_OUTPUT=/nonexistent/of/an/outer/run");
          command.env.emplace_back("RUNBOOK_ATTEMPT=OUTER/1");
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
          std::int64_t n = 1;
          command.timeout_ms = 100;
          Exit exit = engine.run(n, command);
          // One that was not deaf yet when its time was over is begun with more of it.
          for (std::int64_t time_ms = 400; !has(exit.output, "deaf") && time_ms < 60'000; time_ms *= 4) {
            command.timeout_ms = time_ms;
            exit = engine.run(++n, command);
          }
          must(exit.kind == Exit::Kind::signal && exit.number == SIGKILL, "killed");
          must(exit.has_timed_out && !exit.was_cancelled, "by its timeout");
          must(has(exit.output, "deaf"), "its output is kept");
          must(read_attempt_log(folder.path()).attempts.at(n).has_timed_out, "T stands in the log");
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
          must(processes_marked(mark_of(1)).empty(), "nothing of it lives");
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
