#include "os/terminal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace runbook {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && !(no_color && *no_color) && term && std::strcmp(term, "dumb") != 0;
}

LineReader::LineReader() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void LineReader::break_off() {
  std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

std::optional<std::string> LineReader::read_line() {
  ::tcflush(0, TCIFLUSH);
  std::string line;
  while (true) {
    pollfd fds[] = {{0, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents) {
      std::uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);
      return std::nullopt;
    }
    char buffer[1024];
    ssize_t count = ::read(0, buffer, sizeof buffer);
    if (count <= 0) return std::nullopt;
    line.append(buffer, static_cast<std::size_t>(count));
    if (auto end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
  }
}

}  // namespace runbook
