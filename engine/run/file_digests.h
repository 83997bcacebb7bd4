#pragma once
// What stands on disk where steps name files.
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "book/declaration.h"

namespace runbook {

// By absolute path. Of a folder, or a pattern, with a slash behind it: the digest of the names that are taken from it.
using Digests = std::map<std::string, std::string>;

class FileDigests {
 public:
  // Adds what the path, seen from `dir`, leads to, and gives its keys. What is no file, can't be read or is larger than 64 MB is left
  // out; so is a word that is no script, or belongs to the system. Any thread.
  std::vector<std::string> add(const std::filesystem::path& dir, const NamedPath& named, Digests& into);

 private:
  struct Seen {
    std::uint64_t size = 0, inode = 0, device = 0;
    std::int64_t written_ns = 0, changed_ns = 0;
    std::string sha256;
  };
  std::optional<std::string> digest_of(const std::filesystem::path& path);
  std::mutex mutex_;
  std::map<std::string, Seen> large_;  // as they were when they were read
};

}  // namespace runbook
