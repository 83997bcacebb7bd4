#include "os/remains.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/error.h"
#include "os/fd.h"
#include "os/supervisor_loop.h"

namespace runbook {

namespace {

// sup.lock is held as long as a supervisor lives. Who tries to get it meanwhile tries again.
bool is_supervised(const std::filesystem::path& folder) {
  const auto path = folder / "sup.lock";
  Fd lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!lock && errno == ENOENT) return false;
  if (!lock) throw_system(ExitCode::journal, "can't tell whether a supervisor is there: opening " + path.string(), errno);
  return ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0;
}

bool has_begun_since_the_boot(const LoggedAttempt& attempt) {
  const bool is_open = attempt.state == LoggedAttempt::State::announced || attempt.state == LoggedAttempt::State::running;
  return is_open && attempt.world.boot_id == this_world().boot_id;
}

}  // namespace

bool is_at_work(const std::filesystem::path& folder, const LoggedAttempt& attempt, const std::string& marker) {
  if (!has_begun_since_the_boot(attempt)) return false;
  const bool is_named = attempt.state == LoggedAttempt::State::running;
  if (is_named && attempt.world == this_world()) return is_alive(attempt.process);
  return (!is_named && is_supervised(folder)) || !processes_marked(marker).empty();
}

bool is_still_read(const std::filesystem::path& folder, const LoggedAttempt& attempt, const std::string& marker) {
  return (has_begun_since_the_boot(attempt) && is_supervised(folder)) || is_at_work(folder, attempt, marker);
}

std::string pid_text(const LoggedAttempt& attempt) {
  return attempt.process.pid != 0 ? fmt::format("pid {}", attempt.process.pid) : "its pid is not known yet";
}

std::vector<Child> remains_of(const LoggedAttempt& attempt, const std::string& marker) {
  if (!attempt.leaves || !(attempt.world == this_world())) return {};
  std::set<pid_t> alive;
  for (const ProcessId& left : attempt.left) {
    if (is_alive(left)) alive.insert(left.pid);
  }
  for (const ProcessId& marked : processes_marked(marker)) {
    if (marked.pid != attempt.process.pid) alive.insert(marked.pid);
  }
  std::vector<Child> remains;
  for (pid_t pid : alive) {
    Child child = child_of_number(pid);
    if (child.pid != 0 && !child.is_zombie) remains.push_back(std::move(child));
  }
  return remains;
}

std::vector<std::string> end_remains(const std::filesystem::path& folder, const std::string& run, std::int64_t grace_ms) {
  AttemptLog log = read_attempt_log(folder);
  std::int64_t kill_at_ms = boot_time_ms() + grace_ms;
  std::set<pid_t> told, beyond;
  std::vector<std::string> ended;
  while (true) {
    bool is_late = boot_time_ms() >= kill_at_ms, is_any_left = false;
    for (const auto& [n, attempt] : log.attempts) {
      for (const Child& child : remains_of(attempt, fmt::format("{}/{}", run, n))) {
        if (beyond.count(child.pid)) continue;
        bool is_first = told.insert(child.pid).second;
        bool is_permitted = ::kill(child.pid, is_late ? SIGKILL : is_first ? SIGTERM : 0) == 0 || errno != EPERM;
        if (is_first) ended.push_back(is_permitted ? named(child) : not_to_be_ended(named(child)));
        if (!is_permitted) beyond.insert(child.pid);
        is_any_left = is_any_left || is_permitted;
      }
    }
    if (!is_any_left) return ended;
    ::usleep(10'000);
  }
}

}  // namespace runbook
