#pragma once
// The process that owns a run's steps and outlives the engine (RUN: "The supervisor"). Single-threaded, forked before any thread
// and any SQLite handle exists, no exec. It never waits for the engine.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "os/fd.h"

namespace runbook {

// A forked process that waits to be told which run's supervisor it is.
class SupervisorSeed {
 public:
  // Call first thing in a command that drives: one thread, no SQLite. Makes the engine a subreaper, so that it collects
  // the steps' statuses if the supervisor alone dies.
  static SupervisorSeed plant();
  SupervisorSeed(SupervisorSeed&&) = default;
  // Not told anything, it goes.
  ~SupervisorSeed();

  // A connection to the supervisor of that run: this one, or, if one serves the folder already, that one (this one
  // then goes; pid() is 0). Throws Error.
  // `known`: no attempt above it has had an intent.
  Fd grow(const std::filesystem::path& run_folder, std::int64_t known);
  // The engine's child, or 0.
  pid_t pid() const { return pid_; }

 private:
  SupervisorSeed(pid_t pid, Fd line) : pid_(pid), line_(std::move(line)) {}
  pid_t pid_ = 0;
  Fd line_;
};

// argv as main got it: the supervisor shows itself in ps as "runbook: supervisor of RUN".
void remember_command_line(int argc, char** argv);

}  // namespace runbook
