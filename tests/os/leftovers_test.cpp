#include "engine.h"
#include "os/remains.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

Command leaving(const fs::path& dir, const std::string& script) {
  Command command = shell(dir, script);
  command.leaves = true;
  return command;
}

// A daemon that, when told, writes more than a FIFO holds, and says so when it could.
const char* talkative = "(read x < go; head -c 300000 /dev/zero; echo > up; exec sleep 1001) & true";

std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, "\n")); }

}  // namespace

TEST_CASE("what a step leaves behind on purpose lives beside later steps, is read, and ends when the run is left") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          Engine engine(folder.path());
          Exit exit = engine.run(1, leaving(folder.path(), talkative));
          must_exit(exit, 0);
          must(exit.left.size() == 1 && exit.strays.empty(), joined(exit.left));
          engine.client().acknowledge(1);
          Exit other = engine.run(2, "setsid sleep 1000 & true");
          must_exit(other, 0);
          must(other.strays.size() == 1 && has(other.strays[0], "sleep 1000"), "only its own: " + joined(other.strays));
          must(other.left.empty(), "and nothing is left");
          go.ring();
          up.wait();
          must_exit(engine.run(3, "true"), 0);
          ProcessId left = read_attempt_log(folder.path()).attempts.at(1).left.at(0);
          until("it sleeps", [&] { return has(child_of_number(left.pid).command, "sleep 1001"); });
          auto ended = engine.client().end_left();
          must(ended.size() == 1 && has(ended[0], "sleep 1001"), joined(ended));
          must(processes_marked(mark_of(1)).empty(), "it has ended");
          must(engine.client().end_left().empty(), "once");
          engine.leave();
          must(start_time_of(engine.supervisor()) == 0, "and so has the supervisor");
          must(!fs::exists(folder / "1.out"), "its files are gone");
        }) == "");
}

TEST_CASE("what hides whose it is is left behind too, and ended by force if it must be") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up");
          Engine engine(folder.path());
          Exit exit = engine.run(
              1, leaving(folder.path(),
                         "env -i setsid sh -c 'trap \"\" TERM; echo > up; while :; do /bin/sleep 0.05; done' & read x < up"));
          must_exit(exit, 0);
          must(exit.left.size() == 1, joined(exit.left));
          must_exit(engine.run(2, "true"), 0);
          AttemptLog log = read_attempt_log(folder.path());
          must(log.attempts.at(1).leaves && log.attempts.at(1).left.size() == 1, "it stands in the log");
          ProcessId left = log.attempts.at(1).left[0];
          must(is_alive(left), "it lives on");
          must(!engine.client().end_left().empty(), "it was there");
          must(!is_alive(left), "it was killed");
          engine.leave();
        }) == "");
}

TEST_CASE("a supervisor stays for what was left behind, and serves the next engine") {
  CHECK(told([] {
          TestFolder folder;
          ProcessId supervisor;
          {
            Engine engine(folder.path());
            supervisor = {engine.supervisor(), start_time_of(engine.supervisor())};
            must_exit(engine.run(1, leaving(folder.path(), "sleep 1001 & true")), 0);
            engine.client().acknowledge(1);
            engine.leave();
          }
          must(is_alive(supervisor) && !processes_marked(mark_of(1)).empty(), "both live");
          {
            Engine engine(folder.path(), 2);
            must(engine.supervisor() == 0, "it is the same one");
            must_exit(engine.run(2, "true"), 0);
            engine.client().acknowledge(2);
            engine.leave();
          }
          must(is_alive(supervisor) && !processes_marked(mark_of(1)).empty(), "both still live");
          Engine engine(folder.path(), 3);
          must(engine.client().end_left().size() == 1, "it was ended");
          must(processes_marked(mark_of(1)).empty(), "really");
          engine.leave();
          until("it goes", [&] { return !is_alive(supervisor); });
        }) == "");
}

TEST_CASE("a supervisor that stays goes when what was left behind has ended by itself") {
  CHECK(told([] {
          TestFolder folder;
          Engine engine(folder.path());
          ProcessId supervisor{engine.supervisor(), start_time_of(engine.supervisor())};
          must_exit(engine.run(1, leaving(folder.path(), "sleep 1001 & true")), 0);
          engine.client().acknowledge(1);
          engine.leave();
          must(is_alive(supervisor), "it stays");
          for (const auto& process : processes_marked(mark_of(1))) ::kill(process.pid, SIGKILL);
          until("it goes", [&] { return !is_alive(supervisor); });
        }) == "");
}

TEST_CASE("what a step that failed or was stopped leaves behind is ended, meant or not") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up");
          Engine engine(folder.path());
          Exit failed = engine.run(1, leaving(folder.path(), "setsid sleep 1001 & exit 3"));
          must_exit(failed, 3);
          must(failed.left.empty() && failed.strays.size() == 1, "it was ended");
          Running step(engine, 2, leaving(folder.path(), "sleep 1002 & echo > up; wait"));
          up.wait();
          step.stop();
          must(step.exit().was_cancelled && step.exit().left.empty(), "stopped");
          must(processes_marked(mark_of(1)).empty() && processes_marked(mark_of(2)).empty(), "nothing lives");
          engine.leave();
        }) == "");
}

TEST_CASE("what a dead supervisor left behind is read on, and ended at the end of the run") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go"), hidden(folder / "hidden");
          {
            Engine engine(folder.path());
            must_exit(engine.run(1, leaving(folder.path(), talkative)), 0);
            must_exit(engine.run(2, leaving(folder.path(),
                                            "env -i setsid sh -c 'echo > hidden; exec /bin/sleep 1002' & "
                                            "read x < hidden")),
                      0);
            engine.client().acknowledge(1);
            engine.client().acknowledge(2);
            must_exit(engine.run(3, "true"), 0);  // tells of the two
            ProcessId supervisor{engine.supervisor(), start_time_of(engine.supervisor())};
            ::kill(supervisor.pid, SIGKILL);
            until("it is gone", [&] { return engine.was_lost() && !is_alive(supervisor); });
          }
          Engine engine(folder.path(), 2);
          go.ring();
          up.wait();
          must_exit(engine.run(4, "true"), 0);
          AttemptLog log = read_attempt_log(folder.path());
          must(is_alive(log.attempts.at(1).left.at(0)) && is_alive(log.attempts.at(2).left.at(0)), "both live");
          auto ended = engine.client().end_left();
          const std::string all = joined(ended);  // the pids may hold any digits
          must(ended.size() == 2 && !has(all, "sleep 100") && !has(all, " -c"), "their arguments may hold secrets: " + all);
          for (const std::int64_t n : {1, 2}) must(has(all, fmt::format("pid {} ", log.attempts.at(n).left.at(0).pid)), all);
          must(!is_alive(log.attempts.at(1).left.at(0)) && !is_alive(log.attempts.at(2).left.at(0)), "none lives");
          engine.leave();
        }) == "");
}

TEST_CASE("a step that leaves something behind ends with its own process when its supervisor has died") {
  CHECK(told([] {
          TestFolder folder;
          Bell up(folder / "up"), go(folder / "go");
          Engine engine(folder.path());
          Running step(engine, 1, leaving(folder.path(), "sleep 1001 & echo > up; read x < go; exit 0"));
          up.wait();
          until("it is logged", [&] { return read_attempt_log(folder.path()).attempts[1].process.pid != 0; });
          ::kill(engine.supervisor(), SIGKILL);
          until("it is noticed", [&] { return engine.was_lost(); });
          go.ring();
          must_exit(step.exit(), 0);
          must(step.exit().left.size() == 1 && has(step.exit().left[0], "sleep 1001"), joined(step.exit().left));
          must(processes_marked(mark_of(1)).size() == 1, "it lives on");
          must(engine.client().end_left().size() == 1, "and is ended");
          must(processes_marked(mark_of(1)).empty(), "really");
        }) == "");
}

TEST_CASE("what is left by processes of another boot is no concern of ours") {
  LoggedAttempt attempt;
  attempt.world = this_world();
  attempt.leaves = true;
  attempt.left = {{::getpid(), start_time_of(::getpid())}};
  CHECK(remains_of(attempt, "no such/1").size() == 1);
  attempt.left[0].start_time -= 1;
  CHECK(remains_of(attempt, "no such/1").empty());
  attempt.left[0].start_time += 1;
  attempt.world.boot_id = "another";
  CHECK(remains_of(attempt, "no such/1").empty());
}
