#pragma once
// A turn's way through the tree: which sections begin, fail and end, and which steps are decided about.
//
//   a section with something to remember:  (nothing) → entered → left (its watches saw the end) ─┬→ finally
//                                              │           └→ failed (rescued, or borne by its loop) ─┘
//                                              └→ skipped (`when`)
#include "run/turn.h"

namespace runbook {

class Walk {
 public:
  explicit Walk(Turn& turn) : turn_(turn), frontier_(turn.facts, turn.state, turn.values) {}

  // All of the runbook, `finally` included.
  Progress run(const Way& way);

 private:
  Progress child(const TreeNode& child, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress section(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress recorded(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress enter(const Section& section, const FramePtr& frame);
  void enter_loop(const Section& section, const FramePtr& frame, const Scope& scope);
  Progress entered(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress give_up(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress after_trip(const Section& section, const Watch& watch, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress rescue(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Way at_last(const Way& way) const;
  Progress finally(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress body(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress children(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress loop(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress later_items(const Section& section, const LoopCursor& at, const FramePtr& frame, const Way& way);
  Progress bear(const Section& section, ActiveItem& item, const Way& way);
  Progress step(const Instance& step, Cursors& cursors, const Way& way);
  Progress included(const Instance& step, Cursors& cursors, const Way& way);
  Progress end_included(const Instance& step, const FramePtr& inside);

  Progress fail(const Section& section, const FramePtr& frame, const std::string& why, const std::string& step);
  void skip(const Section& section, const FramePtr& frame, const std::string& why);
  void skip_rest_of(const Section& section, const FramePtr& frame, const std::string& why);
  bool has_begun(const Instance& step) const;
  Progress watched(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way);
  Progress look_at(const Watch& watch, const FramePtr& frame, std::optional<std::int64_t> steps_done_after_n);
  Progress launch_look(const Instance& watch);
  bool is_calm(const Watch& watch, const FramePtr& frame, std::int64_t after_n) const;
  Progress stop(const std::string& state, const std::string& why, const std::string& instance);

  Turn& turn_;
  Frontier frontier_;
};

}  // namespace runbook
