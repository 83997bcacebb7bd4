#pragma once
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace runbook {

// Throws Error where std::thread would throw what does not say what it is about.
template <class Work>
std::thread begin_thread(Work work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error& error) {
    throw_system(ExitCode::step_failed, "starting a thread", error.code().value(),
                 "this account may have no more processes: see `ulimit -u`");
  }
}

}  // namespace runbook
