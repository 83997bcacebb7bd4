#pragma once
// Where the journal lies: what survives there, and for whose eyes.
#include <filesystem>
#include <string>

namespace runbook {

enum class Storage {
  lasting,
  passing,  // in memory: gone after a reboot
  network,  // SQLite's locks and shared memory don't hold there
};
// statfs(2)'s f_type.
Storage storage_kind(std::uint64_t file_system_type);
// Of the path, or of the nearest parent that exists.
Storage storage_of(const std::filesystem::path& path);

// 0700 whatever the umask, and so every parent that is missing; what is there stays as it is. Throws Error (exit 6).
void make_private_folder(const std::filesystem::path& folder);
// What was made, renamed or removed in it lasts.
void sync_folder(const std::filesystem::path& folder);
// Makes an empty file, 0600, unless there is one; one that is empty becomes 0600.
void make_private_file(const std::filesystem::path& file);
// A descriptor of that file, close-on-exec, for reading and writing; made 0600 if need be.
int open_private_file(const std::filesystem::path& file);

// The file behind a name, to notice when the name no longer leads to it.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;  // 0, 0: no such file
  bool operator==(const FileIdentity&) const = default;
};
FileIdentity identity_of(const std::filesystem::path& path);

}  // namespace runbook
