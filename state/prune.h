#pragma once
// Runs that were left long ago are taken out of the journal: archived first, removed then, and known ever after.
#include <filesystem>
#include <string>
#include <vector>

#include "state/journal.h"

namespace runbook {

struct PruneOrder {
  std::filesystem::path archives;  // a folder, made if need be; "": no archive is kept
  std::string who, because;
  std::string host;
  std::int64_t at_ms = 0;
};

// `<archives>/RUN.db`
std::filesystem::path archive_path(const std::filesystem::path& archives, const std::string& run);
// `<journal>.archive`
std::filesystem::path default_archives(const JournalFile& file);

// Of a run that was left. An archive of it that is there already is taken if it has the same head. Removed is it only when the archive
// has verified, in one transaction; its folder goes last. Throws Error (exit 5) if it went on meanwhile, else as export_run does; then
// nothing was removed.
void prune_run(JournalFile& file, const Lease& lease, const RunRow& row, const PruneOrder& order,
               const std::vector<KnownCommit>& witnesses = {});
// The folders that a prune which was broken off left behind are removed, and the room of what is gone is given back.
void finish_pruning(JournalFile& file);

// Throws Error (exit 2) that tells when it was pruned and where its archive is, if the word means such a run.
void require_not_pruned(const JournalFile& file, const std::string& word);

}  // namespace runbook
