#include "os/process_id.h"

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/trimmed.h"
#include "os/files.h"

namespace runbook {

namespace {

struct Stat {
  char state = '?';
  pid_t parent = 0;
  pid_t group = 0;
  int threads = 0;
  std::uint64_t start_time = 0;
  std::uint64_t memory = 0;  // 0: it has none, or none any more
  std::uint64_t arguments_begin = 0, arguments_end = 0;
  std::uint64_t environment_begin = 0, environment_end = 0;  // 0: it is just becoming another program
};

// proc(5): the command in parentheses may itself hold blanks and parentheses, so fields are counted from the last one.
std::optional<Stat> stat_of(pid_t pid) {
  auto text = try_read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  auto end_of_command = text->rfind(')');
  if (end_of_command == std::string::npos || end_of_command + 2 >= text->size()) return std::nullopt;
  Stat stat;
  const char* at = text->c_str() + end_of_command + 2;
  stat.state = *at;
  for (int field = 4; field <= 51; ++field) {
    at = std::strchr(at, ' ');
    if (!at) return std::nullopt;
    ++at;
    if (field == 4) stat.parent = static_cast<pid_t>(std::strtol(at, nullptr, 10));
    if (field == 5) stat.group = static_cast<pid_t>(std::strtol(at, nullptr, 10));
    if (field == 20) stat.threads = static_cast<int>(std::strtol(at, nullptr, 10));
    if (field == 22) stat.start_time = std::strtoull(at, nullptr, 10);
    if (field == 23) stat.memory = std::strtoull(at, nullptr, 10);
    if (field == 48) stat.arguments_begin = std::strtoull(at, nullptr, 10);
    if (field == 49) stat.arguments_end = std::strtoull(at, nullptr, 10);
    if (field == 50) stat.environment_begin = std::strtoull(at, nullptr, 10);
    if (field == 51) stat.environment_end = std::strtoull(at, nullptr, 10);
  }
  return stat;
}

// The state is that of its first thread, which may end before others.
bool has_ended(const Stat& stat) { return (stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1; }

bool means_gone(int number) { return number == ENOENT || number == ESRCH; }

// That something can't be looked at does not say that it is not there.
[[noreturn]] void cannot_tell(const std::string& what, const std::string& path, int number) {
  throw_system(
      ExitCode::journal, fmt::format("can't tell {}: reading {}", what, path), number,
      "nothing was decided by it; see that it can be read (are too many files open?), then go on with `runbook run --resume`");
}

// nullopt: there is none. Where /proc hides what belongs to others (hidepid) it says ENOENT of a process that lives, too.
std::optional<Stat> certain_stat_of(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  constexpr int most_looks = 20;  // one that is just going may be there for the one question and not for the other
  int number = 0;
  for (int looks = 0; looks < most_looks; ++looks) {
    if (looks > 0) ::usleep(1'000);
    errno = 0;
    if (auto stat = stat_of(pid)) return stat;
    number = errno;
    if (::kill(pid, 0) != 0 && errno == ESRCH) return std::nullopt;
  }
  cannot_tell(fmt::format("whether process {} lives", pid), fmt::format("/proc/{}/stat", pid), number);
}

enum class Part { arguments, environment };

// As the kernel sees it now: while an exec sets both bounds there is a moment in which they are the same.
bool seems_empty(const Stat& stat, Part part) {
  if (stat.environment_end == 0) return false;
  return part == Part::arguments ? stat.arguments_begin == stat.arguments_end : stat.environment_begin == stat.environment_end;
}

// In the middle of an exec there is nothing to be read: who is seen then would pass for a process without a mark or a name.
// "": also of a process that has ended, or is another user's. Throws Error where it can't be read for another reason, and where an exec
// takes seconds, as from a disk that hangs.
std::string memory_of(pid_t pid, Part part) {
  constexpr int most_looks = 3'000, enough_to_believe = 5;
  int empty_looks = 0;
  const std::string path = "/proc/" + std::to_string(pid) + (part == Part::arguments ? "/cmdline" : "/environ");
  const std::string what = fmt::format("to whom process {} belongs", pid);
  for (int looks = 0; looks < most_looks; ++looks) {
    auto text = try_read_file(path);
    const int number = errno;
    if (!text && !means_gone(number) && number != EACCES && number != EPERM) cannot_tell(what, path, number);
    if (!text || !text->empty()) return text.value_or("");
    auto stat = certain_stat_of(pid);
    if (!stat || stat->memory == 0) return {};
    if (seems_empty(*stat, part) && ++empty_looks == enough_to_believe) return {};
    ::usleep(1'000);
  }
  cannot_tell(what, path, EBUSY);
}

std::string memory_if_readable(pid_t pid, Part part) try { return memory_of(pid, part); } catch (const Error&) {
  return {};
}

std::string command_of(pid_t pid) {
  std::string line = memory_if_readable(pid, Part::arguments);
  while (!line.empty() && line.back() == '\0') line.pop_back();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (line.size() > 80) line = line.substr(0, 80);
  return line;
}

// Throws Error where they can't be listed.
std::vector<pid_t> all_processes() {
  std::vector<pid_t> all;
  DIR* folder = ::opendir("/proc");
  if (!folder) cannot_tell("which processes live", "/proc", errno);
  errno = 0;
  while (dirent* entry = ::readdir(folder)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    auto [rest, error] = std::from_chars(entry->d_name, end, pid);
    if (error == std::errc() && rest == end) all.push_back(pid);
  }
  const int number = errno;
  ::closedir(folder);
  if (number != 0) cannot_tell("which processes live", "/proc", number);
  return all;
}

std::string marker_in(const std::string& environment) {
  std::string wanted = std::string(attempt_marker) + "=";
  std::size_t at = 0;
  while (at < environment.size()) {
    std::size_t end = environment.find('\0', at);
    if (end == std::string::npos) end = environment.size();
    if (environment.compare(at, wanted.size(), wanted) == 0)
      return environment.substr(at + wanted.size(), end - at - wanted.size());
    at = end + 1;
  }
  return {};
}

}  // namespace

ProcessWorld this_world() {
  const char* boot_id = "/proc/sys/kernel/random/boot_id";
  const char* pid_namespace = "/proc/self/ns/pid";
  const char* what = "which boot of which machine this is";
  ProcessWorld world;
  const auto text = try_read_file(boot_id);
  if (!text) cannot_tell(what, boot_id, errno);
  world.boot_id = without_line_ends(*text);
  struct stat info {};
  if (::stat(pid_namespace, &info) == 0) world.pid_namespace = info.st_ino;
  else if (errno != ENOENT) cannot_tell(what, pid_namespace, errno);  // a kernel without such namespaces has none
  return world;
}

std::uint64_t start_time_of(pid_t pid) {
  auto stat = stat_of(pid);
  return stat ? stat->start_time : 0;
}

pid_t parent_of(const ProcessId& process) {
  auto stat = certain_stat_of(process.pid);
  return stat && stat->start_time == process.start_time ? stat->parent : 0;
}

bool is_alive(const ProcessId& process) {
  auto stat = certain_stat_of(process.pid);
  return stat && stat->start_time == process.start_time && !has_ended(*stat);
}

std::string marker_of(pid_t pid) { return marker_in(memory_if_readable(pid, Part::environment)); }

std::vector<ProcessId> processes_marked(const std::string& marker) {
  std::vector<ProcessId> found;
  for (const pid_t pid : all_processes()) {
    if (marker_in(memory_of(pid, Part::environment)) != marker) continue;
    auto stat = certain_stat_of(pid);
    if (stat && !has_ended(*stat)) found.push_back({pid, stat->start_time});
  }
  return found;
}

std::string shown(const Child& child) { return "pid " + std::to_string(child.pid) + " " + child.command; }
std::string named(const Child& child) { return shown({child.pid, 0, false, child.command.substr(0, child.command.find(' '))}); }
std::string not_to_be_ended(const std::string& child) { return child + " (runs on: not permitted to end it)"; }

Child child_of_number(pid_t pid) {
  auto stat = stat_of(pid);
  return stat ? Child{pid, stat->group, has_ended(*stat), command_of(pid)} : Child();
}

std::vector<Child> children_of(pid_t parent) try {
  std::vector<Child> children;
  for (const pid_t pid : all_processes()) {
    auto stat = stat_of(pid);
    if (!stat || stat->parent != parent) continue;
    children.push_back({pid, stat->group, has_ended(*stat), command_of(pid)});
  }
  return children;
} catch (const Error&) {
  return {};
}

std::vector<pid_t> own_children() {
  const pid_t self = ::getpid();
  std::vector<pid_t> numbers;
  const auto listed = try_read_file(fmt::format("/proc/self/task/{}/children", self));
  if (!listed) {
    for (const Child& child : children_of(self)) numbers.push_back(child.pid);
    return numbers;
  }
  const char* at = listed->data();
  const char* const end = at + listed->size();
  for (pid_t pid = 0; at < end; ++at) {
    const auto [rest, error] = std::from_chars(at, end, pid);
    if (error != std::errc()) break;
    numbers.push_back(pid);
    at = rest;
  }
  return numbers;
}

std::vector<Child> living_children(const std::function<bool(pid_t)>& is_passed_over) {
  std::set<pid_t> ended;
  while (true) {
    std::vector<Child> living;
    bool has_another_ended = false;
    for (const pid_t pid : own_children()) {
      if (is_passed_over(pid)) continue;
      Child child = child_of_number(pid);
      child.pid = pid;  // not reaped, it is there
      if (!child.is_zombie) living.push_back(std::move(child));
      else if (ended.insert(pid).second) has_another_ended = true;
    }
    // What it left may stand in the list behind where that had been read.
    if (!has_another_ended) return living;
  }
}

}  // namespace runbook
