#include "os/pseudo_terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace runbook {

std::optional<TerminalShape> TerminalShape::of(int fd) {
  TerminalShape shape;
  if (::tcgetattr(fd, &shape.modes) != 0) return std::nullopt;
  ::ioctl(fd, TIOCGWINSZ, &shape.size);
  return shape;
}

std::string TerminalShape::bytes() const {
  std::string text(sizeof size + sizeof modes, '\0');
  std::memcpy(text.data(), &size, sizeof size);
  std::memcpy(text.data() + sizeof size, &modes, sizeof modes);
  return text;
}

std::optional<TerminalShape> TerminalShape::from(std::string_view bytes) {
  TerminalShape shape;
  if (bytes.size() != sizeof shape.size + sizeof shape.modes) return std::nullopt;
  std::memcpy(&shape.size, bytes.data(), sizeof shape.size);
  std::memcpy(&shape.modes, bytes.data() + sizeof shape.size, sizeof shape.modes);
  return shape;
}

termios raw_modes(termios modes) {
  ::cfmakeraw(&modes);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  return modes;
}

bool are_same(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
         one.c_lflag == other.c_lflag && std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

Fd open_own_terminal() {
  constexpr int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  Fd terminal(::open("/dev/tty", flags));  // even where the device itself belongs to another user: after `su`
  if (!terminal) terminal = Fd(::open("/proc/self/fd/0", flags));
  if (!terminal || ::isatty(terminal.get()) != 1) throw_system(ExitCode::step_failed, "opening the terminal", errno);
  return terminal;
}

PseudoTerminal::PseudoTerminal(const TerminalShape& shape)
    : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
  char path[64];
  const bool is_there = master_ && ::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0 &&
                        ::ptsname_r(master_.get(), path, sizeof path) == 0;
  if (is_there) other_end_ = Fd(::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!other_end_) throw_system(ExitCode::step_failed, "making a terminal", errno, "is devpts mounted on /dev/pts?");
  path_ = path;
  ::tcsetattr(other_end_.get(), TCSANOW, &shape.modes);
  ::ioctl(master_.get(), TIOCSWINSZ, &shape.size);
}

void PseudoTerminal::signal_foreground(int signal, pid_t but) const {
  const pid_t group = ::tcgetpgrp(master_.get());
  if (group > 1 && group != but) ::kill(-group, signal);
}

BorrowedTerminal::BorrowedTerminal(Fd terminal) : terminal_(std::move(terminal)), before_(TerminalShape::of(terminal_.get())) {}

void BorrowedTerminal::restore() const {
  const std::optional<TerminalShape> now = TerminalShape::of(terminal_.get());
  if (!before_ || !now || !are_same(now->modes, raw_modes(before_->modes))) return;
  ::tcsetattr(terminal_.get(), TCSANOW, &before_->modes);
}

}  // namespace runbook
