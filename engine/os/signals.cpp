#include "os/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstdint>

#include "base/error.h"
#include "os/thread.h"

namespace runbook {

namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, number);
  return set;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void(int)> on_signal) {
  sigset_t set = watched();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  if (signals_) end_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!end_)
    throw_system(ExitCode::interrupted, "listening for signals", errno,
                 "too many files may be open (`ulimit -n`); go on with `runbook run --resume`");
  thread_ = begin_thread([this, on_signal = std::move(on_signal)] {
    while (true) {
      pollfd fds[] = {{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0) continue;
      if (fds[1].revents) return;
      signalfd_siginfo info{};
      if (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
        on_signal(static_cast<int>(info.ssi_signo));
    }
  });
}

SignalWatch::~SignalWatch() {
  std::uint64_t one = 1;
  (void)!::write(end_.get(), &one, sizeof one);
  thread_.join();
}

}  // namespace runbook
