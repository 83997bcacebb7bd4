#pragma once
// Which attempts of step types that act in the engine's own process may have had their effect: a mark is written before the first byte leaves.
// It outlives the engine, not the machine: what no mark tells is proven only within the boot in which the intent was made.
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>

namespace runbook {

class SentMarks {
 public:
  // run_folder: the run's own; "": there is none, and nothing is marked.
  explicit SentMarks(const std::filesystem::path& run_folder);
  // Any thread. Throws Error (exit 1): then nothing may be sent.
  void add(std::int64_t n);
  // Whether it is certain that attempt n, whose intent was made in that boot, has sent nothing.
  bool prove_unsent(std::int64_t n, const std::string& boot_id) const;

 private:
  std::filesystem::path file_;
  std::mutex mutex_;
  std::set<std::int64_t> added_;
};

}  // namespace runbook
