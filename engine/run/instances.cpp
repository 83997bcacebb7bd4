#include "run/instances.h"

#include <algorithm>
#include <filesystem>

namespace runbook {

namespace {

const Step* step_of(const Runbook& runbook, const std::string& id) {
  constexpr std::string_view undo = ":undo";
  if (!id.ends_with(undo)) return runbook.find(id);
  const Step* undone = runbook.find(std::string_view(id).substr(0, id.size() - undo.size()));
  return undone ? undone->undo.get() : nullptr;
}

}  // namespace

Value Instances::items_of(const Section& loop, const Frame* outer) const {
  const SectionState* entered = state_.section(section_name(loop, outer));
  Value items = entered ? values_.get(entered->list) : Value();
  return items.is_list() ? items : Value(List{});
}

std::optional<Instance> Instances::find(std::string_view name) const {
  const auto parts = parts_of_name(name);
  if (!parts) return std::nullopt;
  FramePtr frame;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const Frame* around = included_around(frame.get());
    const Step* step = step_of(around ? *around->runbook : *facts_.runbook, (*parts)[i].id);
    if (!step || step->loops.size() != (*parts)[i].keys.size()) return std::nullopt;
    for (std::size_t loop = 0; loop < step->loops.size(); ++loop) {
      const Value items = items_of(*step->loops[loop], frame.get());
      const List& list = items.as_list();
      const auto found = std::find_if(list.begin(), list.end(),
                                      [&](const Value& item) { return item.text_or("key", "") == (*parts)[i].keys[loop]; });
      if (found == list.end()) return std::nullopt;
      frame = frame_of_item(*step->loops[loop], found->text_or("key", ""), found->get("item"), frame);
    }
    Instance instance(*step, frame);
    if (i + 1 == parts->size()) return instance;
    if (!step->include || state_.of(instance.id).inputs.empty()) return std::nullopt;
    frame = frame_of_include(instance);
  }
  return std::nullopt;
}

void Instances::add_all_of(const Step& step, std::size_t depth, const FramePtr& frame, std::vector<Instance>& into) const {
  if (depth == step.loops.size()) {
    into.emplace_back(step, frame);
    return;
  }
  const Section& loop = *step.loops[depth];
  const Value items = items_of(loop, frame.get());
  for (const Value& item : items.as_list())
    add_all_of(step, depth + 1, frame_of_item(loop, item.text_or("key", ""), item.get("item"), frame), into);
}

std::vector<Instance> Instances::all_of(const Step& step, const FramePtr& frame) const {
  std::vector<Instance> instances;
  add_all_of(step, 0, frame, instances);
  return instances;
}

void Instances::add_all(const Runbook& runbook, const FramePtr& frame, std::vector<Instance>& into) const {
  for (const Step* step : runbook.steps) {
    for (const Instance& instance : all_of(*step, frame)) {
      into.push_back(instance);
      if (!step->include || state_.of(instance.id).inputs.empty()) continue;
      add_all(*step->include->runbook, frame_of_include(instance), into);
    }
  }
}

std::vector<Instance> Instances::all() const {
  std::vector<Instance> instances;
  add_all(*facts_.runbook, nullptr, instances);
  return instances;
}

FramePtr Instances::frame_of_include(const Instance& include) const {
  auto frame = std::make_shared<Frame>();
  frame->outer = include.frame;
  frame->runbook = include->include->runbook.get();
  frame->prefix = include.id + "/";
  const Frame* around = included_around(include.frame.get());
  const std::filesystem::path folder = around ? around->dir : facts_.dir;
  frame->dir = (folder / include->include->file).lexically_normal().parent_path().string();
  frame->inputs = values_.get(state_.of(include.id).inputs);
  frame->vars = evaluate_vars(*frame->runbook, frame->inputs, facts_.run_values);
  try {
    frame->secrets = inputs_of_include(*include, RunScope(facts_, state_, values_, include.frame)).secrets;
  } catch (const std::exception&) {
    frame->secrets.clear();
  }
  return frame;
}

InputValues inputs_of_include(const Step& include, const Scope& scope) {
  GivenInputs given;
  for (const auto& [name, tree] : include.include->with) given.values.emplace_back(name, tree.evaluate(scope));
  return resolve_inputs(*include.include->runbook, given);
}

}  // namespace runbook
