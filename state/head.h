#pragma once
// The head outside the journal's file: `<run folder>/head`, two lines of equal length "epoch seq hash crc32", written in turn.
//
// A line is written after the commit it tells of, and is not synced: it may lag behind the journal, never lead it. So a
// journal that ends before the head has gone back in time. A torn or damaged line is passed over, the other one holds the commit
// before; with both damaged, as without the file, nothing is proven and nothing refused: power loss can leave that, and then the
// journal, which was synced, is the better witness.
#include <filesystem>
#include <string>

#include "state/journal.h"

namespace runbook {

std::string head_line(const HeadMark& mark);

class HeadFile {
 public:
  // Makes the file if need be. Throws Error (exit 6).
  explicit HeadFile(const std::filesystem::path& run_folder);
  ~HeadFile();
  HeadFile(const HeadFile&) = delete;
  // false: it could not be written.
  bool write(const HeadMark& mark);

 private:
  int fd_ = -1;
  int line_ = 0;  // the one to write next
};

}  // namespace runbook
