#include "engine.h"

using namespace runbook;
using namespace runbook::testing;

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
          SupervisorClient client({folder.path(), run_name, seed.pid(), {}}, seed.grow(folder.path(), 0));
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
          SupervisorClient client({folder.path(), run_name, seed.pid(), {}}, seed.grow(folder.path(), 0));
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
          must(exit.kind == Exit::Kind::not_started && exit.why == "writing " + (folder / "log").string() + ": File too large",
               exit.why);
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

TEST_CASE("descriptors and memory don't grow with the number of attempts") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          auto descriptors = [&] {
            auto entries = fs::directory_iterator(fmt::format("/proc/{}/fd", engine.supervisor()));
            return std::distance(fs::begin(entries), fs::end(entries));
          };
          auto is_idle = [&] {  // proc(5): the state follows the command
            std::string stat = text_of(fmt::format("/proc/{}/stat", engine.supervisor()));
            return stat.substr(stat.rfind(')') + 2, 1) == "S";
          };
          std::int64_t n = 0;
          auto some = [&](int count) {
            for (int i = 0; i < count; ++i) {
              must_exit(engine.run(++n, "echo line"), 0);
              engine.client().acknowledge(n);
            }
            until("the supervisor has put away what has ended", is_idle);
          };
          some(20);
          auto before = descriptors();
          some(60);
          must(descriptors() == before, fmt::format("{} descriptors, before {}", descriptors(), before));
          engine.leave();
        }) == "");
}
