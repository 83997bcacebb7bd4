#include "os/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace runbook {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool can_redraw(int fd) {
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && term && *term && std::strcmp(term, "dumb") != 0;
}

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return can_redraw(fd) && !(no_color && *no_color);
}

Charset terminal_charset() { return speaks_utf8() ? Charset::utf8 : Charset::ascii; }

void bear_a_lost_terminal() {
  cookie_io_functions_t functions{};
  functions.write = [](void*, const char* bytes, std::size_t size) -> ssize_t {
    std::size_t written = 0;
    while (written < size) {
      const ssize_t count = ::write(STDERR_FILENO, bytes + written, size - written);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      written += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(size);
  };
  std::FILE* bearing = ::fopencookie(nullptr, "w", functions);
  if (!bearing) return;
  std::setvbuf(bearing, nullptr, _IONBF, 0);
  stderr = bearing;
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long said = columns ? std::strtol(columns, nullptr, 10) : 0;
  return said > 0 && said < 10'000 ? static_cast<std::size_t>(said) : 80;
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* locale = std::getenv(name);
    if (locale && *locale) return ::strcasestr(locale, "utf-8") || ::strcasestr(locale, "utf8");
  }
  return true;
}

TypedInput::TypedInput(int inherited) : inherited_(inherited) {
  if (!is_terminal(inherited)) return;
  constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const std::string path = "/proc/self/fd/" + std::to_string(inherited);
  own_ = Fd(::open(path.c_str(), flags));
  const bool is_of_session = ::tcgetsid(inherited) == ::getsid(0);
  if (!own_ && is_of_session) own_ = Fd(::open("/dev/tty", flags));
}

std::optional<std::string> TypedInput::what_is_there() const {
  char buffer[4096];
  const ssize_t count = ::read(fd(), buffer, sizeof buffer);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  return count <= 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(count));
}

LineReader::LineReader() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void LineReader::break_off() {
  std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void LineReader::forget_break_off() {
  std::uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);
}

std::optional<std::string> LineReader::read_line(const std::string& prompt) {
  ::tcflush(0, TCIFLUSH);
  std::fputs(prompt.c_str(), stderr);
  std::fflush(stderr);
  std::string line;
  while (true) {
    pollfd fds[] = {{typed_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents) {
      forget_break_off();
      return std::nullopt;
    }
    const auto typed = typed_.what_is_there();
    if (!typed) continue;
    if (typed->empty()) return std::nullopt;
    line += *typed;
    if (auto end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
  }
}

namespace {

// Bytes arrive one by one, unseen, and keys that send signals are bytes too.
class HiddenTyping {
 public:
  HiddenTyping() {
    ::tcgetattr(0, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    ::tcsetattr(0, TCSAFLUSH, &hidden);
  }
  ~HiddenTyping() { ::tcsetattr(0, TCSAFLUSH, &before_); }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  termios before_{};
};

void remove_last_character(std::string& line) {
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();
  if (!line.empty()) line.pop_back();
}

}  // namespace

std::optional<std::string> ask_line(const std::string& question) { return LineReader().read_line(question); }

std::optional<std::string> read_hidden_line(const std::string& prompt) {
  constexpr char ctrl_c = 3, ctrl_d = 4, ctrl_u = 21, backspace = 8, erase = 127;
  const HiddenTyping typing;
  std::fputs(prompt.c_str(), stderr);
  std::fflush(stderr);
  std::string line;
  while (true) {
    char byte = 0;
    const ssize_t count = ::read(0, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || byte == ctrl_d) return std::nullopt;
    if (byte == ctrl_c) throw Error(ExitCode::interrupted, "interrupted");
    if (byte == '\n' || byte == '\r') return line;
    if (byte == ctrl_u) line.clear();
    else if (byte == backspace || byte == erase) remove_last_character(line);
    else line += byte;
  }
}

}  // namespace runbook
