#pragma once
// What of the tree is done, and what has failed: the questions that a walk through it asks. Pure, but for the cursors.
#include <variant>

#include "run/cursors.h"
#include "run/instances.h"

namespace runbook {

using TreeNode = std::variant<std::unique_ptr<Step>, std::unique_ptr<Section>>;

// Whether the section has something to remember: an event says that it was entered.
bool is_recorded(const Section& section);

class Frontier {
 public:
  // All outlive it.
  Frontier(const RunFacts& facts, const RunState& state, StoredValues& values)
      : state_(state), instances_(facts, state, values) {}

  // What comes after it may begin.
  bool is_done(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const;
  bool is_done(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  // Its steps, without `finally`.
  bool is_body_done(const Section& section, const FramePtr& frame, Cursors& cursors) const;

  // A failure stands in it that nothing in it bears.
  bool has_failed(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const;
  bool has_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  bool has_body_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const;

  // Of a sequence: the first that is not done; nullptr: all are.
  const TreeNode* next_child(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  // Of a loop that was entered: as many items as may be at work, none that is done. None at work: it is done.
  LoopCursor& loop(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  // An item of it has failed and is not borne yet.
  bool has_item_failed(const Section& section, ActiveItem& item) const;
  // It has failed, and the loop went on without it.
  bool is_item_borne(const Section& section, const FramePtr& item) const;
  // More items of the batch have failed than the loop that was entered bears.
  bool fails(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  // Of an include that has begun.
  IncludeCursor& include(const Instance& step, Cursors& cursors) const;

  // The step that failed first in written order, or the watch that tripped; or nullopt. For sentences.
  std::optional<Instance> failed_step(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  // The watch of the section that has tripped, or nullptr.
  const Watch* tripped(const Section& section, const FramePtr& frame) const;

 private:
  bool is_done(const Instance& step, Cursors& cursors) const;
  bool has_failed(const Instance& step, Cursors& cursors) const;
  bool are_children_done(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  bool have_children_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const;
  bool is_item_done(const Section& section, ActiveItem& item) const;
  std::int64_t borne_items(const Section& section, const LoopCursor& loop, const FramePtr& frame) const;
  std::optional<Instance> failed_step(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const;
  const RunState& state_;
  Instances instances_;
};

// From the runbook down to the step, without the runbook itself.
std::vector<const Section*> sections_around(const Section& root, const Step& step);
// The title of a section around the step that was given up (rescued, or borne by its loop): the run does not come back to its steps.
std::optional<std::string> given_up_around(const RunFacts& facts, const RunState& state, const Instance& step);

// What a watch sets off when it trips, or nullptr.
const Section* set_off_by(const Runbook& runbook, const Step& watch);

// The steps of a section and of the sections in it, also of those that only run when something happens.
std::vector<const Step*> steps_of(const Section& section);
// Without its own rescue, finally and what its watches set off.
std::vector<const Step*> steps_of_body(const Section& section);

}  // namespace runbook
