#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "base/cells.h"
#include "os/fd.h"

namespace runbook {

bool is_terminal(int fd);
// Colour only on a terminal, without NO_COLOR (no-color.org), and not on TERM=dumb.
bool wants_colour(int fd);
// Whether lines there can be written over.
bool can_redraw(int fd);
// From now on what is written to `stderr` counts as written: when the terminal is gone nobody reads it, and the run goes on all the same.
void bear_a_lost_terminal();
// As wide as it is now; what it does not say itself, COLUMNS says, else 80.
std::size_t terminal_columns(int fd);
// Whether the locale (LC_ALL, LC_CTYPE, LANG) is one of UTF-8; where none is named it is taken for one, as containers name none.
bool speaks_utf8();
Charset terminal_charset();

// What is typed at a terminal, without ever waiting for it: Ctrl-C discards what poll(2) has just promised. It is read by a descriptor of its
// own, since O_NONBLOCK on the inherited one would hold for whoever shares it. What can't be opened is read as inherited, and may wait:
// a terminal of somebody else (after `su`) that isn't the session's.
class TypedInput {
 public:
  explicit TypedInput(int inherited = 0);
  int fd() const { return own_.get() >= 0 ? own_.get() : inherited_; }
  // nullopt: nothing is there after all; empty: the end of input.
  std::optional<std::string> what_is_there() const;

 private:
  int inherited_;
  Fd own_;
};

// Reads lines a person types; another thread may break it off.
class LineReader {
 public:
  LineReader();
  // Shows the prompt, on standard error. What was typed before it is discarded, and nothing behind it. nullopt: end of input (Ctrl-D), or
  // broken off.
  std::optional<std::string> read_line(const std::string& prompt);
  void break_off();
  // A break that came when nothing was read any more does not count for what is read next.
  void forget_break_off();

 private:
  TypedInput typed_;
  Fd wake_;
};

// Asks on standard error and reads what is typed. nullopt: end of input.
std::optional<std::string> ask_line(const std::string& question);

// A line typed at the terminal that does not appear there. nullopt: end of input (Ctrl-D). Ctrl-C is Error (exit 130), so that
// the terminal is left as it was.
std::optional<std::string> read_hidden_line(const std::string& prompt);

}  // namespace runbook
