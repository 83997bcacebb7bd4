#include "cli/terminal_share.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/trimmed.h"
#include "os/terminal.h"

namespace runbook {

void TerminalShare::take() {
  turn_.lock();
  if (person_) person_->hold();
  if (console_) console_->hide({});
  if (lines_) lines_->hold();
}

void TerminalShare::give_back() {
  if (lines_) lines_->release();
  if (console_) console_->reveal();
  if (person_) person_->release();
  turn_.unlock();
}

TerminalLender::Choice TerminalShare::escaped(const std::string& step, std::stop_token stop) {
  LineReader reader;
  const std::stop_callback breaks_off(stop, [&] { reader.break_off(); });
  while (true) {
    const auto typed = reader.read_line(fmt::format("in `{}`: back | stop: ", step));
    if (!typed) return fmt::print(stderr, "\n"), Choice::go_back;
    const std::string word(trimmed(*typed));
    if (word == "back") return Choice::go_back;
    if (word == "stop") return Choice::stop_step;
    if (!word.empty()) fmt::print(stderr, "`{}` is not one of: back, stop\n", word);
  }
}

void TerminalShare::stop(std::int64_t n) {
  inbox_.post(Interrupt{Interrupt::Kind::stop, who_ + ", at the step's terminal", n});
}

void TerminalShare::lost() { inbox_.post(Interrupt{Interrupt::Kind::detach, "the terminal went away"}); }

}  // namespace runbook
