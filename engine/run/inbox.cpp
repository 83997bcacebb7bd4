#include "run/inbox.h"

#include <utility>

namespace runbook {

void Inbox::post(Signal signal) {
  {
    std::lock_guard lock(mutex_);
    signals_.push_back(std::move(signal));
  }
  arrived_.notify_one();
}

std::vector<Signal> Inbox::wait(std::optional<std::chrono::milliseconds> at_most) {
  std::unique_lock lock(mutex_);
  auto has_some = [this] { return !signals_.empty(); };
  if (at_most) arrived_.wait_for(lock, *at_most, has_some);
  else arrived_.wait(lock, has_some);
  return std::exchange(signals_, {});
}

}  // namespace runbook
