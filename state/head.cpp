#include "state/head.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>

#include "base/digest.h"
#include "state/storage.h"

namespace runbook {
namespace {

constexpr std::size_t facts_length = 10 + 1 + 12 + 1 + 64 + 1;
constexpr std::size_t line_length = facts_length + 8 + 1;

std::optional<HeadMark> parse_line(std::string_view line) {
  if (line.size() != line_length) return std::nullopt;
  const std::string_view facts = line.substr(0, facts_length);
  if (line.substr(facts_length) != fmt::format("{:08x}\n", crc32(facts))) return std::nullopt;
  HeadMark mark;
  mark.epoch = std::stoll(std::string(facts.substr(0, 10)));
  mark.seq = std::stoll(std::string(facts.substr(11, 12)));
  mark.hash = facts.substr(24, 64);
  return mark;
}

// The newer of the two marks, and the line it stands in.
std::pair<std::optional<HeadMark>, int> newest_mark(int fd) {
  std::array<char, 2 * line_length> bytes{};
  const ssize_t count = pread(fd, bytes.data(), bytes.size(), 0);
  const std::string_view text(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  std::pair<std::optional<HeadMark>, int> newest{std::nullopt, 1};
  for (const int line : {0, 1}) {
    const std::size_t start = static_cast<std::size_t>(line) * line_length;
    const auto mark = start < text.size() ? parse_line(text.substr(start, line_length)) : std::nullopt;
    if (mark && (!newest.first || mark->seq > newest.first->seq)) newest = {mark, line};
  }
  return newest;
}

std::filesystem::path head_path(const std::filesystem::path& run_folder) { return run_folder / "head"; }

}  // namespace

std::string head_line(const HeadMark& mark) {
  const std::string facts = fmt::format("{:010} {:012} {:64} ", mark.epoch, mark.seq, mark.hash);
  return facts + fmt::format("{:08x}\n", crc32(facts));
}

HeadFile::HeadFile(const std::filesystem::path& run_folder) : fd_(open_private_file(head_path(run_folder))) {
  line_ = 1 - newest_mark(fd_).second;
}

HeadFile::~HeadFile() { close(fd_); }

bool HeadFile::write(const HeadMark& mark) {
  const std::string line = head_line(mark);
  const auto offset = static_cast<off_t>(static_cast<std::size_t>(line_) * line_length);
  line_ = 1 - line_;
  return pwrite(fd_, line.data(), line.size(), offset) == static_cast<ssize_t>(line.size());
}

std::optional<HeadMark> read_head(const std::filesystem::path& run_folder) {
  const int fd = open(head_path(run_folder).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not to wait for a FIFO
  if (fd < 0) return std::nullopt;
  auto mark = newest_mark(fd).first;
  close(fd);
  return mark;
}

}  // namespace runbook
