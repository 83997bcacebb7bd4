#include "state/wal_room.h"

#include <sqlite3.h>

#include <array>

namespace runbook {
namespace {

constexpr int frames_to_checkpoint = 4000;
// https://www.sqlite.org/walformat.html: a header, and before each page one of its own.
constexpr std::int64_t file_header = 32, frame_header = 24;
constexpr std::int64_t least_room = 64 << 10;
constexpr int piece = 64 << 10, pieces = 4;  // SQLite writes less than 128 KB at a time

sqlite3_file* wal_of(sqlite3* handle) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return nullptr;
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

WalRoom::WalRoom(Database& database) : database_(database) { sqlite3_wal_hook(database_.handle(), on_commit, this); }

WalRoom::~WalRoom() { sqlite3_wal_autocheckpoint(database_.handle(), frames_to_checkpoint); }

int WalRoom::on_commit(void* self, sqlite3* handle, const char* name, int frames) {
  static_cast<WalRoom*>(self)->used_ = file_header + frames * (frame_header + 4096);
  if (frames >= frames_to_checkpoint) sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return SQLITE_OK;
}

// Zeros are no frames: a reader of the -wal stops before them.
void WalRoom::make() {
  if (size_ - used_ >= least_room) return;
  sqlite3_file* file = wal_of(database_.handle());
  sqlite3_int64 size = 0;
  if (file == nullptr || file->pMethods->xFileSize(file, &size) != SQLITE_OK) return;
  size_ = size;
  if (size_ - used_ >= least_room) return;
  static const std::array<char, piece> zeros{};
  for (int i = 0; i < pieces; ++i) {
    if (file->pMethods->xWrite(file, zeros.data(), piece, size + i * piece) == SQLITE_OK) continue;
    file->pMethods->xTruncate(file, size);  // the room that is left is needed for more than this
    return;
  }
  size_ = size + pieces * piece;
}

}  // namespace runbook
