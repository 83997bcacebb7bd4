#pragma once
// Bodies of requests that come from files, and bodies of answers, in memory or to a file.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace runbook {

// Its size is announced before it is sent, so a file that changes its size meanwhile is a fault.
class HttpBodyFile {
 public:
  // Error (exit 1): it can't be opened, or is no plain file.
  explicit HttpBodyFile(std::string path);

  std::int64_t size() const { return size_; }
  // How many of the next bytes were read; nullopt: `fault` says why there are none.
  std::optional<std::size_t> read(char* into, std::size_t most);
  void seek(std::int64_t offset) { offset_ = offset; }
  // "" if there was none so far.
  std::string fault() const;

 private:
  std::string path_;
  Fd fd_;
  std::int64_t size_ = 0;
  off_t offset_ = 0;
  std::string fault_;
};

class HttpAnswerBody {
 public:
  // file: where the body of a 2xx answer goes, "" for memory. A file is begun at once, beside it: Error (exit 1) if it can't be.
  HttpAnswerBody(std::string file, std::size_t longest);
  ~HttpAnswerBody();
  HttpAnswerBody(const HttpAnswerBody&) = delete;
  HttpAnswerBody& operator=(const HttpAnswerBody&) = delete;

  // Once it is false, `fault` says why.
  bool take(int status, std::string_view bytes);
  // The answer is whole: a file gets its name, durably.
  bool finish(int status);
  std::string&& text() { return std::move(text_); }
  const std::string& fault() const { return fault_; }

 private:
  bool goes_to_file(int status) const { return static_cast<bool>(fd_) && status >= 200 && status < 300; }
  bool fail_writing(int error_number);

  std::string file_, beside_;
  std::size_t longest_;
  Fd fd_;
  std::string text_;
  std::string fault_;
};

}  // namespace runbook
