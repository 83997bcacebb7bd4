#pragma once
// What stops a command: one exception, caught in main, in the REPL and around a worker. Expected results are values.
#include <exception>
#include <string>

namespace runbook {

enum class ExitCode {
  succeeded = 0,
  step_failed = 1,
  usage = 2,     // the command line, or the runbook, is invalid
  waiting = 3,   // for a person
  in_doubt = 4,  // a decision is needed
  driven = 5,    // another engine drives this run
  journal = 6,   // the journal can't be used, or verify found it broken
  interrupted = 130,
};

class Error : public std::exception {
 public:
  // what: one sentence, what went wrong. hint: what to type or do, may be empty.
  Error(ExitCode code, std::string what, std::string hint = {});

  ExitCode code() const { return code_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ExitCode code_;
  std::string what_;
  std::string hint_;
};

// What an exception says, with the hint of an Error behind it.
std::string with_hint(const std::exception& error);

// "opening /x: Permission denied", with errno's text.
std::string system_message(const std::string& doing, int error_number);
// An Error with that message.
[[noreturn]] void throw_system(ExitCode code, const std::string& doing, int error_number, std::string hint = {});

// Stays on in release builds: a bug of ours, not of the user's. Prints the place and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace runbook

#define RUNBOOK_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::runbook::assertion_failed(#condition, __FILE__, __LINE__))
