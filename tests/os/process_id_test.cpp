#include "os/process_id.h"

#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A process of ours that waits until it is killed, with this environment.
class Sleeper {
 public:
  explicit Sleeper(const std::string& variable = "A=1") : pid_(::fork()) {
    if (pid_ != 0) return;
    std::string text = variable;
    char* argv[] = {const_cast<char*>("sleep"), const_cast<char*>("1000"), nullptr};
    char* env[] = {const_cast<char*>("OTHER=2"), text.data(), nullptr};
    ::execve("/bin/sleep", argv, env);
    ::_exit(127);
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }
  ProcessId id() const { return {pid_, start_time_of(pid_)}; }

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("this world is one boot and one PID namespace") {
  CHECK(this_world() == this_world());
  CHECK(this_world().boot_id.size() == 36);
  CHECK(this_world().pid_namespace != 0);
}

TEST_CASE("a process is itself only with its start time") {
  Sleeper sleeper;
  ProcessId id = sleeper.id();
  CHECK(id.start_time > 0);
  CHECK(is_alive(id));
  CHECK_FALSE(is_alive({id.pid, id.start_time - 1}));
  CHECK_FALSE(is_alive({id.pid, 0}));
  CHECK(start_time_of(0) == 0);
}

TEST_CASE("what can't be looked at is not said to be gone") {
  CHECK(told([] {
          Sleeper sleeper;
          const ProcessId living = sleeper.id(), gone{4'194'304, 1};  // no number is that great: proc(5), pid_max
          auto throws = [](const std::string& what, const std::function<void()>& look) {
            try {
              look();
            } catch (const Error& error) {
              return must(error.code() == ExitCode::journal && has(error.what(), "can't tell " + what), error.what());
            }
            must(false, "can't tell " + what);
          };
          // A sanitizer needs a descriptor when it meets a kind of exception for the first time.
          throws("nothing", [] { throw Error(ExitCode::journal, "can't tell nothing"); });
          rlimit before{}, none{};
          must(::getrlimit(RLIMIT_NOFILE, &before) == 0, "the limit is known");
          none.rlim_max = before.rlim_max;
          must(::setrlimit(RLIMIT_NOFILE, &none) == 0, "no descriptor is free");
          throws("which boot", [] { this_world(); });
          throws(fmt::format("whether process {} lives", living.pid), [&] { is_alive(living); });
          throws(fmt::format("whether process {} lives", living.pid), [&] { parent_of(living); });
          throws("which processes live", [] { processes_marked("R/1"); });
          must(!is_alive(gone) && parent_of(gone) == 0, "a number that nobody has tells enough");
          must(start_time_of(living.pid) == 0 && marker_of(living.pid).empty() && child_of_number(living.pid).pid == 0 &&
                   children_of(::getpid()).empty(),
               "who only asks what is seen is told that nothing is");
          must(::setrlimit(RLIMIT_NOFILE, &before) == 0, "the limit was lifted");
          must(is_alive(living), "it lives");
        }) == "");
}

TEST_CASE("a process that /proc hides from its neighbours is not said to be gone") {
  if (::geteuid() != 0) {
    MESSAGE("not run: only root can mount a /proc with hidepid");
    return;
  }
  CHECK(told([] {
          Sleeper sleeper;
          const ProcessId living = sleeper.id(), gone{4'194'304, 1};
          const bool is_apart = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
          must(is_apart && ::mount("proc", "/proc", "proc", 0, "hidepid=2") == 0, system_message("mounting /proc", errno));
          must(::setgroups(0, nullptr) == 0 && ::setegid(65534) == 0 && ::seteuid(65534) == 0, "somebody else looks");
          must(start_time_of(living.pid) == 0, "it is hidden");
          std::string why;
          try {
            why = is_alive(living) ? "it lives" : "it is gone";
          } catch (const Error& error) {
            why = error.what();
          }
          must(!is_alive(gone), "a number that nobody has tells enough");
          must(::seteuid(0) == 0, "root again");
          must(has(why, "can't tell whether process"), why);
        }) == "");
}

TEST_CASE("a zombie is not alive") {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  ProcessId id{pid, start_time_of(pid)};
  CHECK(id.start_time > 0);
  CHECK_FALSE(is_alive(id));
  auto children = children_of(::getpid());
  auto found = std::find_if(children.begin(), children.end(), [&](const Child& child) { return child.pid == pid; });
  REQUIRE(found != children.end());
  CHECK(found->is_zombie);
  ::waitpid(pid, nullptr, 0);
  CHECK(start_time_of(pid) == 0);
}

TEST_CASE("children are known without a look at all processes: those that live, the zombies, and nobody else's") {
  // In a process of its own: it has one thread, and no children but these.
  pid_t parent = ::fork();
  if (parent == 0) {
    for (int i = 0; i < 40; ++i) {
      if (::fork() == 0) ::pause();
    }
    std::vector<pid_t> scanned;
    for (const Child& child : children_of(::getpid())) scanned.push_back(child.pid);
    ::kill(scanned.at(3), SIGKILL);
    siginfo_t info{};
    bool is_zombie = ::waitid(P_PID, static_cast<id_t>(scanned.at(3)), &info, WEXITED | WNOWAIT) == 0;
    std::vector<pid_t> known = own_children();
    std::sort(scanned.begin(), scanned.end());
    std::sort(known.begin(), known.end());
    bool is_same = is_zombie && known.size() == 40 && known == scanned;
    for (pid_t pid : scanned) ::kill(pid, SIGKILL);
    while (::wait(nullptr) > 0) continue;
    ::_exit(is_same && own_children().empty() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(parent, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("what a child leaves by its end is seen, also when that comes while the children are looked at") {
  CHECK(told([] {
          must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans come to this process");
          int ends[2];
          must(::pipe(ends) == 0, "a pipe");
          const pid_t child = ::fork();
          if (child == 0) {
            const pid_t grandchild = ::fork();
            if (grandchild == 0) ::pause();
            must(::write(ends[1], &grandchild, sizeof grandchild) == sizeof grandchild, "its number is told");
            ::pause();
          }
          pid_t grandchild = 0;
          must(::read(ends[0], &grandchild, sizeof grandchild) == sizeof grandchild, "its number is heard");
          // Asked before a child is looked at, and after the list of them was read.
          const auto living = living_children([&](pid_t pid) {
            if (pid != child) return false;
            ::kill(child, SIGKILL);
            siginfo_t info{};
            return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0;
          });
          must(living.size() == 1 && living[0].pid == grandchild, fmt::format("{} are seen", living.size()));
          ::kill(grandchild, SIGKILL);
        }) == "");
}

TEST_CASE("a process whose first thread has ended lives as long as another one does") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const char* program =
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); "
        "ctypes.CDLL(None).pthread_exit(None)";
    ::execl("/usr/bin/python3", "python3", "-c", program, nullptr);
    ::_exit(127);
  }
  until("its first thread has ended", [&] { return has(text_of("/proc/" + std::to_string(pid) + "/stat"), ") Z "); });
  CHECK(is_alive({pid, start_time_of(pid)}));
  CHECK_FALSE(child_of_number(pid).is_zombie);
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(is_alive({pid, start_time_of(pid)}));
  ::waitpid(pid, nullptr, 0);
}

TEST_CASE("processes are found by their attempt's marker, and only by the whole of it") {
  std::string marker = "run-" + std::to_string(::getpid()) + "/1";
  Sleeper marked("RUNBOOK_ATTEMPT=" + marker), longer("RUNBOOK_ATTEMPT=" + marker + "2"), other("XRUNBOOK_ATTEMPT=" + marker);
  until("its environment is there",
        [&] { return marker_of(marked.pid()) == marker && marker_of(longer.pid()) == marker + "2"; });
  auto found = processes_marked(marker);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pid == marked.pid());
  CHECK(found[0].start_time == start_time_of(marked.pid()));
  until("it is another program by now",
        [&] { return has(text_of("/proc/" + std::to_string(other.pid()) + "/cmdline"), "1000"); });
  CHECK(marker_of(other.pid()).empty());
}

TEST_CASE("a process that becomes another program is known all the while") {
  std::string marker = "run-" + std::to_string(::getpid()) + "/2";
  pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("RUNBOOK_ATTEMPT", marker.c_str(), 1);
    ::execl("/bin/sh", "sh", "-c", "test $1 = 0 && exec sleep 1000; exec sh -c \"$0\" \"$0\" $(($1 - 1))",
            "test $1 = 0 && exec sleep 1000; exec sh -c \"$0\" \"$0\" $(($1 - 1))", "300", nullptr);
    ::_exit(127);
  }
  until("it has begun", [&] { return marker_of(pid) == marker; });
  int unknown = 0;
  until("it is the last one", [&] {
    for (int looks = 0; looks < 50; ++looks) unknown += marker_of(pid) == marker ? 0 : 1;
    for (int looks = 0; looks < 50; ++looks) unknown += child_of_number(pid).command.empty() ? 1 : 0;
    return has(text_of("/proc/" + std::to_string(pid) + "/comm"), "sleep");
  });
  CHECK(unknown == 0);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST_CASE("a command with blanks and parentheses in its name is read right") {
  TestFolder folder;
  auto program = folder / "a ) S 7 (b";
  fs::copy_file("/bin/sleep", program);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(program.c_str(), program.c_str(), "1000", nullptr);
    ::_exit(127);
  }
  until("it runs", [&] { return has(text_of("/proc/" + std::to_string(pid) + "/cmdline"), "1000"); });  // later than its name
  CHECK(is_alive({pid, start_time_of(pid)}));
  auto children = children_of(::getpid());
  CHECK(std::any_of(children.begin(), children.end(),
                    [&](const Child& child) { return child.pid == pid && has(child.command, "1000"); }));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}
