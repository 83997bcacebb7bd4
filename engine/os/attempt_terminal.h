#pragma once
// The terminal of an attempt with `tty`, in the hands of the supervisor. The engine that has it lent reads it; where there is none it is
// read here, so that the step goes on. Nothing of what passes is ever written down.
#include <string>

#include "os/pseudo_terminal.h"

namespace runbook {

class AttemptTerminal {
 public:
  // Throws Error.
  explicit AttemptTerminal(const TerminalShape& shape) : terminal_(shape) {}
  const PseudoTerminal& device() const { return terminal_; }

  bool is_lent = false;
  // What is there now; the last of it is remembered, for who comes back.
  void read();
  const std::string& missed() const { return missed_; }
  void forget_missed() { missed_.clear(); }

 private:
  PseudoTerminal terminal_;
  std::string missed_;
};

}  // namespace runbook
