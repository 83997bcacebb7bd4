#include "points.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>

namespace crash {
namespace {

constexpr std::size_t longest_name = 40, most_points = 160, most_faults = 8;

struct Counter {
  std::array<char, longest_name> point{};
  int hits = 0;
};
struct Fault {
  std::array<char, longest_name> point{};
  int n = 0;
  std::array<char, 16> action{};
};

std::mutex mutex;  // guards the counters
std::array<Counter, most_points> counters;
std::array<Fault, most_faults> faults;
std::array<char, 512> folder{};
std::array<char, 512> mark{};  // what the environment of a step of this world holds
Role own_role = Role::engine;
pid_t other = 0;  // the engine's child, or the supervisor's parent

// The calls that the shim watches are made past it.
long direct(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  using Call = long (*)(long, ...);
  static const Call call = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "syscall"));
  return call(number, a, b, c, d);
}
int open_file(const char* path, int flags) {
  return static_cast<int>(direct(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path), flags, 0600));
}
void write_text(int fd, const char* text) {
  direct(SYS_write, fd, reinterpret_cast<long>(text), static_cast<long>(std::strlen(text)));
}

std::array<char, 600> path_of(const char* name) {
  std::array<char, 600> path{};
  std::snprintf(path.data(), path.size(), "%s/%s", folder.data(), name);
  return path;
}

// Whole lines, appended, so that two processes may write at once.
void append(const char* name, const char* line, int flags = O_APPEND) {
  const int fd = open_file(path_of(name).data(), O_WRONLY | O_CREAT | O_CLOEXEC | flags);
  if (fd < 0) return;
  write_text(fd, line);
  direct(SYS_close, fd);
}

template <std::size_t N>
std::size_t read_file(const char* path, std::array<char, N>& into) {
  const int fd = open_file(path, O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  while (fd >= 0 && size < N - 1) {
    const long count = direct(SYS_read, fd, reinterpret_cast<long>(into.data() + size), static_cast<long>(N - 1 - size));
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (fd >= 0) direct(SYS_close, fd);
  into[size] = 0;
  return size;
}

pid_t noted(const char* name) {
  std::array<char, 32> text{};
  return read_file(path_of(name).data(), text) > 0 ? static_cast<pid_t>(std::atoi(text.data())) : 0;
}

// A number may have been given to another process meanwhile.
bool runs_our_program(pid_t pid) {
  std::array<char, 512> own{}, its{};
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/exe", pid);
  return ::readlink("/proc/self/exe", own.data(), own.size() - 1) > 0 &&
         ::readlink(path.data(), its.data(), its.size() - 1) > 0 && std::strcmp(own.data(), its.data()) == 0;
}

// The attempt of a step of this world, as its environment has it; nullptr if the process is none. Valid until the next call.
const char* attempt_of(pid_t pid) {
  static std::array<char, 1 << 16> environment;
  constexpr std::string_view name = "RUNBOOK_ATTEMPT=";
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/environ", pid);
  const std::size_t size = read_file(path.data(), environment);
  const char* attempt = "";
  bool is_ours = false;
  for (const char* at = environment.data(); at < environment.data() + size; at += std::strlen(at) + 1) {
    if (std::strcmp(at, mark.data()) == 0) is_ours = true;
    if (std::strncmp(at, name.data(), name.size()) == 0) attempt = at + name.size();
  }
  return is_ours ? attempt : nullptr;
}

char state_of(pid_t pid) {
  std::array<char, 512> text{};
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", pid);
  if (read_file(path.data(), text) == 0) return 'X';
  const char* name_end = std::strrchr(text.data(), ')');
  return name_end ? name_end[2] : 'X';
}

void stop_and_wait(pid_t pid) {
  if (pid <= 0 || ::kill(pid, SIGSTOP) != 0) return;
  for (int looks = 0; looks < 2000 && std::strchr("TtZX", state_of(pid)) == nullptr; ++looks) ::usleep(500);
}

void note_killed(const char* attempt) {
  std::array<char, 120> line{};
  std::snprintf(line.data(), line.size(), "%s\n", attempt);
  append("killed", line.data());
}

void signal_children(int number, bool with_groups) {
  static std::array<char, 1 << 14> text;
  read_file(path_of("children").data(), text);
  char* rest = nullptr;
  for (char* line = ::strtok_r(text.data(), "\n", &rest); line; line = ::strtok_r(nullptr, "\n", &rest)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(line));
    const char* attempt = pid > 0 ? attempt_of(pid) : nullptr;
    if (!attempt) continue;
    if (number == SIGKILL) note_killed(attempt);
    ::kill(with_groups ? -pid : pid, number);
  }
}

pid_t engine_now() {
  if (own_role == Role::engine) return ::getpid();
  const pid_t pid = noted("engine");
  return pid > 0 && runs_our_program(pid) ? pid : 0;
}
pid_t supervisor_now() {
  if (own_role == Role::supervisor) return ::getpid();
  pid_t pid = noted("supervisor");
  if (pid <= 0 || state_of(pid) == 'Z' || !runs_our_program(pid)) pid = other;
  return pid > 0 && runs_our_program(pid) ? pid : 0;
}

// Who was stopped to leave a message unread goes on, if that is all that was meant.
void wake(pid_t pid) {
  if (pid > 0) ::kill(pid, SIGCONT);
}

void act(const char* action) {
  const bool is_kill = std::strncmp(action, "kill:", 5) == 0;
  const char* who = action + 5;
  const int number = is_kill ? SIGKILL : SIGSTOP;
  if (std::strchr(who, 'g')) signal_children(number, true);
  else if (std::strchr(who, 'c')) signal_children(number, false);
  bool is_own_turn = false;
  for (const char each : {'e', 's'}) {
    if (!std::strchr(who, each)) continue;
    const pid_t pid = each == 'e' ? engine_now() : supervisor_now();
    if (pid == ::getpid()) is_own_turn = true;
    else if (pid > 0 && is_kill) ::kill(pid, SIGKILL);
    else stop_and_wait(pid);
  }
  if (is_kill) wake(own_role == Role::engine ? supervisor_now() : engine_now());
  if (is_own_turn) ::kill(::getpid(), number);
}

int count(const char* point) {
  const std::lock_guard lock(mutex);
  for (Counter& counter : counters) {
    if (counter.point[0] == 0) std::strncpy(counter.point.data(), point, longest_name - 1);
    if (std::strcmp(counter.point.data(), point) == 0) return ++counter.hits;
  }
  return 0;
}

int count_now(const char* point) {
  const std::lock_guard lock(mutex);
  for (const Counter& counter : counters) {
    if (std::strcmp(counter.point.data(), point) == 0) return counter.hits;
  }
  return 0;
}

const Fault* planned(const char* point, int n) {
  for (const Fault& fault : faults) {
    if (fault.n == n && std::strcmp(fault.point.data(), point) == 0) return &fault;
  }
  return nullptr;
}

int counted(const char* point) {
  const int n = count(point);
  std::array<char, 120> line{};
  std::snprintf(line.data(), line.size(), "%d %s %d\n", ::getpid(), point, n);
  append("trace", line.data());
  return n;
}

void suffer(const Fault& fault) {
  std::array<char, 120> line{};
  std::snprintf(line.data(), line.size(), "%d ! %s %d %s %d %d\n", ::getpid(), fault.point.data(), fault.n, fault.action.data(),
                engine_now(), supervisor_now());
  append("trace", line.data());
  act(fault.action.data());
}

// "point#n=action"
std::optional<Fault> read_fault(char* text) {
  char* number = std::strchr(text, '#');
  char* action = number ? std::strchr(number, '=') : nullptr;
  if (!action) return std::nullopt;
  *number = *action = 0;
  Fault fault;
  std::strncpy(fault.point.data(), text, fault.point.size() - 1);
  fault.n = std::atoi(number + 1);
  std::strncpy(fault.action.data(), action + 1, fault.action.size() - 1);
  return fault;
}

__attribute__((constructor)) void configure() {
  const char* where = ::getenv("CRASH_DIR");
  if (!where) return;
  std::strncpy(folder.data(), where, folder.size() - 1);
  if (const char* world = ::getenv("W")) std::snprintf(mark.data(), mark.size(), "W=%s", world);
  std::array<char, 512> text{};
  if (const char* plan = ::getenv("CRASH_FAULTS")) std::strncpy(text.data(), plan, text.size() - 1);
  std::size_t next = 0;
  char* rest = nullptr;
  for (char* each = ::strtok_r(text.data(), ";", &rest); each && next < most_faults; each = ::strtok_r(nullptr, ";", &rest)) {
    if (const auto fault = read_fault(each)) faults[next++] = *fault;
  }
  for (const char* name : {"LD_PRELOAD", "CRASH_DIR", "CRASH_FAULTS"}) ::unsetenv(name);
}

}  // namespace

Role role() { return own_role; }

void hit(const char* point) {
  if (folder[0] == 0) return;
  if (const Fault* fault = planned(point, counted(point))) suffer(*fault);
}

bool is_unread(const char* point) {
  if (folder[0] == 0) return false;
  const bool is_planned = planned(point, counted(point)) != nullptr;
  if (is_planned) stop_and_wait(own_role == Role::engine ? supervisor_now() : engine_now());
  return is_planned;
}

void suffer(const char* point) {
  if (const Fault* fault = planned(point, count_now(point))) suffer(*fault);
}

void forked(pid_t supervisor) { other = supervisor; }

void became_supervisor() {
  own_role = Role::supervisor;
  other = ::getppid();
  counters = {};
}

void note(const char* name) {
  if (folder[0] == 0) return;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%d\n", ::getpid());
  append(name, text.data(), O_TRUNC);
}

void note_child(pid_t pid) {
  if (folder[0] == 0) return;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%d\n", pid);
  append("children", text.data());
}

}  // namespace crash
