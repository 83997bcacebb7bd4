#pragma once
// What a loop or an include makes of a step. How it is called: state/instance_name.h.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "book/runbook.h"
#include "state/instance_name.h"

namespace runbook {

// What surrounds an instance: an item of a loop, or an included runbook. Immutable; nullptr stands for the run itself.
struct Frame {
  std::shared_ptr<const Frame> outer;
  // An item of a loop.
  const Section* loop = nullptr;
  std::string key;
  Value item;
  // An included runbook, with its folder, its inputs (but secrets) and vars.
  const Runbook* runbook = nullptr;
  std::string dir;
  Value inputs, vars;
  std::map<std::string, std::string> secrets;
  // Of the names inside.
  std::string prefix, suffix;
};
using FramePtr = std::shared_ptr<const Frame>;

FramePtr frame_of_item(const Section& loop, std::string key, Value item, FramePtr outer);

// How many loops, within its runbook.
std::size_t loops_around(const Frame* frame);
// What stands within the outermost `count` of them.
FramePtr outer_loops(FramePtr frame, std::size_t count);

// The innermost included runbook, or nullptr: the one that is run.
const Frame* included_around(const Frame* frame);

class Instance {
 public:
  Instance() = default;
  // One in no loop, of the runbook that is run.
  Instance(const Step& step) : id(step.id), step_(&step) {}
  Instance(const Step& step, FramePtr surroundings);
  std::string id;  // its name
  FramePtr frame;

  const Step& operator*() const { return *step_; }
  const Step* operator->() const { return step_; }

 private:
  const Step* step_ = nullptr;
};

// "2", "2.1[eu-1]", "cluster/1". With the frame of one of its items it is the name of that item.
std::string section_name(const Section& section, const Frame* frame);

}  // namespace runbook
