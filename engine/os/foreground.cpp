#include "os/foreground.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "os/core_dumps.h"
#include "os/fd.h"
#include "os/program.h"

namespace runbook {

namespace {

// Whoever is in the background may only take the terminal with this signal blocked (POSIX.1-2017, tcsetpgrp).
class WithoutTtou {
 public:
  WithoutTtou() {
    sigset_t ttou;
    ::sigemptyset(&ttou);
    ::sigaddset(&ttou, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &ttou, &before_);
  }
  ~WithoutTtou() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutTtou(const WithoutTtou&) = delete;
  WithoutTtou& operator=(const WithoutTtou&) = delete;

 private:
  sigset_t before_{};
};

class TerminalAsItWas {
 public:
  TerminalAsItWas() : is_known_(::tcgetattr(0, &before_) == 0), group_(::tcgetpgrp(0)) {}
  ~TerminalAsItWas() {
    const WithoutTtou safely;
    if (group_ > 0) ::tcsetpgrp(0, group_);
    if (is_known_) ::tcsetattr(0, TCSADRAIN, &before_);
  }
  TerminalAsItWas(const TerminalAsItWas&) = delete;
  TerminalAsItWas& operator=(const TerminalAsItWas&) = delete;

 private:
  termios before_{};
  bool is_known_;
  pid_t group_;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

[[noreturn]] void become(const std::string& program, char* const* argv, char* const* env, const char* dir, int failed) {
  sigset_t none;
  ::sigemptyset(&none);
  ::setpgid(0, 0);
  ::tcsetpgrp(0, ::getpid());
  for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGTTOU}) ::signal(each, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  set_core_limit(core_limit_before());
  ::dup2(2, 1);  // results of the run alone go to its standard output
  if (::chdir(dir) == 0) ::execve(program.c_str(), argv, env);
  const int error = errno;
  (void)!::write(failed, &error, sizeof error);
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, WUNTRACED) < 0 || WIFSTOPPED(status)) {
    if (!WIFSTOPPED(status)) continue;
    ::kill(-child, SIGCONT);  // nobody is there to whom it could be left
    status = 0;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int run_in_foreground(const std::vector<std::string>& argv, const std::vector<std::string>& env, const std::string& dir) {
  const std::string program = find_program(argv.at(0), env, dir);
  if (program.empty()) throw Error(ExitCode::usage, fmt::format("there is no program `{}`", argv[0]));
  const std::vector<char*> words = pointers(argv), variables = pointers(env);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(ExitCode::usage, fmt::format("`{}`: {}", argv[0], std::strerror(errno)));
  const Fd reads(ends[0]);
  Fd writes(ends[1]);
  const TerminalAsItWas terminal;
  pid_t child = -1;
  {
    const WithoutTtou safely;
    child = ::fork();
    if (child == 0) become(program, words.data(), variables.data(), dir.c_str(), writes.get());
    if (child > 0) {
      ::setpgid(child, child);
      ::tcsetpgrp(0, child);
    }
  }
  if (child < 0) throw Error(ExitCode::usage, fmt::format("`{}`: {}", argv[0], std::strerror(errno)));
  writes = Fd();
  int error = 0;
  const bool has_failed = ::read(reads.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error);
  const int status = wait_for(child);
  if (has_failed) throw Error(ExitCode::usage, fmt::format("`{}` in {}: {}", argv[0], dir, std::strerror(error)));
  return status;
}

}  // namespace runbook
