#include "base/ids.h"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>

#include <sys/random.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"

namespace runbook {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got < 0 && errno != EINTR) throw_system(ExitCode::usage, "asking the kernel for random bytes", errno);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string new_run_id(std::int64_t now_ms) {
  constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";  // 32; without 0 o 1 l
  static_assert(alphabet.size() == 32);
  const std::string at = utc_text(now_ms);  // 2026-11-20T23:55:01Z
  std::string id = at.substr(0, 4) + at.substr(5, 2) + at.substr(8, 2) + "-" + at.substr(11, 2) + at.substr(14, 2) + "-";
  for (const char c : random_bytes(4)) id += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return id;
}

std::string uuid_of(std::string_view bytes) {
  std::string digits = to_hex(bytes.substr(0, 16));
  digits[12] = '8';
  digits[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4), digits.substr(16, 4),
                     digits.substr(20));
}

}  // namespace runbook
