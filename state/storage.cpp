#include "state/storage.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

std::string way_on(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return "make room, then try again";
    case EMFILE:
    case ENFILE: return "too many files are open: raise the limit (`ulimit -n`), then try again";
    case EIO: return "see that the disk is healthy, then try again";
    default: return "make it writable, or name another journal with `--journal` or RUNBOOK_JOURNAL";
  }
}

[[noreturn]] void fail(const std::string& doing, int error_number) {
  throw_system(ExitCode::journal, doing, error_number, way_on(error_number));
}

// Those that linux/magic.h doesn't name.
constexpr std::uint64_t cifs = 0xFF534D42, lustre = 0x0BD00BD0, gpfs = 0x47504653, vboxsf = 0x786F4256, beegfs = 0x19830326;

constexpr std::array<std::uint64_t, 16> network_file_systems{NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,
                                                             SMB2_SUPER_MAGIC, cifs,
                                                             V9FS_MAGIC,       FUSE_SUPER_MAGIC,
                                                             AFS_SUPER_MAGIC,  AFS_FS_MAGIC,
                                                             CODA_SUPER_MAGIC, NCP_SUPER_MAGIC,
                                                             CEPH_SUPER_MAGIC, OCFS2_SUPER_MAGIC,
                                                             lustre,           gpfs,
                                                             vboxsf,           beegfs};

bool is_folder(const fs::path& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

// SQLite syncs the folder of its file, not the parents that were made for it.
void sync_folder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

Storage storage_kind(std::uint64_t file_system_type) {
  if (file_system_type == TMPFS_MAGIC || file_system_type == RAMFS_MAGIC) return Storage::passing;
  const auto found = std::find(network_file_systems.begin(), network_file_systems.end(), file_system_type);
  return found != network_file_systems.end() ? Storage::network : Storage::lasting;
}

Storage storage_of(const fs::path& path) {
  struct statfs found {};
  fs::path at = path;
  while (statfs(at.c_str(), &found) != 0) {
    const int number = errno;
    if ((number != ENOENT && number != ENOTDIR) || at == at.parent_path()) {
      fail("looking at " + at.string(), number);
    }
    at = at.parent_path();
  }
  return storage_kind(static_cast<std::uint32_t>(found.f_type));
}

void make_private_folder(const fs::path& folder) {
  if (folder.empty() || is_folder(folder)) return;
  make_private_folder(folder.parent_path());
  if (mkdir(folder.c_str(), 0700) == 0) {
    chmod(folder.c_str(), 0700);
    sync_folder(folder.parent_path());
  } else if (const int number = errno; !is_folder(folder)) {
    fail("making the folder " + folder.string(), number);
  }
}

namespace {

// What is made with `touch` and the usual umask may be read by everybody, and with it what SQLite puts beside it. Whose there is
// something in already has its mode by somebody's choice.
void make_private_while_empty(const fs::path& file) {
  struct stat found {};
  const bool is_open_to_others = stat(file.c_str(), &found) == 0 && (found.st_mode & 077) != 0;
  if (!is_open_to_others || !S_ISREG(found.st_mode) || found.st_size != 0) return;
  if (chmod(file.c_str(), 0600) != 0) fail("making the file " + file.string() + " private", errno);
}

}  // namespace

// Closing a descriptor of the journal drops the locks that SQLite holds in this process: only a file that is new is opened here.
void make_private_file(const fs::path& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return make_private_while_empty(file);
  if (fd < 0) fail("making the file " + file.string(), errno);
  fchmod(fd, 0600);
  close(fd);
}

int open_private_file(const fs::path& file) {
  make_private_file(file);
  const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) fail("opening " + file.string(), errno);
  return fd;
}

// Its times are not asked for: a time that was looked at must be recorded anew by the next write, and then the sync of a commit
// writes the inode as well (https://docs.kernel.org/filesystems/multigrain-ts.html).
FileIdentity identity_of(const fs::path& path) {
  struct statx found {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO, &found) != 0) return {};
  return {makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino};
}

}  // namespace runbook
