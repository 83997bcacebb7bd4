#include "os/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "os/files.h"

namespace runbook {

struct SpoolWriter::Header {
  static constexpr std::uint64_t expected_magic = 0x314c4f4f50534252;  // "RBSPOOL1"
  std::uint64_t magic;
  std::int64_t head_size, tail_size;
  std::int64_t head_used;   // bytes of frames
  std::int64_t total;       // bytes written by the step
  std::int64_t tail_total;  // of these, bytes that went to the ring
  std::int64_t version;     // odd while being written
  std::int64_t reserved;
  char* head() { return reinterpret_cast<char*>(this + 1); }
  char* tail() { return head() + head_size; }
};

namespace {
constexpr std::size_t frame_header = 5;
}

SpoolWriter::SpoolWriter(SpoolWriter&& other) noexcept
    : header_(std::exchange(other.header_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SpoolWriter& SpoolWriter::operator=(SpoolWriter&& other) noexcept {
  std::swap(header_, other.header_);
  std::swap(size_, other.size_);
  return *this;
}

SpoolWriter::~SpoolWriter() {
  if (header_) ::munmap(header_, size_);
}

SpoolWriter SpoolWriter::create(const std::filesystem::path& path, Limits limits) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw_system(ExitCode::step_failed, "making " + path.string(), errno);
  SpoolWriter writer;
  writer.size_ = sizeof(Header) + static_cast<std::size_t>(limits.head + limits.tail);
  auto size = static_cast<off_t>(writer.size_);
  bool has_room = ::lseek(fd.get(), 0, SEEK_END) == size;  // given on by an earlier attempt; fstat: see identity_of in state/
  int error = has_room ? 0 : ::ftruncate(fd.get(), 0) != 0 ? errno : ::posix_fallocate(fd.get(), 0, size);
  if (error != 0) {
    ::unlink(path.c_str());
    throw_system(ExitCode::step_failed, "making room for the output in " + path.string(), error);
  }
  void* map = ::mmap(nullptr, writer.size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) throw_system(ExitCode::step_failed, "mapping " + path.string(), errno);
  writer.header_ = static_cast<Header*>(map);
  *writer.header_ = Header{Header::expected_magic, limits.head, limits.tail, 0, 0, 0, 0, 0};
  return writer;
}

SpoolWriter SpoolWriter::open(const std::filesystem::path& path) {
  SpoolWriter writer;
  Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_size < static_cast<off_t>(sizeof(Header))) return writer;
  void* map = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) return writer;
  writer.header_ = static_cast<Header*>(map);
  writer.size_ = static_cast<std::size_t>(info.st_size);
  const Header& header = *writer.header_;
  std::int64_t room = info.st_size - static_cast<off_t>(sizeof(Header));
  bool is_sound = header.magic == Header::expected_magic && header.head_size >= 0 && header.tail_size >= 0 &&
                  header.head_size <= room && header.tail_size <= room - header.head_size && header.head_used >= 0 &&
                  header.head_used <= header.head_size;
  if (!is_sound) return SpoolWriter();
  writer.header_->version &= ~std::int64_t{1};  // its writer may have died in the middle of an append
  return writer;
}

std::int64_t SpoolWriter::total() const { return header_ ? header_->total : 0; }

void SpoolWriter::append(Stream stream, std::string_view bytes) {
  if (!header_ || bytes.empty()) return;
  std::atomic_ref<std::int64_t> version(header_->version);
  version.fetch_add(1, std::memory_order_acq_rel);
  std::int64_t room = header_->head_size - header_->head_used - static_cast<std::int64_t>(frame_header);
  std::size_t to_head = 0;
  if (header_->tail_total == 0 && room > 0) to_head = std::min(bytes.size(), static_cast<std::size_t>(room));
  if (to_head > 0) append_head(stream, bytes.substr(0, to_head));
  append_tail(bytes.substr(to_head));
  header_->total += static_cast<std::int64_t>(bytes.size());
  version.fetch_add(1, std::memory_order_acq_rel);
}

void SpoolWriter::append_head(Stream stream, std::string_view bytes) {
  char* at = header_->head() + header_->head_used;
  auto length = static_cast<std::uint32_t>(bytes.size());
  *at = static_cast<char>(stream);
  std::memcpy(at + 1, &length, sizeof length);
  std::memcpy(at + frame_header, bytes.data(), bytes.size());
  header_->head_used += static_cast<std::int64_t>(frame_header + bytes.size());
}

void SpoolWriter::append_tail(std::string_view bytes) {
  if (bytes.empty()) return;
  auto size = static_cast<std::size_t>(header_->tail_size);
  std::int64_t begin = header_->tail_total;
  header_->tail_total += static_cast<std::int64_t>(bytes.size());
  if (size == 0) return;
  if (bytes.size() > size) {
    begin += static_cast<std::int64_t>(bytes.size() - size);
    bytes.remove_prefix(bytes.size() - size);
  }
  std::size_t at = static_cast<std::size_t>(begin) % size;
  std::size_t first = std::min(bytes.size(), size - at);
  std::memcpy(header_->tail() + at, bytes.data(), first);
  std::memcpy(header_->tail(), bytes.data() + first, bytes.size() - first);
}

namespace {

struct RawSpool {
  std::int64_t head_size, tail_size, head_used, total, tail_total;
  std::string_view head, tail;
};

std::optional<RawSpool> parse(const std::string& bytes) {
  constexpr std::size_t header_size = 64;
  if (bytes.size() < header_size) return std::nullopt;
  std::int64_t field[8];
  std::memcpy(field, bytes.data(), header_size);
  auto rest = std::string_view(bytes).substr(header_size);
  RawSpool raw{field[1], field[2], field[3], field[4], field[5], {}, {}};
  auto room = static_cast<std::int64_t>(rest.size());
  if (raw.head_size < 0 || raw.tail_size < 0 || raw.head_size > room || raw.tail_size > room - raw.head_size)
    return std::nullopt;
  if (raw.head_used < 0 || raw.head_used > raw.head_size) return std::nullopt;
  raw.head = rest.substr(0, static_cast<std::size_t>(raw.head_used));
  raw.tail = rest.substr(static_cast<std::size_t>(raw.head_size), static_cast<std::size_t>(raw.tail_size));
  return raw;
}

// The writer may be at work: read until two looks at the version agree on "not being written".
std::string stable_copy(const std::filesystem::path& path) {
  for (int tries = 0; tries < 100; ++tries) {
    auto first = try_read_file(path);
    if (!first || first->size() < 64) return {};
    auto second = try_read_file(path);
    std::int64_t version = 0;
    std::memcpy(&version, first->data() + 48, sizeof version);
    bool is_writing = (version & 1) != 0;
    if (second && !is_writing && std::memcmp(first->data(), second->data(), 64) == 0) return *std::move(first);
    ::usleep(1'000);  // whoever writes may have been put aside in the midst of it
  }
  return try_read_file(path).value_or("");
}

void read_frames(std::string_view frames, SpoolText& into) {
  while (frames.size() >= frame_header) {
    std::uint32_t length = 0;
    std::memcpy(&length, frames.data() + 1, sizeof length);
    auto stream = static_cast<Stream>(frames[0]);
    frames.remove_prefix(frame_header);
    auto bytes = frames.substr(0, length);
    into.head += bytes;
    (stream == Stream::err ? into.err : into.out) += bytes;
    frames.remove_prefix(bytes.size());
  }
}

std::string unrolled(const RawSpool& raw) {
  if (raw.tail_total <= raw.tail_size) return std::string(raw.tail.substr(0, static_cast<std::size_t>(raw.tail_total)));
  if (raw.tail_size == 0) return {};
  auto at = static_cast<std::size_t>(raw.tail_total % raw.tail_size);
  return std::string(raw.tail.substr(at)) + std::string(raw.tail.substr(0, at));
}

}  // namespace

std::string SpoolText::text() const {
  if (left_out() <= 0) return head + tail;
  std::string_view gap_begin = head.empty() || head.back() == '\n' ? "" : "\n";
  return fmt::format("{}{}[{} bytes left out]\n{}", head, gap_begin, left_out(), tail);
}

SpoolText read_spool(const std::filesystem::path& path) {
  SpoolText text;
  std::string bytes = stable_copy(path);
  auto raw = parse(bytes);
  if (!raw) return text;
  read_frames(raw->head, text);
  text.tail = unrolled(*raw);
  text.total = raw->total;
  return text;
}

std::string read_spool_since(const std::filesystem::path& path, std::int64_t& position) {
  SpoolText now = read_spool(path);
  if (position >= now.total) return {};
  std::string fresh;
  auto head_end = static_cast<std::int64_t>(now.head.size());
  if (position < head_end) fresh = now.head.substr(static_cast<std::size_t>(position));
  std::int64_t tail_begin = now.total - static_cast<std::int64_t>(now.tail.size());
  if (std::max(position, head_end) < tail_begin)
    fresh += fmt::format("[{} bytes left out]\n", tail_begin - std::max(position, head_end));
  if (now.total > head_end)
    fresh += now.tail.substr(static_cast<std::size_t>(std::max<std::int64_t>(0, std::max(position, head_end) - tail_begin)));
  position = now.total;
  return fresh;
}

}  // namespace runbook
