#pragma once
// A disk that fails as told, and one that loses its power: SQLite's file system for the tests of the journal. It stands in front of
// the real one, is SQLite's default while it lives, and only sees what SQLite does; head and lock of a run are not its matter.
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

struct sqlite3_vfs;

namespace runbook::testing {

class FaultyDisk {
 public:
  enum class Operation { open, write, sync, truncate, remove, share };
  enum class Lasting {
    once,
    for_good,   // what comes after fails too, of every operation that changes something
    power_cut,  // the operation doesn't happen, and nothing does after it
    lie,        // from this sync on they are said to be done, and are not
  };
  struct Fault {
    Operation operation = Operation::write;
    int at = 0;    // the n-th of its kind, from 1
    int code = 0;  // what SQLite is told
    Lasting lasting = Lasting::once;
  };
  struct Write {
    std::int64_t offset = 0;
    std::string bytes;
  };
  struct Truncation {
    std::int64_t size = 0;
  };
  struct Image {
    std::string synced;  // as it was at its last sync
    std::string now;
    std::vector<std::variant<Write, Truncation>> unsynced;
    bool is_removed = false;            // but not yet for good
    std::optional<std::string> before;  // the file of this name that was removed, while its name may still come back
    void begin_anew();
    void write(std::int64_t offset, const std::string& bytes);
    void truncate(std::int64_t size);
    void sync();
  };

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;

  void plan(Fault fault);
  bool was_hit() const { return hits_ > 0; }

  // What of the unsynced writes a disk may keep when the power goes.
  enum class Kept {
    nothing,
    everything,
    some,  // any sectors in any order, one of them in part
  };
  // The files of SQLite as they are found after it, below another folder.
  void write_images(const std::filesystem::path& from, const std::filesystem::path& to, Kept kept,
                    std::mt19937_64& random) const;

  // For the wrapped file system. 0: go on; else a code for SQLite.
  int meet(Operation operation);
  bool is_dead() const { return is_dead_; }
  bool is_lying() const { return is_lying_; }
  Image& image(const std::string& path);
  void sync_folder();  // removals are for good then
  sqlite3_vfs* real() const { return real_; }

 private:
  sqlite3_vfs* real_;
  Fault fault_;
  int met_ = 0, hits_ = 0;
  bool is_dead_ = false, is_lying_ = false;
  std::map<std::string, Image> images_;
};

}  // namespace runbook::testing
