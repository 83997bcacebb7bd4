#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>

namespace runbook {

namespace {

std::optional<std::string> read_to_end(int fd) {
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

std::optional<std::string> read_open(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? read_to_end(fd.get()) : std::nullopt;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, ExitCode code) {
  auto bytes = read_open(path);
  if (!bytes) throw_system(code, "reading " + path.string(), errno);
  return *std::move(bytes);
}

std::optional<std::string> try_read_file(const std::filesystem::path& path) { return read_open(path); }

std::string read_stream(int fd) {
  auto bytes = read_to_end(fd);
  if (!bytes) throw_system(ExitCode::usage, "reading standard input", errno);
  return *std::move(bytes);
}

std::string read_all(int fd) {
  std::string bytes;
  char buffer[1 << 16];
  off_t offset = 0;
  while (true) {
    ssize_t count = ::pread(fd, buffer, sizeof buffer, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(count));
    offset += count;
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void write_private_file(const std::filesystem::path& path, std::string_view bytes) {
  PrivateFile file(path);
  file.append(bytes);
  file.finish();
}

PrivateFile::PrivateFile(std::filesystem::path path) : path_(std::move(path)), beside_(path_.string() + ".XXXXXX") {
  fd_ = Fd(::mkostemp(beside_.data(), O_CLOEXEC));  // 0600
  if (fd_) return;
  const int number = errno;
  beside_.clear();
  fail(number);
}

PrivateFile::~PrivateFile() {
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

void PrivateFile::fail(int number) const { throw_system(ExitCode::step_failed, "writing " + path_.string(), number); }

void PrivateFile::append(std::string_view bytes) {
  constexpr std::size_t enough = 1 << 16;
  buffer_ += bytes;
  if (buffer_.size() < enough) return;
  if (!write_all(fd_.get(), buffer_)) fail(errno);
  buffer_.clear();
}

void PrivateFile::finish() {
  if (!write_all(fd_.get(), buffer_) || ::fsync(fd_.get()) != 0 || ::rename(beside_.c_str(), path_.c_str()) != 0) fail(errno);
  beside_.clear();
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  if (Fd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); parent) ::fsync(parent.get());
}

Fd memory_file(std::string_view bytes, const char* name) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw_system(ExitCode::step_failed, "making a file in memory", errno);
  if (!write_all(fd.get(), bytes)) throw_system(ExitCode::step_failed, "writing to memory", errno);
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string path_in_open_folder(int folder_fd, std::string_view name) {
  return fmt::format("/proc/self/fd/{}/{}", folder_fd, name);
}

}  // namespace runbook
