#include "os/attempt_terminal.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace runbook {

namespace {
constexpr std::size_t most_missed = 8 << 10;  // a screen or two; it travels within one message
}

void AttemptTerminal::read() {
  std::array<char, 4096> buffer{};
  constexpr int most_reads = 16;  // others want to be served too
  for (int reads = 0; reads < most_reads; ++reads) {
    const ssize_t count = ::read(terminal_.master(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    missed_.append(buffer.data(), static_cast<std::size_t>(count));
    if (missed_.size() > most_missed) missed_.erase(0, missed_.size() - most_missed);
  }
}

}  // namespace runbook
