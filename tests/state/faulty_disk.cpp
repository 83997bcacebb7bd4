#include "tests/state/faulty_disk.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>

namespace runbook::testing {

namespace fs = std::filesystem;

namespace {

using Operation = FaultyDisk::Operation;
constexpr std::int64_t sector = 512;

FaultyDisk* disk = nullptr;

// SQLite's own file behind ours.
struct File {
  sqlite3_file base;
  FaultyDisk::Image* image;  // null: of no interest
  bool syncs_folder;         // its first sync also makes its name durable, and the removals before it
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return of(file).real(); }
const sqlite3_io_methods& methods_of(sqlite3_file* file) { return *real_of(file)->pMethods; }

int close_file(sqlite3_file* file) { return methods_of(file).xClose(real_of(file)); }

int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  return methods_of(file).xRead(real_of(file), bytes, size, offset);
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (const int code = disk->meet(Operation::write); code != SQLITE_OK) return code;
  if (of(file).image)
    of(file).image->write(offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)));
  return methods_of(file).xWrite(real_of(file), bytes, size, offset);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = disk->meet(Operation::truncate); code != SQLITE_OK) return code;
  if (of(file).image) of(file).image->truncate(size);
  return methods_of(file).xTruncate(real_of(file), size);
}

// The files of the tests need no real sync: what is lost without one is told by the images.
int sync(sqlite3_file* file, int) {
  if (const int code = disk->meet(Operation::sync); code != SQLITE_OK) return code;
  if (disk->is_lying()) return SQLITE_OK;
  if (of(file).image) of(file).image->sync();
  if (std::exchange(of(file).syncs_folder, false)) disk->sync_folder();
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) { return methods_of(file).xFileSize(real_of(file), size); }
int lock(sqlite3_file* file, int level) { return methods_of(file).xLock(real_of(file), level); }
int unlock(sqlite3_file* file, int level) { return methods_of(file).xUnlock(real_of(file), level); }
int check_lock(sqlite3_file* file, int* is_locked) { return methods_of(file).xCheckReservedLock(real_of(file), is_locked); }
int control(sqlite3_file* file, int what, void* argument) {
  return methods_of(file).xFileControl(real_of(file), what, argument);
}
int sector_size(sqlite3_file* file) { return methods_of(file).xSectorSize(real_of(file)); }
int characteristics(sqlite3_file* file) { return methods_of(file).xDeviceCharacteristics(real_of(file)); }

int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  if (const int code = disk->meet(Operation::share); code != SQLITE_OK) return code;
  return methods_of(file).xShmMap(real_of(file), page, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return methods_of(file).xShmLock(real_of(file), offset, count, flags);
}
void share_barrier(sqlite3_file* file) { methods_of(file).xShmBarrier(real_of(file)); }
int unmap_shared(sqlite3_file* file, int removes) { return methods_of(file).xShmUnmap(real_of(file), removes); }

constexpr sqlite3_io_methods methods{
    2,          close_file, read,        write,           truncate,   sync,        file_size,     lock,         unlock,
    check_lock, control,    sector_size, characteristics, map_shared, lock_shared, share_barrier, unmap_shared, nullptr,
    nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& opened = *new (file) File();
  if (const int code = disk->meet(Operation::open); code != SQLITE_OK) return code;
  if (disk->is_dead()) return SQLITE_CANTOPEN;
  const int code = disk->real()->xOpen(disk->real(), name, opened.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  opened.base.pMethods = &methods;
  const bool is_kept = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  if (!is_kept || name == nullptr) return SQLITE_OK;
  opened.image = &disk->image(name);
  if (opened.image->is_removed) opened.image->begin_anew();
  opened.syncs_folder = (flags & SQLITE_OPEN_MAIN_DB) == 0;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs*, const char* name, int syncs_folder) {
  if (const int code = disk->meet(Operation::remove); code != SQLITE_OK) return code;
  disk->image(name).is_removed = true;
  if (syncs_folder != 0) disk->sync_folder();
  return disk->real()->xDelete(disk->real(), name, 0);
}

sqlite3_vfs& wrapped() {
  static sqlite3_vfs made;
  made = *sqlite3_vfs_find("unix");
  made.szOsFile += static_cast<int>(sizeof(File));
  made.zName = "faulty";
  made.xOpen = open_file;
  made.xDelete = remove_file;
  return made;
}

void put(std::string& text, std::int64_t offset, const std::string& bytes) {
  const auto start = static_cast<std::size_t>(offset);
  if (text.size() < start + bytes.size()) text.resize(start + bytes.size(), '\0');
  text.replace(start, bytes.size(), bytes);
}

using Random = std::mt19937_64;
bool coin(Random& random) { return std::uniform_int_distribution<int>(0, 1)(random) == 1; }

// Each sector of it by itself, and now and then only the beginning of one.
void put_some(std::string& text, const FaultyDisk::Write& write, Random& random) {
  const auto size = static_cast<std::int64_t>(write.bytes.size());
  for (std::int64_t at = 0; at < size;) {
    std::int64_t length = std::min(size - at, sector - (write.offset + at) % sector);
    const bool is_torn = std::uniform_int_distribution<int>(0, 7)(random) == 0;
    const std::int64_t kept = is_torn ? std::uniform_int_distribution<std::int64_t>(0, length)(random) : length;
    if (coin(random))
      put(text, write.offset + at, write.bytes.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(kept)));
    at += length;
  }
}

std::string with_some(const FaultyDisk::Image& image, Random& random) {
  std::string text = image.synced;
  for (const auto& change : image.unsynced) {
    if (const auto* truncation = std::get_if<FaultyDisk::Truncation>(&change)) {
      if (coin(random)) text.resize(static_cast<std::size_t>(truncation->size), '\0');
    } else {
      put_some(text, std::get<FaultyDisk::Write>(change), random);
    }
  }
  return text;
}

}  // namespace

void FaultyDisk::Image::write(std::int64_t offset, const std::string& bytes) {
  put(now, offset, bytes);
  unsynced.emplace_back(Write{offset, bytes});
}

void FaultyDisk::Image::truncate(std::int64_t size) {
  now.resize(static_cast<std::size_t>(size), '\0');
  unsynced.emplace_back(Truncation{size});
}

void FaultyDisk::Image::sync() {
  synced = now;
  unsynced.clear();
}

void FaultyDisk::Image::begin_anew() {
  before = synced;
  *this = {"", "", {}, false, before};
}

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find("unix")) {
  disk = this;
  REQUIRE(sqlite3_vfs_register(&wrapped(), 1) == SQLITE_OK);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(sqlite3_vfs_find("faulty"));
  sqlite3_vfs_register(real_, 1);
  disk = nullptr;
}

void FaultyDisk::plan(Fault fault) {
  fault_ = fault;
  met_ = hits_ = 0;
  is_dead_ = is_lying_ = false;
}

int FaultyDisk::meet(Operation operation) {
  if (is_dead_) return SQLITE_IOERR;
  const bool is_its_kind = operation == fault_.operation;
  if (is_its_kind) ++met_;
  const bool fails_on = hits_ > 0 && fault_.lasting == Lasting::for_good && operation != Operation::share;
  if (!fails_on && !(is_its_kind && met_ == fault_.at)) return SQLITE_OK;
  ++hits_;
  is_dead_ = fault_.lasting == Lasting::power_cut;
  is_lying_ = fault_.lasting == Lasting::lie;
  return is_lying_ ? SQLITE_OK : fault_.code;
}

// A file that was there before counts as synced.
FaultyDisk::Image& FaultyDisk::image(const std::string& path) {
  const auto [found, is_new] = images_.try_emplace(path);
  if (is_new && fs::exists(path)) {
    std::ifstream file(path, std::ios::binary);
    found->second.now.assign(std::istreambuf_iterator<char>(file), {});
    found->second.sync();
  }
  return found->second;
}

void FaultyDisk::sync_folder() {
  for (auto& [path, image] : images_) image.before.reset();
  std::erase_if(images_, [](const auto& entry) { return entry.second.is_removed; });
}

void FaultyDisk::write_images(const fs::path& from, const fs::path& to, Kept kept, std::mt19937_64& random) const {
  for (const auto& [path, image] : images_) {
    const fs::path place = to / fs::relative(path, from);
    const bool is_gone = image.is_removed && (kept == Kept::everything || (kept == Kept::some && coin(random)));
    if (is_gone) continue;
    fs::create_directories(place.parent_path());
    std::ofstream file(place, std::ios::binary);
    const std::string& synced = image.before ? *image.before : image.synced;
    file << (kept == Kept::nothing ? synced : kept == Kept::everything ? image.now : with_some(image, random));
  }
}

}  // namespace runbook::testing
