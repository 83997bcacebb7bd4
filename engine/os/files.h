#pragma once
// Whole files and in-memory files. Errors are Error with the code that is given.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "os/fd.h"

namespace runbook {

std::string read_file(const std::filesystem::path& path, ExitCode code = ExitCode::usage);
std::optional<std::string> try_read_file(const std::filesystem::path& path);
std::string read_all(int fd);                    // from offset 0; what can't be read is left out
std::string read_stream(int fd);                 // to its end, as a pipe gives it; throws Error (exit 2)
bool write_all(int fd, std::string_view bytes);  // false: errno says why
// In place of what was there, durably: 0600, written beside it and renamed. Throws Error (exit 1).
void write_private_file(const std::filesystem::path& path, std::string_view bytes);

// The same of a file that is written piece by piece: without `finish` nothing has changed.
class PrivateFile {
 public:
  explicit PrivateFile(std::filesystem::path path);  // throws Error (exit 1), as the others do
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  void append(std::string_view bytes);
  void finish();

 private:
  [[noreturn]] void fail(int number) const;
  const std::filesystem::path path_;
  std::string beside_;  // "": it has its name
  Fd fd_;
  std::string buffer_;
};

// An anonymous file in memory with these bytes, close-on-exec. Throws Error.
Fd memory_file(std::string_view bytes, const char* name);

// A path by which an open folder can be named where paths are short (unix sockets: 108 bytes).
std::string path_in_open_folder(int folder_fd, std::string_view name);

}  // namespace runbook
