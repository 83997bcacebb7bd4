#pragma once
// Where a walk through the tree stands: what is done is not looked at again. A memo: it is found out anew when it is cleared.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/value.h"
#include "run/instance.h"

namespace runbook {

struct LoopCursor;
struct IncludeCursor;

struct Cursor {
  std::size_t at = 0;                      // of a sequence: all before it is done
  std::shared_ptr<LoopCursor> loop;        // of a section with for_each
  std::shared_ptr<IncludeCursor> include;  // of a step
  std::optional<std::int64_t>
      done_after_n;  // of a section with watches: the last launch before it was seen that its steps are done
};

// By section or step, within one frame.
using Cursors = std::unordered_map<const void*, Cursor>;

struct ActiveItem {
  FramePtr frame;
  Cursors cursors;
};

struct LoopCursor {
  Value items;
  std::vector<std::int64_t> batches;
  std::size_t batch = 0, batch_end = 0, next = 0;
  std::vector<ActiveItem> active;  // in the order of the list
};

struct IncludeCursor {
  FramePtr frame;
  Cursors cursors;
};

}  // namespace runbook
