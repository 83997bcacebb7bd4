#include "cli/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/lines.h"
#include "os/terminal.h"
#include "os/thread.h"

namespace runbook {

namespace {

constexpr auto pause_between_writes = std::chrono::milliseconds(100);
constexpr auto tick = std::chrono::milliseconds(1000) - pause_between_writes;
constexpr int patience_at_the_end_ms = 1'000;

// A write or a change of modes from the background would stop the process.
void block_job_control() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// Never by an erased display: from its first row on, some terminals keep a copy of that. In the last column what is behind the cursor
// is the character itself.
std::string over_what_stood(const std::string& line, int columns) {
  const bool fills_its_row = cells_of(line) % static_cast<std::size_t>(columns) == 0;
  return "\x1b[K" + line + (fills_its_row ? "\n" : "\x1b[K\n");
}

}  // namespace

Console::Console(int fd)
    : fd_(fd),
      own_(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)),
      has_colour_(wants_colour(fd)),
      charset_(terminal_charset()),
      wake_writer_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_(begin_thread([this] { work(); })) {}

Console::~Console() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_writer_.get(), &one, sizeof one);
  woken_.notify_all();
  thread_.join();
}

void Console::say(const std::string& text) {
  if (text.empty()) return;
  std::lock_guard lock(mutex_);
  said_ += text;
  if (said_.back() != '\n') said_ += '\n';
  woken_.notify_all();
}

void Console::set_region(Draw draw) {
  std::unique_lock lock(mutex_);
  draw_ = draw ? std::make_shared<const Draw>(std::move(draw)) : nullptr;
  has_changed_ = true;
  woken_.notify_all();
  turned_.wait(lock, [this] { return !is_at_work_; });
}

void Console::changed() {
  std::lock_guard lock(mutex_);
  if (std::exchange(has_changed_, true)) return;
  woken_.notify_all();
}

void Console::hide(std::function<void(const std::string&)> say_instead) {
  std::unique_lock lock(mutex_);
  ++hides_;
  if (say_instead) say_instead_ = std::move(say_instead);
  woken_.notify_all();
  turned_.wait(lock, [this] { return is_hidden_ || is_over_; });
}

void Console::reveal() {
  std::unique_lock lock(mutex_);
  if (--hides_ > 0) return;
  say_instead_ = nullptr;
  woken_.notify_all();
  turned_.wait(lock, [this] { return !is_at_work_; });
}

void Console::work() {
  block_job_control();
  std::unique_lock lock(mutex_);
  const auto is_urgent = [this] { return is_over_ || (hides_ > 0) != is_hidden_; };
  const auto has_news = [&] {
    const bool is_kept = is_hidden_ && !say_instead_;
    return is_urgent() || (!said_.empty() && !is_kept) || (has_changed_ && !is_hidden_);
  };
  while (!is_over_) {
    if (draw_ && !is_hidden_) woken_.wait_for(lock, tick, has_news);
    else woken_.wait(lock, has_news);
    turn(lock);
    woken_.wait_for(lock, pause_between_writes, is_urgent);
  }
  turn(lock);
  unmute_keys();
}

// One write at most; the lock is free meanwhile.
void Console::turn(std::unique_lock<std::mutex>& lock) {
  const bool will_hide = hides_ > 0 && !is_over_;
  const bool is_typed_at = std::exchange(is_hidden_, false) && will_hide;
  const auto say_instead = say_instead_;
  const bool keeps = is_typed_at && !say_instead;
  const std::string said = keeps ? std::string() : std::exchange(said_, {});
  const std::shared_ptr<const Draw> draw = will_hide || is_over_ ? nullptr : draw_;
  has_changed_ = false;
  is_hidden_ = is_typed_at;
  is_at_work_ = true;
  lock.unlock();
  if (is_typed_at) {
    if (say_instead && !said.empty()) say_instead(said);
  } else {
    show(said, draw ? *draw : Draw());
    if (!draw) unmute_keys();
  }
  lock.lock();
  is_at_work_ = false;
  is_hidden_ = will_hide;
  turned_.notify_all();
}

void Console::show(const std::string& said, const Draw& draw) {
  const Size now = size();
  std::vector<std::string> lines;
  if (!is_in_front()) drawn_.clear();  // where it stood, a shell has gone on
  if (draw && is_in_front()) {
    mute_keys();
    const int most = std::max(4, now.rows / 3);
    lines = draw(now.columns - 1, most);
    lines.resize(std::min(lines.size(), static_cast<std::size_t>(most)));
  }
  for (std::string& line : lines)
    line = cut_to_cells(harmless_with_colours(line, charset_), static_cast<std::size_t>(now.columns - 1), charset_);
  write_all(frame(said, std::move(lines), now));
}

// A terminal that was made narrower has wrapped what stood there.
std::string Console::way_to_the_top(Size size) const {
  std::size_t rows = 0;
  const auto columns = static_cast<std::size_t>(size.columns);
  for (const std::string& line : drawn_) rows += std::max<std::size_t>(1, (cells_of(line) + columns - 1) / columns);
  return rows == 0 ? "\r" : fmt::format("\r\x1b[{}A", rows);
}

// What is to be written so that the terminal shows that; "" if it does.
std::string Console::frame(const std::string& said, std::vector<std::string> lines, Size size) {
  const bool is_in_place = said.empty() && size == drawn_at_ && lines.size() == drawn_.size();
  if (is_in_place && lines == drawn_) return {};
  drawn_at_ = size;
  if (said.empty() && lines.empty() && drawn_.empty()) return {};
  const bool has_region = !lines.empty() || !drawn_.empty();
  std::string bytes = has_region ? "\x1b[?25l" + way_to_the_top(size) : "";
  for (const std::string_view line : lines_of(said)) {
    const std::string shown = harmless_with_colours(line, charset_);
    bytes += has_region ? over_what_stood(shown, size.columns) : shown + "\n";
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool stands = is_in_place && lines[i] == drawn_[i];
    bytes += stands ? "\n" : over_what_stood(lines[i], size.columns);
  }
  if (has_region && !is_in_place) bytes += said.empty() && lines.empty() ? "\x1b[K\n\x1b[J\x1b[A" : "\x1b[J";
  drawn_ = std::move(lines);
  return has_region ? bytes + "\x1b[?25h" : bytes;
}

void Console::write_all(const std::string& bytes) {
  const int fd = own_ ? own_.get() : fd_;
  for (std::size_t at = 0; at < bytes.size() && !is_gone_;) {
    const ssize_t count = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (count > 0) at += static_cast<std::size_t>(count);
    else if (count < 0 && errno == EAGAIN) is_gone_ = !wait_for_room();
    else if (count == 0 || errno != EINTR) is_gone_ = true;
  }
}

bool Console::wait_for_room() {
  pollfd room{own_.get(), POLLOUT, 0}, end{wake_writer_.get(), POLLIN, 0};
  pollfd both[] = {room, end};
  if (::poll(both, 2, -1) < 0 || both[1].revents == 0) return true;
  return ::poll(&room, 1, patience_at_the_end_ms) != 0;
}

// Not of a job in the background, whose shell has the terminal.
bool Console::is_in_front() const {
  const pid_t front = ::tcgetpgrp(fd_);
  return front < 0 || front == ::getpgrp();
}

Console::Size Console::size() const {
  winsize window{};
  const bool is_known = ::ioctl(fd_, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && window.ws_row > 0;
  return is_known ? Size{window.ws_col, window.ws_row} : Size{80, 24};
}

// A typed line end would move the region up without our knowing.
void Console::mute_keys() {
  termios now{};
  if (::tcgetattr(fd_, &now) != 0 || (now.c_lflag & ECHO) == 0) return;
  keys_before_ = now;
  now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(fd_, TCSANOW, &now);
}

void Console::unmute_keys() {
  if (keys_before_ && is_in_front()) ::tcsetattr(fd_, TCSANOW, &*keys_before_);
  keys_before_.reset();
}

}  // namespace runbook
