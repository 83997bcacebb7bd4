#include "os/terminal_relay.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "os/thread.h"

namespace runbook {

std::size_t find_escape(std::string_view typed) {
  constexpr std::string_view forms[] = {"\x1d", "\x1b[93;5u", "\x1b[27;5;93~"};
  std::size_t first = std::string_view::npos;
  for (const std::string_view form : forms) first = std::min(first, typed.find(form));
  return first;
}

RawTerminal::RawTerminal(int terminal) : terminal_(terminal) {
  ::tcgetattr(terminal_, &before_);
  const termios raw = raw_modes(before_);
  ::tcsetattr(terminal_, TCSANOW, &raw);
}

RawTerminal::~RawTerminal() { ::tcsetattr(terminal_, TCSANOW, &before_); }

namespace {

constexpr std::size_t at_once = 4096;
constexpr std::size_t most_keys = 64 << 10;  // typed ahead of a step that does not read
constexpr int size_looks_ms = 1'000;         // should a signal about the window have gone elsewhere
constexpr int rest_patience_ms = 2'000;  // a terminal that takes nothing more (Ctrl-S, a dead line) does not hold up the run

// Rings when the window has got another size.
class SizeBell {
 public:
  SizeBell() : bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    rung = bell_.get();
    struct sigaction action {};
    action.sa_handler = [](int) {
      const int error = errno;
      const std::uint64_t one = 1;
      (void)!::write(rung, &one, sizeof one);
      errno = error;
    };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGWINCH, &action, &before_);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
  ~SizeBell() {
    ::sigaction(SIGWINCH, &before_, nullptr);
    rung = -1;
  }
  SizeBell(const SizeBell&) = delete;
  SizeBell& operator=(const SizeBell&) = delete;

  int fd() const { return bell_.get(); }
  void hush() const {
    std::uint64_t count = 0;
    (void)!::read(bell_.get(), &count, sizeof count);
  }

 private:
  inline static std::atomic<int> rung = -1;  // one relay at a time
  Fd bell_;
  struct sigaction before_ {};
};

// What one side has sent and the other has not yet taken.
class Stream {
 public:
  Stream(int from, int to) : from_(from), to_(to) {}
  bool is_empty() const { return waiting_.empty(); }
  std::string& waiting() { return waiting_; }
  short wanted_of_sink() const { return is_empty() ? 0 : POLLOUT; }
  bool has_ended() const { return has_ended_; }

  // False: there is nothing now.
  bool take() {
    std::array<char, at_once> buffer{};
    const ssize_t count = ::read(from_, buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    has_ended_ = count <= 0;
    if (!has_ended_) waiting_.append(buffer.data(), static_cast<std::size_t>(count));
    return !has_ended_;
  }
  void give() {
    if (is_empty()) return;
    const ssize_t count = ::write(to_, waiting_.data(), waiting_.size());
    if (count > 0) waiting_.erase(0, static_cast<std::size_t>(count));
    if (count < 0 && errno != EAGAIN && errno != EINTR) waiting_.clear();  // nobody is there to take it
  }

 private:
  int from_, to_;
  std::string waiting_;
  bool has_ended_ = false;
};

class Relay {
 public:
  enum class End {
    woken,    // it is to end
    escaped,  // the person wants out
    lost,     // there is no terminal any more
  };
  Relay(int terminal, int master, int woken)
      : terminal_(terminal), master_(master), woken_(woken), keys_(terminal, master), screen_(master, terminal) {}

  // What was typed before it is not meant for it.
  void begin(const std::string& missed) {
    ::tcflush(terminal_, TCIFLUSH);
    modes_.feed(missed);
    show(missed);
  }

  End run() {
    const RawTerminal raw(terminal_);
    while (true) {
      follow_size();
      std::array<pollfd, 4> fds{};
      fds[0] = {woken_, POLLIN, 0};
      fds[1] = {size_.fd(), POLLIN, 0};
      fds[2] = {terminal_, static_cast<short>(POLLIN | screen_.wanted_of_sink()), 0};
      const short screen_wanted = screen_.is_empty() ? POLLIN : 0;
      fds[3] = {screen_.has_ended() ? -1 : master_, static_cast<short>(screen_wanted | keys_.wanted_of_sink()), 0};
      if (::poll(fds.data(), fds.size(), size_looks_ms) < 0) continue;
      if (fds[0].revents) return End::woken;
      if (fds[1].revents) size_.hush();
      if (fds[2].revents & (POLLIN | POLLHUP | POLLERR)) {
        if (is_escape_typed()) return End::escaped;
        if (keys_.has_ended()) return End::lost;
      }
      if (fds[3].revents & (POLLIN | POLLHUP) && screen_.is_empty()) read_screen();
      keys_.give();
      screen_.give();
    }
  }

  // To the last byte, which the step has written by now.
  void show_rest() {
    const RawTerminal raw(terminal_);
    while (give_all() && read_screen()) {
    }
  }

  // What it made of the screen is taken back for the time in which it is not there.
  void leave_screen() {
    show(modes_.undone());
    give_all();
  }
  void enter_screen_again() {
    show(modes_.redone());
    redraw();
  }

  // A program draws its screen anew when its size changes.
  void redraw() {
    winsize other = size_now_;
    other.ws_row = other.ws_row > 1 ? static_cast<unsigned short>(other.ws_row - 1) : static_cast<unsigned short>(2);
    ::ioctl(master_, TIOCSWINSZ, &other);
    ::ioctl(master_, TIOCSWINSZ, &size_now_);
  }

  void follow_size() {
    winsize size{};
    if (::ioctl(terminal_, TIOCGWINSZ, &size) != 0 || std::memcmp(&size, &size_now_, sizeof size) == 0) return;
    size_now_ = size;
    ::ioctl(master_, TIOCSWINSZ, &size);
  }

 private:
  void show(const std::string& text) { screen_.waiting() += text; }

  bool read_screen() {
    const bool is_more = screen_.take();
    if (is_more) modes_.feed(screen_.waiting());
    return is_more;
  }

  // It is looked for however much the step has not read yet. What was typed behind it is for nobody.
  bool is_escape_typed() {
    std::string& keys = keys_.waiting();
    const std::size_t before = keys.size();
    if (!keys_.take()) return false;
    const std::size_t at = find_escape(std::string_view(keys).substr(before));
    const bool is_escape = at != std::string_view::npos;
    if (is_escape || keys.size() > most_keys) keys.resize(is_escape ? before + at : before);
    return is_escape;
  }

  // False: the terminal takes nothing.
  bool give_all() {
    while (!screen_.is_empty()) {
      pollfd sink{terminal_, POLLOUT, 0};
      const int ready = ::poll(&sink, 1, rest_patience_ms);
      if (ready == 0) return false;
      if (ready > 0) screen_.give();
    }
    return true;
  }

  int terminal_, master_, woken_;
  Stream keys_, screen_;
  ScreenModes modes_;
  SizeBell size_;
  winsize size_now_{};
};

void say(int terminal, const std::string& sentence) {
  pollfd sink{terminal, POLLOUT, 0};
  if (::poll(&sink, 1, rest_patience_ms) > 0) (void)!::write(terminal, sentence.data(), sentence.size());
}

}  // namespace

TerminalTurn::TerminalTurn(TerminalLender& lender, std::int64_t n) : lender_(lender), n_(n) {
  lender_.take();
  try {
    terminal_ = open_own_terminal();
    woken_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!woken_) throw_system(ExitCode::step_failed, "lending the terminal", errno);
    shape_ = TerminalShape::of(terminal_.get()).value_or(TerminalShape());
  } catch (...) {
    lender_.give_back();
    throw;
  }
}

TerminalTurn::~TerminalTurn() {
  finish(Rest::dropped);
  lender_.give_back();
}

void TerminalTurn::begin(Fd master, std::string step, std::string missed, Beginning beginning) {
  master_ = std::move(master);
  thread_ =
      begin_thread([this, beginning, step = std::move(step), missed = std::move(missed)] { relay(step, missed, beginning); });
}

void TerminalTurn::finish(Rest rest) {
  if (!thread_.joinable()) return;
  rest_ = rest;
  leaving_.request_stop();
  const std::uint64_t one = 1;
  (void)!::write(woken_.get(), &one, sizeof one);
  thread_.join();
}

void TerminalTurn::relay(const std::string& step, const std::string& missed, Beginning beginning) {
  say(terminal_.get(), fmt::format("{} `{}`: what you type goes to it. Ctrl-] leads out.\n",
                                   beginning == Beginning::first ? "at" : "back at", step));
  Relay relay(terminal_.get(), master_.get(), woken_.get());
  relay.begin(missed);
  relay.follow_size();
  if (beginning == Beginning::again) relay.redraw();
  while (true) {
    const Relay::End end = relay.run();
    if (end == Relay::End::lost) return lender_.lost();
    if (end == Relay::End::woken) break;
    relay.leave_screen();
    if (lender_.escaped(step, leaving_.get_token()) == TerminalLender::Choice::stop_step) lender_.stop(n_);
    relay.enter_screen_again();
  }
  if (rest_ == Rest::shown) relay.show_rest();
  relay.leave_screen();
}

}  // namespace runbook
