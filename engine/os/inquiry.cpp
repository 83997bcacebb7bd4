#include "os/inquiry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "os/fd.h"
#include "os/files.h"

namespace runbook {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Fd read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_system(ExitCode::usage, "making a pipe", errno);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
};

class Spawning {
 public:
  Spawning() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

class Asking {
 public:
  explicit Asking(const Inquiry& inquiry) : inquiry_(inquiry) {}

  Reply run() {
    if (const int error = spawn()) {
      reply_.number = error;
      return std::move(reply_);
    }
    out_.write.reset();
    err_.write.reset();
    watch();
    if (reply_.kind != Reply::Kind::not_started) kill_all();
    collect();
    return std::move(reply_);
  }

 private:
  // 0, or errno.
  int spawn() {
    Spawning spawning;
    const Fd input = memory_file(inquiry_.input, "input");
    posix_spawn_file_actions_adddup2(&spawning.actions, input.get(), 0);
    posix_spawn_file_actions_adddup2(&spawning.actions, out_.write.get(), 1);
    if (inquiry_.errors == Inquiry::Errors::kept) posix_spawn_file_actions_adddup2(&spawning.actions, err_.write.get(), 2);
    posix_spawn_file_actions_addchdir_np(&spawning.actions, inquiry_.dir.c_str());
    // With a time limit it has a group of its own, to be killed as one; without, it may ask at the terminal.
    if (inquiry_.timeout_ms) posix_spawnattr_setflags(&spawning.attributes, POSIX_SPAWN_SETPGROUP);
    std::vector<char*> argv = pointers_to(inquiry_.argv), env = pointers_to(inquiry_.env);
    return ::posix_spawnp(&pid_, argv[0], &spawning.actions, &spawning.attributes, argv.data(),
                          inquiry_.env.empty() ? environ : env.data());
  }

  static std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
  }

  // Before it is collected: its pid is still its own.
  void kill_all() const { ::kill(inquiry_.timeout_ms ? -pid_ : pid_, SIGKILL); }

  // Until it ended, or must be ended.
  void watch() {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    const std::stop_callback stopped(inquiry_.stop, [this] { kill_all(); });
    const auto deadline = Clock::now() + std::chrono::milliseconds(inquiry_.timeout_ms.value_or(0));
    while (reply_.out.size() <= reply_limit && reply_.err.size() <= reply_limit) {
      std::array<pollfd, 3> fds = {{{process.get(), POLLIN, 0}, {out_.read.get(), POLLIN, 0}, {err_.read.get(), POLLIN, 0}}};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      const int wait_ms = inquiry_.timeout_ms ? static_cast<int>(std::max<std::int64_t>(left, 0)) : -1;
      if (::poll(fds.data(), fds.size(), wait_ms) == 0) {
        reply_.kind = Reply::Kind::timed_out;
        return;
      }
      take(out_.read, reply_.out);
      take(err_.read, reply_.err);
      const bool is_all_read = !out_.read && !err_.read;
      if (fds[0].revents != 0 || (!process && is_all_read)) return;
    }
    reply_.kind = Reply::Kind::too_long;
  }

  // What is there now; at its end the pipe is closed, so that it is not polled again.
  static void take(Fd& fd, std::string& into) {
    std::array<char, 1 << 14> buffer{};
    while (fd && into.size() <= reply_limit) {
      const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) fd.reset();
      if (count <= 0) return;
      into.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  void collect() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    if (reply_.kind != Reply::Kind::not_started) return;
    reply_.kind = WIFEXITED(status) ? Reply::Kind::code : Reply::Kind::signal;
    reply_.number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  }

  const Inquiry& inquiry_;
  Pipe out_, err_;
  pid_t pid_ = 0;
  Reply reply_;
};

}  // namespace

Reply inquire(const Inquiry& inquiry) { return Asking(inquiry).run(); }

std::string why_no_reply(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::code: return fmt::format("exited with {}", reply.number);
    case Reply::Kind::signal: return fmt::format("was ended by signal {}", reply.number);
    case Reply::Kind::not_started: return fmt::format("can't be started: {}", std::strerror(reply.number));
    case Reply::Kind::timed_out: return "did not answer in time";
    case Reply::Kind::too_long: return "printed more than 1 MB";
  }
  return {};
}

}  // namespace runbook
