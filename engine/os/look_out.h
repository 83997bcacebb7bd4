#pragma once
// Waking a processor that has gone to sleep takes longer than all else that a short step costs beyond its process. Who expects word
// within a moment therefore looks for it before it sleeps, as kernels do: https://docs.kernel.org/virt/kvm/halt-polling.html
#include <sched.h>

#include <chrono>
#include <thread>

namespace runbook {

// For one thread. Only where there is a processor to spare: with one alone, or while others want it, who sleeps has his turn sooner than
// who looks. Measured with 1,000 short steps on two processors, one of them busy: 2.1 times the bare program when it looked all the same,
// 1.5 so.
class LookOut {
 public:
  using Clock = std::chrono::steady_clock;

  // Until it is there, `end` has come, or somebody else turned out to want the processor.
  template <class IsThere>
  void until(Clock::time_point end, const IsThere& is_there) {
    Clock::time_point now = Clock::now();
    if (!has_several_ || now < asleep_until_) return;
    while (now < end && !is_there()) {
      const Clock::time_point before = Clock::now();
      ::sched_yield();
      now = Clock::now();
      if (now - before < turn_of_another) continue;
      asleep_until_ = now + while_others_work;
      return;
    }
  }

 private:
  static constexpr std::chrono::microseconds turn_of_another{1'000};
  static constexpr std::chrono::milliseconds while_others_work{200};
  const bool has_several_ = std::thread::hardware_concurrency() > 1;
  Clock::time_point asleep_until_;
};

}  // namespace runbook
