#pragma once
// What an attempt writes to: two FIFOs, the spool and the file of its named outputs. Made before it is needed, and given on.
#include <cstdint>
#include <filesystem>
#include <string>

#include "os/fd.h"
#include "os/spool.h"

namespace runbook {

// Names of an attempt's files within the run's folder.
struct AttemptFiles {
  std::string out_fifo, err_fifo, spool, named_outputs;
  explicit AttemptFiles(std::int64_t n);
  void remove_from(const std::filesystem::path& folder) const;
  // Gives them to another attempt: renaming costs a fifth of removing and making anew. What can't be renamed is removed.
  void rename_to(const AttemptFiles& other, const std::filesystem::path& folder) const;
  // Whether no process holds the writing end of a FIFO any more.
  bool are_unused(const std::filesystem::path& folder) const;
};

// The files of attempt n, open and empty. The child's ends are opened read-write: should the supervisor die, the child is not
// killed by SIGPIPE but waits for the next reader.
struct AttemptPipes {
  std::int64_t n = 0;
  SpoolWriter::Limits limits;
  Fd out, err, child_out, child_err;
  SpoolWriter spool;
  // Files of that name that are there already are emptied and used. Throws Error when that fails; then nothing is left behind.
  static AttemptPipes make(std::int64_t n, SpoolWriter::Limits limits, const std::filesystem::path& folder);
};

// The reading end of a FIFO, never blocking. It counts as a writer too: that a step closes its output and opens it again is no event.
Fd open_fifo_for_reading(const std::filesystem::path& path);

}  // namespace runbook
