#include "run/scripted_journal.h"

#include "base/digest.h"
#include "base/error.h"

namespace runbook {

Event ScriptedJournal::append(Event event) {
  event.seq = static_cast<std::int64_t>(committed_.size() + buffered_.size()) + 1;
  buffered_.push_back(event);
  return event;
}

std::string ScriptedJournal::put(std::string_view bytes) {
  std::string digest = sha256_hex(bytes);
  blobs_[digest] = bytes;
  return digest;
}

void ScriptedJournal::commit() {
  if (buffered_.empty()) return;
  const std::size_t number = commits_++;
  if (before_commit) before_commit(number);
  committed_.insert(committed_.end(), buffered_.begin(), buffered_.end());
  buffered_.clear();
  if (after_commit) after_commit(number);
}

std::string ScriptedJournal::blob(const std::string& digest) const {
  const auto found = blobs_.find(digest);
  RUNBOOK_ASSERT(found != blobs_.end());
  return found->second;
}

RunState ScriptedJournal::fold() const {
  RunState state;
  for (const Event& event : committed_) state.apply(event);
  return state;
}

}  // namespace runbook
