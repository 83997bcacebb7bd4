// Preloaded into the real binary: which calls at the border of engine and supervisor are which points. The binary knows nothing of it, and
// its steps never see it.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "points.h"

namespace {

using crash::hit;
using crash::Role;

// The next definition of the function that this one stands before.
template <typename Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_engine() { return crash::role() == Role::engine; }

// A point before and after a call. A point's own calls must not change errno.
class Around {
 public:
  explicit Around(const char* point) : point_(point) { tell("before"); }
  ~Around() {
    const int number = errno;
    tell("after");
    errno = number;
  }
  Around(const Around&) = delete;

 private:
  void tell(const char* when) const {
    std::array<char, 40> name{};
    std::snprintf(name.data(), name.size(), "%s.%s", point_, when);
    hit(name.data());
  }
  const char* point_;
};

std::string_view path_of(int fd, std::array<char, 512>& into) {
  std::array<char, 40> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const ssize_t count = ::readlink(link.data(), into.data(), into.size());
  return {into.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Commits are told apart by how far the engine has come.
enum class Phase { opening, beginning, driving } phase = Phase::opening;

const char* commit_point() {
  switch (phase) {
    case Phase::opening: return "e.schema";
    case Phase::beginning: return "e.begin";
    case Phase::driving: return "e.commit";
  }
  return "";
}

const char* sync_point(int fd) {
  std::array<char, 512> buffer{};
  const std::string_view path = path_of(fd, buffer);
  if (!is_engine()) return ends_with(path, "/log") ? "s.log_sync" : "s.sync";
  return ends_with(path, "-wal") ? commit_point() : "e.sync";
}

struct MessageName {
  std::int64_t kind;
  const char* name;
};
constexpr MessageName message_names[] = {{1, "hello"}, {2, "spawn"},     {3, "cancel"},      {4, "acked"},
                                         {5, "bye"},   {6, "table"},     {7, "not_started"}, {8, "ring"},
                                         {9, "exit"},  {10, "end_left"}, {11, "left_ended"}, {12, "stays"}};

const char* name_of(const msghdr& message, std::size_t size) {
  std::int64_t kind = 0;
  if (message.msg_iovlen == 0 || size < sizeof kind) return "line";
  std::memcpy(&kind, message.msg_iov[0].iov_base, sizeof kind);
  for (const MessageName& each : message_names) {
    if (each.kind == kind) return each.name;
  }
  return "line";  // between seed and engine
}

std::array<char, 40> point_of(const char* name, const char* when) {
  std::array<char, 40> point{};
  std::snprintf(point.data(), point.size(), "%c.%s%s", is_engine() ? 'e' : 's', name, when);
  return point;
}

}  // namespace

// The parameters have names of ours, not the C library's.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int fdatasync(int fd) {
  static auto* real = next(fdatasync, "fdatasync");
  const Around around(sync_point(fd));
  return real(fd);
}

int fsync(int fd) {
  static auto* real = next(fsync, "fsync");
  const Around around(sync_point(fd));
  return real(fd);
}

int flock(int fd, int operation) noexcept {
  static auto* real = next(flock, "flock");
  if ((operation & LOCK_EX) == 0) return real(fd, operation);
  hit(is_engine() ? "e.lease.before" : "s.lock.before");
  const int result = real(fd, operation);
  const int number = errno;
  if (result == 0) {
    crash::note(is_engine() ? "engine" : "supervisor");
    if (is_engine()) phase = Phase::beginning;
    hit(is_engine() ? "e.lease.after" : "s.lock.after");
  }
  errno = number;
  return result;
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static auto* real = next(sendmsg, "sendmsg");
  const char* name = name_of(*message, message->msg_iov[0].iov_len);
  hit(point_of(name, ".before").data());
  const bool may_stay_unread = std::strcmp(name, "spawn") == 0 || std::strcmp(name, "exit") == 0;
  const auto unread = point_of(name, ".unread");
  const bool stays_unread = may_stay_unread && crash::is_unread(unread.data());
  const ssize_t result = real(socket, message, flags);
  const int number = errno;
  if (stays_unread) crash::suffer(unread.data());
  if (std::strcmp(name, "hello") == 0) phase = Phase::driving;
  hit(point_of(name, ".after").data());
  errno = number;
  return result;
}

ssize_t recvmsg(int socket, msghdr* message, int flags) {
  static auto* real = next(recvmsg, "recvmsg");
  const ssize_t result = real(socket, message, flags);
  const int number = errno;
  if (result > 0) hit(point_of(name_of(*message, static_cast<std::size_t>(result)), ".read").data());
  errno = number;
  return result;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static auto* real = next(pwrite, "pwrite");
  std::array<char, 512> buffer{};
  if (!is_engine() || !ends_with(path_of(fd, buffer), "/head")) return real(fd, bytes, size, offset);
  const Around around("e.head");
  return real(fd, bytes, size, offset);
}

// A line of the supervisor's log.
ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* real = next(write, "write");
  std::array<char, 512> buffer{};
  if (is_engine() || size == 0 || !ends_with(path_of(fd, buffer), "/log")) return real(fd, bytes, size);
  const std::array<char, 4> point{'s', '.', *static_cast<const char*>(bytes), 0};
  const Around around(point.data());
  return real(fd, bytes, size);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* real = next(mkdir, "mkdir");
  const Around around("e.mkdir");
  return real(path, mode);
}

int open(const char* path, int flags, ...) {
  static auto* real = next(open, "open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_EXCL) == 0) return real(path, flags, mode);
  const Around around("e.create");
  return real(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  static auto* real = next(rename, "rename");
  const Around around(is_engine() ? "e.rename" : "s.rename");
  return real(from, to);
}

pid_t fork() noexcept {
  static auto* real = next(fork, "fork");
  hit("e.fork.before");
  const pid_t pid = real();
  const int number = errno;
  if (pid == 0) {
    crash::became_supervisor();
    hit("s.forked");
  } else if (pid > 0) {
    crash::forked(pid);
    hit("e.fork.after");
  }
  errno = number;
  return pid;
}

int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
                char* const argv[], char* const env[]) {
  static auto* real = next(posix_spawn, "posix_spawn");
  hit("s.child.before");
  const int result = real(pid, path, actions, attributes, argv, env);
  if (result == 0) crash::note_child(*pid);
  hit("s.child.after");
  return result;
}

int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
                 char* const argv[], char* const env[]) {
  static auto* real = next(posix_spawnp, "posix_spawnp");
  const Around around("e.inquiry");
  return real(pid, file, actions, attributes, argv, env);
}

int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  static auto* real = next(waitid, "waitid");
  const int result = real(type, id, info, options);
  const int number = errno;
  const bool is_one_reaped = result == 0 && (options & WNOWAIT) == 0 && info && info->si_pid != 0;
  if (is_one_reaped) hit(is_engine() ? "e.reaped" : "s.reaped");
  errno = number;
  return result;
}

int listen(int socket, int backlog) noexcept {
  static auto* real = next(listen, "listen");
  const Around around("s.listen");
  return real(socket, backlog);
}

long syscall(long number, ...) noexcept {
  using Call = long(long, ...);
  static auto* real = reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, "syscall"));
  va_list rest;
  va_start(rest, number);
  std::array<long, 6> a{};
  for (long& each : a) each = va_arg(rest, long);
  va_end(rest);
  if (number != SYS_pidfd_send_signal) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const Around around("e.takeover");
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
