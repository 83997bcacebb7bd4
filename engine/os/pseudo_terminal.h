#pragma once
// Terminals as a step with `tty` needs them: one that is made for it, and the person's, which must be found again as it was.
#include <sys/ioctl.h>
#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace runbook {

// How large a terminal is, and how it treats what is typed.
struct TerminalShape {
  winsize size{};
  termios modes{};
  // nullopt: it is no terminal.
  static std::optional<TerminalShape> of(int fd);
  // Between engine and supervisor, which are the same program. nullopt: damaged.
  std::string bytes() const;
  static std::optional<TerminalShape> from(std::string_view bytes);
};

// Every key is a byte, and nothing is made of what is written.
termios raw_modes(termios modes);
bool are_same(const termios& one, const termios& other);

// The terminal of the person, through a description of its own: nobody else's reads and writes become non-blocking by it. Throws Error.
Fd open_own_terminal();

// A new terminal. The other end is held open too: what is written to it can be read to the last byte, and its end is no event.
class PseudoTerminal {
 public:
  // Throws Error.
  explicit PseudoTerminal(const TerminalShape& shape);
  int master() const { return master_.get(); }
  const std::string& path() const { return path_; }  // of the end that the process opens
  // To every process in its foreground, unless that is the group `but`.
  void signal_foreground(int signal, pid_t but) const;

 private:
  Fd master_, other_end_;
  std::string path_;
};

// A person's terminal that an engine has lent to a step. Should the engine die without giving it back, it is made what it was.
class BorrowedTerminal {
 public:
  // As it is now, before the engine changes it.
  explicit BorrowedTerminal(Fd terminal);
  // Only what the relay made of it is taken back: a shell that has noticed first has set it as it wants it.
  void restore() const;

 private:
  Fd terminal_;
  std::optional<TerminalShape> before_;
};

}  // namespace runbook
