#pragma once
// An archive: a journal with one run, whole, in one file. Every command that looks reads it; nothing is written to it.
#include <filesystem>
#include <string>
#include <vector>

#include "state/journal.h"
#include "state/sqlite.h"

namespace runbook {

struct ExportOrder {
  std::filesystem::path out;
  std::string host;  // on which the journal lies
  std::int64_t at_ms = 0;
};

// The run with all that is recorded of it, 0600, named `out` once it is whole, synced and verified. Throws Error (exit 2) if there is
// something by that name, or no folder for it; (exit 6) if the record is broken, or can't be written. Then there is no archive.
// Gives the head.
std::string export_run(const JournalFile& file, const RunRow& row, const ExportOrder& order,
                       const std::vector<KnownCommit>& witnesses = {});

// Throws Error (exit 6) unless it is an archive of that run, up to the same event, and verifies.
void require_archive_of(const std::filesystem::path& archive, const RunRow& row);
// Throws Error (exit 6) that says where the run goes on, if that is an archive.
void refuse_archive(Database& database);

}  // namespace runbook
