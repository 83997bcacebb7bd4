// flock(2) on `<run folder>/lock`: the kernel frees it with the process. Who holds it is asked of the kernel (/proc), never of
// the file: what stands in the file is for people, and may be left over from a process whose pid another one has by now.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "state/journal.h"
#include "state/storage.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr int end_timeout_ms = 30'000;  // a killed process can be held up by a disk
constexpr int looks_for_the_holder = 40;
constexpr std::chrono::milliseconds between_looks{5};

fs::path lock_path(const fs::path& run_folder) { return run_folder / "lock"; }

std::string file_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct LockNote {
  int pid = 0;
  std::string since, doing;
};

std::string note_text(const LockNote& note) {
  return fmt::format("pid {}\nsince {}\ndoing {}\n", note.pid, note.since, note.doing);
}

LockNote read_note(const fs::path& path) {
  LockNote note;
  std::istringstream lines(file_text(path));
  for (std::string line; std::getline(lines, line);) {
    const auto blank = line.find(' ');
    const std::string word = line.substr(0, blank);
    const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (word == "pid") note.pid = std::atoi(rest.c_str());
    if (word == "since") note.since = rest;
    if (word == "doing") note.doing = rest;
  }
  return note;
}

// The program and its command; further words may be inputs.
std::string own_doing() {
  std::istringstream words(file_text("/proc/self/cmdline"));
  std::string program, command;
  std::getline(words, program, '\0');
  std::getline(words, command, '\0');
  program = fs::path(program).filename();
  return command.find_first_of("=/-") == std::string::npos && !command.empty() ? program + " " + command : program;
}

bool is_suspended(int pid) {
  const std::string status = file_text(fmt::format("/proc/{}/stat", pid));
  const auto name_end = status.rfind(')');
  return name_end != std::string::npos && status.substr(name_end, 3) == ") T";
}

// "1: FLOCK  ADVISORY  WRITE 1234 fd:00:5678 0 EOF"; the pid of a process that can't be seen from here is not listed.
struct LockLine {
  int pid = 0;
  unsigned major = 0, minor = 0;
  unsigned long inode = 0;
};

std::optional<LockLine> parse_lock_line(const std::string& line) {
  LockLine found;
  const int fields =
      std::sscanf(line.c_str(), "%*d: FLOCK ADVISORY WRITE %d %x:%x:%lu", &found.pid, &found.major, &found.minor, &found.inode);
  if (fields != 4 || found.pid <= 0) return std::nullopt;
  return found;
}

// It has the file open, and the kernel lists a lock with that descriptor.
bool process_holds(int pid, const fs::path& path) {
  const FileIdentity lock = identity_of(path);
  std::error_code gone;
  for (fs::directory_iterator fd(fmt::format("/proc/{}/fd", pid), gone), end; !gone && fd != end; fd.increment(gone)) {
    if (identity_of(fd->path()) != lock) continue;
    const std::string info = file_text(fmt::format("/proc/{}/fdinfo/{}", pid, fd->path().filename().string()));
    if (info.find("FLOCK") != std::string::npos) return true;
  }
  return false;
}

// On some file systems (btrfs, overlays) the kernel lists another device than stat tells; then the descriptor decides.
bool is_holder(const LockLine& line, const struct stat& lock, const fs::path& path) {
  if (line.inode != lock.st_ino) return false;
  if (line.major == major(lock.st_dev) && line.minor == minor(lock.st_dev)) return true;
  return process_holds(line.pid, path);
}

std::string busy_sentence(const fs::path& folder, int holder) {
  const LockNote note = read_note(lock_path(folder));
  const std::string run = folder.filename().string();
  if (holder == 0) {
    const std::string claim = note.pid != 0 ? fmt::format(" (its lock names pid {}, since {})", note.pid, note.since) : "";
    return fmt::format("run {} is driven by a process that can't be seen from here{}", run, claim);
  }
  std::string sentence = fmt::format("run {} is driven by pid {}", run, holder);
  if (note.pid == holder) sentence += fmt::format(" ({}) since {}", note.doing, note.since);
  return is_suspended(holder) ? sentence + ", which is suspended" : sentence;
}

[[noreturn]] void throw_busy(const fs::path& folder, int holder) {
  std::string hint = "wait for it or stop it there with Ctrl-C, or end it with `--take-over`";
  if (holder == 0) hint = "look for it in other containers and namespaces of this machine";
  if (holder != 0 && is_suspended(holder)) hint = "go on there with `fg`, or end it with `--take-over`";
  throw Error(ExitCode::driven, busy_sentence(folder, holder), hint);
}

enum class Locked { yes, busy };

Locked try_lock(int fd, const fs::path& path) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return Locked::yes;
  if (errno == EWOULDBLOCK || errno == EINTR) return Locked::busy;
  throw_system(ExitCode::journal, "locking " + path.string(), errno);
}

// A lock on a file that was removed meanwhile excludes nobody: then the new file is locked.
std::optional<int> open_and_lock(const fs::path& path) {
  for (;;) {
    const int fd = open_private_file(path);
    struct stat mine {};
    if (try_lock(fd, path) == Locked::busy) {
      close(fd);
      return std::nullopt;
    }
    if (fstat(fd, &mine) == 0 && identity_of(path) == FileIdentity{mine.st_dev, mine.st_ino}) return fd;
    close(fd);
  }
}

// The holder is looked up again after its pidfd is open, so that the signal can't reach another process with the same pid.
void end_holder(const fs::path& folder, int holder) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, holder, 0));
  if (pidfd < 0 && errno == ESRCH) return;
  if (pidfd < 0) throw_system(ExitCode::driven, fmt::format("taking over from pid {}", holder), errno);
  int failure = 0;
  if (lease_holder(folder) == holder) {
    pollfd ended{pidfd, POLLIN, 0};
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) != 0 && errno != ESRCH) failure = errno;
    if (failure == 0 && poll(&ended, 1, end_timeout_ms) == 0) failure = ETIMEDOUT;
  }
  close(pidfd);
  if (failure == 0) return;
  throw_system(ExitCode::driven, fmt::format("ending pid {}, which drives run {}", holder, folder.filename().string()), failure,
               "stop it there with Ctrl-C, or let its owner do so");
}

void write_note(int fd) {
  const LockNote note{getpid(), utc_text(SystemClock().now_ms()), own_doing()};
  const std::string text = note_text(note);
  // For people only: a lock without a note is still a lock.
  if (ftruncate(fd, 0) == 0) std::ignore = pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

int lease_holder(const fs::path& run_folder) {
  const fs::path path = lock_path(run_folder);
  struct stat lock {};
  if (stat(path.c_str(), &lock) != 0) return 0;
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    const auto found = parse_lock_line(line);
    if (found && is_holder(*found, lock, path)) return found->pid;
  }
  const int noted = read_note(path).pid;
  return noted > 0 && process_holds(noted, path) ? noted : 0;
}

Lease Lease::take(const fs::path& run_folder, Mode mode) {
  make_private_folder(run_folder);
  Lease lease;
  lease.folder_ = run_folder;
  for (int looks = 0;; ++looks) {
    if (const auto fd = open_and_lock(lock_path(run_folder))) {
      lease.fd_ = *fd;
      write_note(lease.fd_);
      return lease;
    }
    const int holder = lease_holder(run_folder);
    // Nobody holds it any more, or somebody who can't be seen from here.
    if (holder == 0 && looks < looks_for_the_holder) {
      std::this_thread::sleep_for(between_looks);
      continue;
    }
    if (mode == Mode::polite || holder == 0 || holder == getpid() || lease.ended_pid_ != 0) throw_busy(run_folder, holder);
    end_holder(run_folder, holder);
    lease.ended_pid_ = holder;
  }
}

Lease::Lease(Lease&& other) noexcept
    : folder_(std::move(other.folder_)), fd_(std::exchange(other.fd_, -1)), ended_pid_(other.ended_pid_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  folder_ = std::move(other.folder_);
  fd_ = std::exchange(other.fd_, -1);
  ended_pid_ = other.ended_pid_;
  return *this;
}

Lease::~Lease() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace runbook
