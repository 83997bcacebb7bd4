#pragma once
// A journal in memory, for rehearsals: it can be cut off at any commit, as a crash would.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

class ScriptedJournal : public Journal {
 public:
  // Called by every commit, with how many there were before; may throw.
  std::function<void(std::size_t)> before_commit, after_commit;
  std::vector<Answer> given;  // by people

  const std::string& run() const override { return run_; }
  std::int64_t epoch() const override { return 1; }
  Event append(Event event) override;
  std::string put(std::string_view bytes) override;
  bool has_uncommitted() const override { return !buffered_.empty(); }
  void commit() override;
  std::string blob(const std::string& digest) const override;
  std::vector<Answer> answers() override { return given; }
  std::int64_t seq() const override { return static_cast<std::int64_t>(committed_.size()); }
  std::string hash() const override { return {}; }

  const std::vector<Event>& events() const { return committed_; }
  // What a crash leaves.
  void forget_uncommitted() { buffered_.clear(); }
  RunState fold() const;

 private:
  std::string run_ = "rehearsal";
  std::vector<Event> committed_, buffered_;
  std::size_t commits_ = 0;
  std::map<std::string, std::string> blobs_;
};

}  // namespace runbook
