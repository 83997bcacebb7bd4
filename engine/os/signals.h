#pragma once
#include <functional>
#include <thread>

#include "os/fd.h"

namespace runbook {

// Turns SIGINT, SIGTERM, SIGHUP and SIGWINCH into calls on one thread. Make it before any other thread; it blocks these signals in the
// calling thread, and threads inherit that. SIGPIPE is ignored.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void(int)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;

 private:
  Fd signals_, end_;
  std::thread thread_;
};

}  // namespace runbook
