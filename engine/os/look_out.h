#pragma once
// Waking a processor that has gone to sleep takes longer than all else that a short step costs beyond its process. Who expects word
// within a moment therefore looks for it before it sleeps, as kernels do: https://docs.kernel.org/virt/kvm/halt-polling.html
#include <sched.h>

#include <chrono>
#include <thread>

namespace runbook {

// Until it is there or `end` has come; between two looks others have their turn. Not with one processor, where what is waited for would
// wait for that.
template <class IsThere>
void look_out(std::chrono::steady_clock::time_point end, const IsThere& is_there) {
  static const bool has_processor_to_spare = std::thread::hardware_concurrency() > 1;
  while (has_processor_to_spare && std::chrono::steady_clock::now() < end && !is_there()) ::sched_yield();
}

}  // namespace runbook
