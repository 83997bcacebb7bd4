#pragma once
// Who a process is, beyond its number: a pid alone may have been given away again.
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

// Names one boot of one machine and one PID namespace: pids mean something only within it.
struct ProcessWorld {
  std::string boot_id;
  std::uint64_t pid_namespace = 0;
  bool operator==(const ProcessWorld&) const = default;
};
// Throws Error (exit 6), as whatever here says so: where it can't be seen what is there, nothing is said of it.
ProcessWorld this_world();

struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot: proc(5), field 22 of stat
};

// 0 if there is no such process, or it can't be seen now.
std::uint64_t start_time_of(pid_t pid);
// Exists, is the same, and is no zombie. Within this world only. Throws Error.
bool is_alive(const ProcessId& process);
// Of the same, zombie or not; 0 if there is none any more. Throws Error.
pid_t parent_of(const ProcessId& process);

// Every step's process carries RUNBOOK_ATTEMPT=<run>/<n> in its environment; children inherit it.
inline constexpr std::string_view attempt_marker = "RUNBOOK_ATTEMPT";
// The value of that variable in a process's environment, or "", also where it can't be read. Waits a moment for a process that is in the middle of an exec.
std::string marker_of(pid_t pid);
// All processes that carry it, but those of users whose processes may not be read. Throws Error.
std::vector<ProcessId> processes_marked(const std::string& marker);

struct Child {
  pid_t pid = 0;
  pid_t group = 0;
  bool is_zombie = false;
  std::string command;  // as ps shows it, short
};
// As a person is told of it: "pid 12 sleep 60".
std::string shown(const Child& child);
// Without its arguments, where nobody may know any more which secrets are to be masked in them: "pid 12 sleep".
std::string named(const Child& child);
std::string not_to_be_ended(const std::string& child);
// Process 0 if there is none of that number, or it can't be seen now.
Child child_of_number(pid_t pid);
// Processes whose parent is `parent`, by a scan of /proc; none where that can't be read.
std::vector<Child> children_of(pid_t parent);
// Children of this process, zombies among them, without such a scan where the kernel knows a better way (CONFIG_PROC_CHILDREN). Whole
// only in a process that has one thread: then nobody else reaps while it looks.
std::vector<pid_t> own_children();
// Those of them that live, but what is passed over: none that a child gives on by its end while this looks is missing. One that can't be
// looked at (no descriptor is free) has its number alone.
std::vector<Child> living_children(const std::function<bool(pid_t)>& is_passed_over);

}  // namespace runbook
