#pragma once
// Room in the -wal before it is needed. A sync of a file that grew must also write its inode, and on a journaling file system
// the file system's journal; one of a file that has the room already writes the data alone.
#include <cstdint>

#include "state/sqlite.h"

namespace runbook {

class WalRoom {
 public:
  // Takes over the checkpoints of this connection: one in about 4,000 pages, so that a commit costs one sync. The database
  // outlives it.
  explicit WalRoom(Database& database);
  ~WalRoom();
  WalRoom(const WalRoom&) = delete;

  // Within a write transaction: no other process writes to the -wal then. Where there is no room on the disk nothing changes.
  void make();

 private:
  static int on_commit(void* self, sqlite3* handle, const char* name, int frames);
  Database& database_;
  std::int64_t used_ = 0, size_ = 0;  // bytes, as far as we know: others write to it too
};

}  // namespace runbook
