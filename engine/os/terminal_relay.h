#pragma once
// A step's time at the person's terminal: keys to the step and what it writes to the screen, as they are; the size of the window; an
// escape (Ctrl-], as telnet has it) that leads out. Nothing of it is kept.
#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "os/fd.h"
#include "os/pseudo_terminal.h"
#include "os/screen_modes.h"
#include "os/terminal_lender.h"

namespace runbook {

// Where the escape begins in what was typed: the byte itself, or one of the two ways in which terminals report the key where a program
// asked for it. npos: nowhere.
std::size_t find_escape(std::string_view typed);

// The person's terminal while every key is a byte. It is again what it was when this goes.
class RawTerminal {
 public:
  explicit RawTerminal(int terminal);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  int terminal_;
  termios before_{};
};

// Takes the terminal for as long as it lives. One thread, which is not the relay's.
class TerminalTurn {
 public:
  // Throws Error if it can't be opened; then it was given back.
  TerminalTurn(TerminalLender& lender, std::int64_t n);
  ~TerminalTurn();
  TerminalTurn(const TerminalTurn&) = delete;
  TerminalTurn& operator=(const TerminalTurn&) = delete;

  int terminal() const { return terminal_.get(); }
  const TerminalShape& shape() const { return shape_; }

  enum class Beginning { first, again };
  // `step` is what the person knows it by; `missed`: what it wrote when nobody read it.
  void begin(Fd master, std::string step, std::string missed, Beginning beginning);
  enum class Rest {
    shown,    // the step has ended: what it wrote is shown to its end
    dropped,  // it runs on, and is left
  };
  // The terminal is what it was when this returns. Again, or without `begin`: a no-op.
  void finish(Rest rest);

 private:
  TerminalLender& lender_;
  std::int64_t n_;
  Fd terminal_, master_, woken_;
  TerminalShape shape_;
  std::stop_source leaving_;  // breaks off the question behind the escape
  std::thread thread_;
  std::atomic<Rest> rest_ = Rest::shown;  // read by the relay once it is woken

  void relay(const std::string& step, const std::string& missed, Beginning beginning);
};

}  // namespace runbook
