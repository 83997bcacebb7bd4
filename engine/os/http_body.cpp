#include "os/http_body.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "os/files.h"

namespace runbook {

HttpBodyFile::HttpBodyFile(std::string path)
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat found {};
  if (!fd_ || ::fstat(fd_.get(), &found) != 0) throw_system(ExitCode::step_failed, "opening " + path_, errno);
  if (!S_ISREG(found.st_mode)) throw Error(ExitCode::step_failed, fmt::format("{} can't be sent: it is no plain file", path_));
  size_ = found.st_size;
}

std::optional<std::size_t> HttpBodyFile::read(char* into, std::size_t most) {
  ssize_t count = -1;
  do count = ::pread(fd_.get(), into, most, offset_);
  while (count < 0 && errno == EINTR);
  if (count < 0) fault_ = system_message("reading " + path_, errno);
  if (count == 0 && offset_ < size_) fault_ = fmt::format("{} became shorter while it was sent", path_);
  if (!fault_.empty()) return std::nullopt;
  offset_ += count;
  return static_cast<std::size_t>(count);
}

std::string HttpBodyFile::fault() const {
  struct stat found {};
  if (!fault_.empty()) return fault_;
  if (::fstat(fd_.get(), &found) == 0 && found.st_size == size_) return {};
  return fmt::format("{} changed its size while it was sent", path_);
}

HttpAnswerBody::HttpAnswerBody(std::string file, std::size_t longest) : file_(std::move(file)), longest_(longest) {
  if (file_.empty()) return;
  beside_ = file_ + ".XXXXXX";
  fd_ = Fd(::mkostemp(beside_.data(), O_CLOEXEC));  // 0600
  if (!fd_) throw_system(ExitCode::step_failed, "writing " + file_, errno);
}

HttpAnswerBody::~HttpAnswerBody() {
  if (fd_) ::unlink(beside_.c_str());
}

bool HttpAnswerBody::take(int status, std::string_view bytes) {
  if (goes_to_file(status)) return write_all(fd_.get(), bytes) || fail_writing(errno);
  if (bytes.size() <= longest_ - text_.size()) {
    text_ += bytes;
    return true;
  }
  fault_ = fmt::format("the answer is longer than {} bytes", longest_);
  return false;
}

bool HttpAnswerBody::finish(int status) {
  if (!goes_to_file(status)) return true;
  if (::fsync(fd_.get()) != 0 || ::rename(beside_.c_str(), file_.c_str()) != 0) return fail_writing(errno);
  fd_.reset();
  const std::filesystem::path folder = std::filesystem::path(file_).parent_path();
  if (const Fd parent(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); parent)
    ::fsync(parent.get());
  return true;
}

bool HttpAnswerBody::fail_writing(int error_number) {
  fault_ = system_message("writing " + file_, error_number);
  return false;
}

}  // namespace runbook
