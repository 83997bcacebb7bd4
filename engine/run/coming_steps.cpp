#include "run/coming_steps.h"

#include "run/frontier.h"

namespace runbook {

namespace {

class Outlook {
 public:
  Outlook(const RunFacts& facts, const RunState& state, StoredValues& values)
      : state_(state), instances_(facts, state, values), frontier_(facts, state, values) {}

  void add(const Section& section, const FramePtr& frame, Cursors& cursors) {
    if (!section.loop) return add_children(begun_of(section, frame), frame, cursors);
    const SectionState* entered = state_.section(section_name(section, frame.get()));
    if (!entered || entered->list.empty()) return add_open_loop(section, frame);
    const Value items = instances_.items_of(section, frame.get());
    for (const Value& item : items.is_list() ? items.as_list() : List()) {
      const FramePtr inside = frame_of_item(section, item.text_or("key", ""), item.get("item"), frame);
      Cursors within;
      add_children(begun_of(section, inside), inside, within);
    }
  }

  ComingSteps coming;

 private:
  // What of it is gone through: itself, or its rescue once it was given up.
  const Section& begun_of(const Section& section, const FramePtr& frame) const {
    const SectionState* it = state_.section(section_name(section, frame.get()));
    return it && it->phase == SectionState::Phase::failed && section.rescue ? *section.rescue : section;
  }

  void add_open_loop(const Section& section, const FramePtr& frame) {
    coming.has_open_loop = true;
    for (const Step* step : steps_of_body(section)) coming.steps.emplace_back(*step, frame);
  }

  void add_children(const Section& section, const FramePtr& frame, Cursors& cursors) {
    for (const TreeNode& child : section.children) {
      if (frontier_.is_done(child, frame, cursors)) continue;
      if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) add(**inner, frame, cursors);
      else add_step(Instance(*std::get<std::unique_ptr<Step>>(child), frame));
    }
  }

  void add_step(const Instance& step) {
    if (!step->include || state_.of(step.id).inputs.empty()) return coming.steps.push_back(step);
    Cursors within;
    add(step->include->runbook->root, instances_.frame_of_include(step), within);
  }

  const RunState& state_;
  Instances instances_;
  Frontier frontier_;
};

}  // namespace

ComingSteps coming_steps(const RunFacts& facts, const RunState& state, StoredValues& values) {
  Outlook outlook(facts, state, values);
  Cursors cursors;
  outlook.add(facts.runbook->root, nullptr, cursors);
  return std::move(outlook.coming);
}

}  // namespace runbook
