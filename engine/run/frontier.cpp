#include "run/frontier.h"

#include <algorithm>

#include "base/error.h"

namespace runbook {

using Phase = SectionState::Phase;

bool is_recorded(const Section& section) {
  return section.when || section.loop || section.rescue || (section.finally && !section.path.empty()) ||
         !section.watches.empty();
}

// Steps

bool Frontier::is_done(const Instance& step, Cursors& cursors) const {
  const InstanceState& it = state_.of(step.id);
  if (it.state == StepState::failed) return step->continues_on_failure;
  if (!runbook::is_done(it.state)) return false;
  // A step of an included runbook may be done anew.
  if (!step->include || it.inputs.empty()) return true;
  IncludeCursor& inside = include(step, cursors);
  return is_done(step->include->runbook->root, inside.frame, inside.cursors);
}

bool Frontier::has_failed(const Instance& step, Cursors& cursors) const {
  if (step->continues_on_failure) return false;
  const InstanceState& it = state_.of(step.id);
  if (it.state == StepState::failed) return true;
  if (!step->include || it.inputs.empty()) return false;
  IncludeCursor& inside = include(step, cursors);
  return has_failed(step->include->runbook->root, inside.frame, inside.cursors);
}

IncludeCursor& Frontier::include(const Instance& step, Cursors& cursors) const {
  auto& cursor = cursors[&*step].include;
  if (!cursor) {
    cursor = std::make_shared<IncludeCursor>();
    cursor->frame = instances_.frame_of_include(step);
  }
  return *cursor;
}

// Either

bool Frontier::is_done(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const {
  if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) return is_done(Instance(**step, frame), cursors);
  return is_done(*std::get<std::unique_ptr<Section>>(child), frame, cursors);
}

bool Frontier::has_failed(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const {
  if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) return has_failed(Instance(**step, frame), cursors);
  return has_failed(*std::get<std::unique_ptr<Section>>(child), frame, cursors);
}

// Sections

const TreeNode* Frontier::next_child(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  std::size_t& at = cursors[&section].at;
  while (at < section.children.size() && is_done(section.children[at], frame, cursors)) ++at;
  return at < section.children.size() ? &section.children[at] : nullptr;
}

bool Frontier::are_children_done(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  if (!section.is_parallel) return next_child(section, frame, cursors) == nullptr;
  return std::all_of(section.children.begin(), section.children.end(),
                     [&](const TreeNode& child) { return is_done(child, frame, cursors); });
}

bool Frontier::have_children_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  if (section.is_parallel)
    return std::any_of(section.children.begin(), section.children.end(),
                       [&](const TreeNode& child) { return has_failed(child, frame, cursors); });
  const TreeNode* next = next_child(section, frame, cursors);
  return next && has_failed(*next, frame, cursors);
}

bool Frontier::is_body_done(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  return section.loop ? loop(section, frame, cursors).active.empty() : are_children_done(section, frame, cursors);
}

bool Frontier::has_body_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  return section.loop ? fails(section, frame, cursors) : have_children_failed(section, frame, cursors);
}

bool Frontier::is_done(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  const SectionState* known = is_recorded(section) ? state_.section(section_name(section, frame.get())) : nullptr;
  if (is_recorded(section)) {
    if (!known) return false;
    // A skipped section is gone through too: a person may want a step of it done after all.
    if (known->phase == Phase::skipped) return section.loop || are_children_done(section, frame, cursors);
    if (known->phase == Phase::entered && !section.watches.empty()) return false;
  }
  const bool was_given_up = known && known->phase == Phase::failed;
  const bool is_over = was_given_up ? !section.rescue || are_children_done(*section.rescue, frame, cursors)
                                    : is_body_done(section, frame, cursors);
  return is_over && (!section.finally || are_children_done(*section.finally, frame, cursors));
}

const Watch* Frontier::tripped(const Section& section, const FramePtr& frame) const {
  for (const Watch& watch : section.watches)
    if (state_.watch(Instance(*watch.step, frame).id).sight == WatchState::Sight::tripped) return &watch;
  return nullptr;
}

bool Frontier::has_failed(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  const SectionState* known = is_recorded(section) ? state_.section(section_name(section, frame.get())) : nullptr;
  if (is_recorded(section) && !known) return false;
  if (section.finally && have_children_failed(*section.finally, frame, cursors)) return true;
  if (known && known->phase == Phase::failed) return section.rescue && have_children_failed(*section.rescue, frame, cursors);
  if (known && known->phase == Phase::skipped && section.loop) return false;
  if (const Watch* watch = tripped(section, frame))
    return !section.rescue || (watch->on_trip && have_children_failed(*watch->on_trip, frame, cursors));
  return !section.rescue && has_body_failed(section, frame, cursors);
}

// Loops

bool Frontier::is_item_borne(const Section& section, const FramePtr& item) const {
  const SectionState* known = state_.section(section_name(section, item.get()));
  return known && known->phase == Phase::failed;
}

bool Frontier::is_item_done(const Section& section, ActiveItem& item) const {
  return is_item_borne(section, item.frame) || are_children_done(section, item.frame, item.cursors);
}

LoopCursor& Frontier::loop(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  auto& cursor = cursors[&section].loop;
  if (!cursor) {
    cursor = std::make_shared<LoopCursor>();
    cursor->items = instances_.items_of(section, frame.get());
    if (const SectionState* known = state_.section(section_name(section, frame.get()))) cursor->batches = known->batches;
    if (!cursor->batches.empty()) cursor->batch_end = static_cast<std::size_t>(cursor->batches.front());
  }
  LoopCursor& at = *cursor;
  std::erase_if(at.active, [&](ActiveItem& item) { return is_item_done(section, item); });
  const List& items = at.items.as_list();
  const auto limit = static_cast<std::size_t>(section.loop->concurrency);
  while (at.active.size() < limit && at.next < items.size()) {
    if (at.next >= at.batch_end) {
      if (!at.active.empty() || at.batch + 1 >= at.batches.size()) break;
      at.batch_end += static_cast<std::size_t>(at.batches[++at.batch]);
      continue;
    }
    const Value& item = items[at.next++];
    ActiveItem active{frame_of_item(section, item.text_or("key", ""), item.get("item"), frame), {}};
    if (!is_item_done(section, active)) at.active.push_back(std::move(active));
  }
  return at;
}

bool Frontier::has_item_failed(const Section& section, ActiveItem& item) const {
  return have_children_failed(section, item.frame, item.cursors);
}

bool Frontier::fails(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  LoopCursor& at = loop(section, frame, cursors);
  if (at.batches.empty()) return false;
  const auto standing =
      std::count_if(at.active.begin(), at.active.end(), [&](ActiveItem& item) { return has_item_failed(section, item); });
  if (standing == 0) return false;
  const Share& borne = section.loop->max_failures;
  const std::int64_t size = at.batches[at.batch];
  const std::int64_t most = borne.is_percent ? size * borne.number / 100 : borne.number;
  return standing + borne_items(section, at, frame) > most;
}

// Of the whole batch: one that is done anew may stand before one that was borne.
std::int64_t Frontier::borne_items(const Section& section, const LoopCursor& loop, const FramePtr& frame) const {
  const List& items = loop.items.as_list();
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(loop.batch_end);
  return std::count_if(end - loop.batches[loop.batch], end, [&](const Value& item) {
    return is_item_borne(section, frame_of_item(section, item.text_or("key", ""), item.get("item"), frame));
  });
}

// Sentences

std::optional<Instance> Frontier::failed_step(const TreeNode& child, const FramePtr& frame, Cursors& cursors) const {
  if (!has_failed(child, frame, cursors)) return std::nullopt;
  const auto* step = std::get_if<std::unique_ptr<Step>>(&child);
  if (!step) return failed_step(*std::get<std::unique_ptr<Section>>(child), frame, cursors);
  Instance instance(**step, frame);
  if (!instance->include || state_.of(instance.id).state == StepState::failed) return instance;
  IncludeCursor& inside = include(instance, cursors);
  return failed_step(instance->include->runbook->root, inside.frame, inside.cursors);
}

std::optional<Instance> Frontier::failed_step(const Section& section, const FramePtr& frame, Cursors& cursors) const {
  if (const Watch* watch = tripped(section, frame)) return Instance(*watch->step, frame);
  if (section.loop && (!frame || frame->loop != &section)) {
    for (ActiveItem& item : loop(section, frame, cursors).active) {
      if (auto step = failed_step(section, item.frame, item.cursors)) return step;
    }
    return std::nullopt;
  }
  for (const TreeNode& child : section.children) {
    if (auto step = failed_step(child, frame, cursors)) return step;
  }
  for (const Section* extra : {section.rescue.get(), section.finally.get()}) {
    if (!extra) continue;
    if (auto step = failed_step(*extra, frame, cursors)) return step;
  }
  return std::nullopt;
}

namespace {

const Watch* find_watch(const Section& section, const Step& step);

const Watch* find_watch_below(const Section* section, const Step& step) {
  return section ? find_watch(*section, step) : nullptr;
}

const Watch* find_watch(const Section& section, const Step& step) {
  for (const Watch& watch : section.watches) {
    if (watch.step.get() == &step) return &watch;
    if (const Watch* found = find_watch_below(watch.on_trip.get(), step)) return found;
  }
  for (const auto& child : section.children) {
    const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
    const Watch* found = inner ? find_watch(**inner, step) : nullptr;
    if (found) return found;
  }
  const Watch* rescuing = find_watch_below(section.rescue.get(), step);
  return rescuing ? rescuing : find_watch_below(section.finally.get(), step);
}

}  // namespace

const Section* set_off_by(const Runbook& runbook, const Step& watch) {
  const Watch* found = find_watch(runbook.root, watch);
  return found ? found->on_trip.get() : nullptr;
}

namespace {

void collect(const Section& section, std::vector<const Step*>& into);

void collect_body(const Section& section, std::vector<const Step*>& into) {
  for (const auto& child : section.children) {
    if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) into.push_back(step->get());
    else collect(*std::get<std::unique_ptr<Section>>(child), into);
  }
}

void collect(const Section& section, std::vector<const Step*>& into) {
  collect_body(section, into);
  for (const Watch& watch : section.watches)
    if (watch.on_trip) collect(*watch.on_trip, into);
  for (const Section* extra : {section.rescue.get(), section.finally.get()})
    if (extra) collect(*extra, into);
}

}  // namespace

std::vector<const Step*> steps_of(const Section& section) {
  std::vector<const Step*> steps;
  collect(section, steps);
  return steps;
}

std::vector<const Step*> steps_of_body(const Section& section) {
  std::vector<const Step*> steps;
  collect_body(section, steps);
  return steps;
}

namespace {

bool find_way(const Section& section, const Step& step, std::vector<const Section*>& way);

bool find_way_into(const Section& inner, const Step& step, std::vector<const Section*>& way) {
  way.push_back(&inner);
  if (find_way(inner, step, way)) return true;
  way.pop_back();
  return false;
}

bool find_way(const Section& section, const Step& step, std::vector<const Section*>& way) {
  for (const auto& child : section.children) {
    const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
    if (inner ? find_way_into(**inner, step, way) : std::get<std::unique_ptr<Step>>(child).get() == &step) return true;
  }
  for (const Watch& watch : section.watches)
    if (watch.on_trip && find_way_into(*watch.on_trip, step, way)) return true;
  for (const Section* extra : {section.rescue.get(), section.finally.get()})
    if (extra && find_way_into(*extra, step, way)) return true;
  return false;
}

}  // namespace

std::vector<const Section*> sections_around(const Section& root, const Step& step) {
  std::vector<const Section*> way;
  find_way(root, step, way);
  return way;
}

std::optional<std::string> given_up_around(const RunFacts& facts, const RunState& state, const Instance& step) {
  const auto was_given_up = [&](const Section& section, std::size_t loops) {
    const SectionState* known = state.section(section_name(section, outer_loops(step.frame, loops).get()));
    return known && known->phase == Phase::failed;
  };
  const Frame* included = included_around(step.frame.get());
  const auto way = sections_around((included ? *included->runbook : *facts.runbook).root, *step);
  for (std::size_t i = 0; i < way.size(); ++i) {
    const Section& section = *way[i];
    const Section* inner = i + 1 < way.size() ? way[i + 1] : nullptr;
    const bool is_beside = inner && (inner == section.rescue.get() || inner == section.finally.get());
    if (is_beside) continue;
    const bool is_of_item = section.loop && was_given_up(section, section.loops.size() + 1);
    if (is_of_item || was_given_up(section, section.loops.size())) return section.title;
  }
  return std::nullopt;
}

}  // namespace runbook
