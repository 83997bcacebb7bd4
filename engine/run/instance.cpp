#include "run/instance.h"

namespace runbook {

FramePtr frame_of_item(const Section& loop, std::string key, Value item, FramePtr outer) {
  auto frame = std::make_shared<Frame>();
  if (outer) {
    frame->prefix = outer->prefix;
    frame->suffix = outer->suffix;
  }
  frame->suffix += bracketed(key);
  frame->loop = &loop;
  frame->key = std::move(key);
  frame->item = std::move(item);
  frame->outer = std::move(outer);
  return frame;
}

std::size_t loops_around(const Frame* frame) {
  std::size_t count = 0;
  for (; frame && !frame->runbook; frame = frame->outer.get()) ++count;
  return count;
}

FramePtr outer_loops(FramePtr frame, std::size_t count) {
  for (std::size_t depth = loops_around(frame.get()); depth > count; --depth) frame = frame->outer;
  return frame;
}

const Frame* included_around(const Frame* frame) {
  while (frame && !frame->runbook) frame = frame->outer.get();
  return frame;
}

Instance::Instance(const Step& step, FramePtr surroundings)
    : id(surroundings ? surroundings->prefix + step.id + surroundings->suffix : step.id),
      frame(std::move(surroundings)),
      step_(&step) {}

std::string section_name(const Section& section, const Frame* frame) {
  return frame ? frame->prefix + section.path + frame->suffix : section.path;
}

}  // namespace runbook
