#include "plugins/aws/cache_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "os/files.h"

namespace runbook::aws {
namespace {

bool make_private_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder.parent_path(), failed);
  return !failed && (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST);
}

}  // namespace

Fd open_cache_file(const std::filesystem::path& file) {
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return Fd();
  const bool is_ours = S_ISREG(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return is_ours ? std::move(fd) : Fd();
}

void write_cache_file(const std::filesystem::path& file, std::string_view bytes) {
  if (!make_private_folder(file.parent_path())) return;
  try {
    write_private_file(file, bytes);
  } catch (const Error&) {
    return;  // a full disk, or a folder without permission: the source is there all the same
  }
}

}  // namespace runbook::aws
