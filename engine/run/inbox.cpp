#include "run/inbox.h"

#include <utility>

namespace runbook {

void Inbox::post(Signal signal) {
  {
    std::unique_lock lock(mutex_);
    if (is_to_be_served(signal)) serve(lock, signal);
    else signals_.push_back(std::move(signal));
  }
  arrived_.notify_one();
}

// In the order in which they came: what came before it is not passed over.
bool Inbox::is_to_be_served(const Signal& signal) const {
  return server_ && served_ == Served::no && signals_.empty() && std::holds_alternative<Ended>(signal);
}

void Inbox::serve(std::unique_lock<std::mutex>& lock, Signal& signal) {
  served_ = Served::begun;
  lock.unlock();
  std::exception_ptr failure;
  try {
    (*server_)(signal);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  served_ = Served::done;
  failure_ = std::move(failure);
}

std::vector<Signal> Inbox::wait(std::optional<std::chrono::milliseconds> at_most, const Serve& serve) {
  std::unique_lock lock(mutex_);
  server_ = serve ? &serve : nullptr;
  auto has_some = [this] { return !signals_.empty() || served_ == Served::done; };
  if (at_most) arrived_.wait_for(lock, *at_most, has_some);
  else arrived_.wait(lock, has_some);
  arrived_.wait(lock, [this] { return served_ != Served::begun; });
  server_ = nullptr;
  const bool was_served = std::exchange(served_, Served::no) == Served::done;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return was_served ? std::vector<Signal>() : std::exchange(signals_, {});
}

}  // namespace runbook
