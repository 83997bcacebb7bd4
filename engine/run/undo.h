#pragma once
// What an undo goes through: what really ran, in reverse order of intents. Satisfied and skipped steps are none of it.
#include <optional>
#include <string>
#include <vector>

#include "run/instances.h"
#include "run/proposal.h"

namespace runbook {

struct UndoEntry {
  Instance step;  // if it is gone: its name alone
  std::string title;
  bool is_gone = false;          // no longer in the runbook
  std::int64_t seq = 0;          // of what is undone
  std::optional<Instance> undo;  // nullopt: it can't be undone
  std::string why_not;
  bool is_irreversible = false;  // undo past it is refused
};

// The last comes first. Steps that only read are left out: they changed nothing.
std::vector<UndoEntry> undo_list(const RunFacts& facts, const RunState& state, StoredValues& values);

// Of an undo that comes to its end: "all but `pay`, which is no longer in the runbook"; "": nothing of that kind stays.
std::string all_but_what_is_gone(const RunFacts& facts, const RunState& state, StoredValues& values);

// Of an undo that is under way: the next that can be undone and is within it; nullopt: there is nothing left.
std::optional<UndoEntry> next_to_undo(const RunFacts& facts, const RunState& state, StoredValues& values);

// What follows when the undo of a step is done: it can be done anew, and what is around it is open again.
std::vector<Proposal> undone(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry);

// Where `--to STEP` ends: the event from which on all is undone; 0: this step has not run.
std::int64_t undo_border(const RunState& state, const std::string& step);

// Why an undo back to that event can't begin, with what to do; "" if it can.
struct UndoRefusal {
  std::string why, hint;
};
UndoRefusal why_no_undo(const RunState& state, const std::vector<UndoEntry>& list, std::int64_t border);

// An undo that somebody is asked about.
struct UndoScope {
  std::string to;  // the step back to which it goes, undone too; "": all
  std::int64_t border = 0;
  std::vector<UndoEntry> list;  // what is within it
  UndoRefusal refusal;
  std::size_t possible() const;
  // That it begins.
  Proposal undoing(const std::string& who, const std::string& because) const;
};
UndoScope undo_scope(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& to,
                     std::int64_t border);

}  // namespace runbook
