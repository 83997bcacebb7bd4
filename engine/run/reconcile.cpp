#include "run/reconcile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

#include "book/step_text.h"
#include "run/frontier.h"
#include "run/step_record.h"
#include "state/instance_name.h"

namespace runbook {

namespace {

using Kind = StepChange::Kind;

std::vector<const Section*> sections_in(const Section& section) {
  std::vector<const Section*> inner;
  for (const auto& child : section.children)
    if (const auto* found = std::get_if<std::unique_ptr<Section>>(&child)) inner.push_back(found->get());
  return inner;
}

class Reconciler {
 public:
  Reconciler(const Runbook& before, const Runbook& now, const RunState& state)
      : before_(before),
        now_(now),
        state_(state),
        records_(state),
        old_text_(texts_of(*before.source)),
        new_text_(texts_of(*now.source)) {}

  Reconciliation reconcile() {
    find_renamed();
    match_sections(before_.root, now_.root);
    find_loops_left_out();
    for (const Step* step : now_.steps) compare(*step);
    for (const Step* step : before_.steps) {
      if (!is_kept_.count(step->id)) remove(*step);
    }
    find_those_behind();
    find_twins();
    compare_settings();
    return std::move(result_);
  }

 private:
  void find_renamed() {
    for (const Step* step : now_.steps) {
      const bool is_known = before_.find(step->id) != nullptr;
      const bool is_renamed = !step->was.empty() && !is_known && before_.find(step->was);
      if (is_renamed) result_.renamed[step->was] = step->id;
      if (is_renamed || is_known) is_kept_.insert(is_renamed ? step->was : step->id);
    }
  }

  // "" for a new one.
  std::string former_id(const Step& step) const {
    if (before_.find(step.id)) return step.id;
    const auto found = result_.renamed.find(step.was);
    return found != result_.renamed.end() && found->second == step.id ? step.was : "";
  }

  // By id, or else by title; a loop also by its steps: what was made of them is found by its list.
  void match_sections(const Section& before, const Section& now) {
    std::vector<const Section*> unknown;
    for (const Section* inner : sections_in(now)) {
      const Section* former = find_named(before, *inner);
      if (former && !result_.sections.count(former->path)) match(*former, *inner);
      else unknown.push_back(inner);
    }
    for (const Section* inner : unknown) {
      if (const Section* former = find_loop(before, *inner)) match(*former, *inner);
    }
    match_extra(before.rescue.get(), now.rescue.get());
    match_extra(before.finally.get(), now.finally.get());
    for (const Watch& watch : now.watches) {
      const auto former = std::find_if(before.watches.begin(), before.watches.end(),
                                       [&](const Watch& each) { return each.step->id == watch.step->id; });
      if (former != before.watches.end()) match_extra(former->on_trip.get(), watch.on_trip.get());
    }
  }

  void match_extra(const Section* former, const Section* now) {
    if (former && now) match(*former, *now);
  }

  void match(const Section& former, const Section& now) {
    result_.sections[former.path] = now.path;
    // "1.2" and "1.2[a]": it stands in a loop, and was left out for some items.
    for (auto seen = state_.sections.lower_bound(former.path); seen != state_.sections.end(); ++seen) {
      const auto& [name, section] = *seen;
      if (!name.starts_with(former.path)) break;
      if (section.phase == SectionState::Phase::skipped && name_without_keys(name) == former.path)
        leave_out(now, name.substr(former.path.size()));
    }
    match_sections(former, now);
  }

  static const Section* find_named(const Section& among, const Section& wanted) {
    for (const Section* inner : sections_in(among)) {
      if (wanted.id.empty() ? inner->title == wanted.title : inner->id == wanted.id) return inner;
    }
    return nullptr;
  }

  const Section* find_loop(const Section& among, const Section& wanted) const {
    if (!wanted.loop) return nullptr;
    for (const Section* inner : sections_in(among)) {
      if (inner->loop && !result_.sections.count(inner->path) && share_a_step(*inner, wanted)) return inner;
    }
    return nullptr;
  }

  bool share_a_step(const Section& former, const Section& now) const {
    std::set<std::string> ids;
    for (const Step* step : steps_of(former)) ids.insert(step->id);
    const std::vector<const Step*> steps = steps_of(now);
    return std::any_of(steps.begin(), steps.end(), [&](const Step* step) { return ids.count(former_id(*step)) > 0; });
  }

  // As the walk does it, but for what was there already.
  void leave_out(const Section& section, const std::string& keys) {
    for (const Step* step : keys.empty() ? steps_of(section) : std::vector<const Step*>()) left_out_.insert(step->id);
    if (section.loop) return;
    for (const auto& child : section.children) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child))
        left_out_instances_[(*step)->id].push_back((*step)->id + keys);
      else leave_out_inner(*std::get<std::unique_ptr<Section>>(child), keys);
    }
    for (const Watch& watch : section.watches)
      if (watch.on_trip) leave_out_inner(*watch.on_trip, keys);
    for (const Section* extra : {section.rescue.get(), section.finally.get()})
      if (extra) leave_out_inner(*extra, keys);
  }

  void leave_out_inner(const Section& section, const std::string& keys) {
    if (section.loop) left_out_loops_.emplace_back(section.path, keys);
    else leave_out(section, keys);
  }

  void find_loops_left_out() {
    std::set<std::string> known;
    for (const auto& [former, now] : result_.sections) known.insert(now);
    for (const auto& [path, keys] : left_out_loops_)
      if (!known.count(path)) result_.left_out_loops.push_back(path + keys);
  }

  // What was made of it has the same names in both.
  bool has_same_loops(const Step& former, const Step& now) const {
    return std::equal(former.loops.begin(), former.loops.end(), now.loops.begin(), now.loops.end(),
                      [&](const Section* before, const Section* after) {
                        const auto found = result_.sections.find(before->path);
                        return found != result_.sections.end() && found->second == after->path;
                      });
  }

  // Of a step that comes back under a name that the run knows: they would be found again.
  static bool has_same_names(const StepRecord& record, const Step& step) {
    return std::all_of(record.instances.begin(), record.instances.end(), [&](const std::string& instance) {
      const auto parts = parts_of_name(instance);
      return parts && parts->front().keys.size() == step.loops.size();
    });
  }

  void compare(const Step& step) {
    StepChange change;
    change.id = step.id;
    change.line = step.place.line;
    const std::string former = former_id(step);
    if (former.empty()) return add(std::move(change), step);
    const StepText &was = old_text_.steps.at(former), &is = new_text_.steps.at(step.id);
    const StepRecord& record = records_.of(former);
    const Step& before = *before_.find(former);
    change.former = former == step.id ? "" : former;
    change.state = record.state;
    const bool is_another = was.deed != is.deed || included_by(before) != included_by(step);
    const bool is_moved = !record.instances.empty() && !has_same_loops(before, step);
    change.kind = is_moved ? Kind::moved : is_another ? Kind::deed : was.words != is.words ? Kind::words : Kind::renamed;
    if (change.kind == Kind::renamed && change.former.empty()) {
      ++result_.unchanged;
      return;
    }
    judge(change, record);
    const bool is_taken = !change.former.empty() && !records_.of(step.id).instances.empty();
    if (change.why_not.empty() && is_taken) {
      change.why_not = fmt::format("the run knows another step as `{}`, which is gone", step.id);
      change.hint = "give it an `id` that this run has not had";
    }
    result_.steps.push_back(std::move(change));
  }

  // Maybe one that was there once: then the run knows its name.
  void add(StepChange change, const Step& step) {
    const StepRecord& record = records_.of(step.id);
    const bool comes_back_elsewhere = record.was_touched && !has_same_names(record, step);
    change.kind = comes_back_elsewhere ? Kind::moved : Kind::added;
    change.state = record.state;
    change.is_left_out = left_out_.count(step.id) > 0;
    if (const auto found = left_out_instances_.find(step.id); found != left_out_instances_.end())
      change.left_out = found->second;
    if (comes_back_elsewhere) judge(change, record);
    result_.steps.push_back(std::move(change));
  }

  // The texts of what it includes, whole.
  static std::string included_by(const Step& step) {
    if (!step.include) return {};
    std::string text = step.include->runbook->source->text();
    for (const Step* inner : step.include->runbook->steps) text += included_by(*inner);
    return text;
  }

  void remove(const Step& step) {
    StepChange change;
    change.kind = Kind::removed;
    change.id = step.id;
    change.state = records_.of(step.id).state;
    judge(change, records_.of(step.id));
    result_.steps.push_back(std::move(change));
  }

  // What can't change any more, and the way out.
  static void judge(StepChange& change, const StepRecord& record) {
    const bool is_itself = record.weightiest == (change.former.empty() ? change.id : change.former);
    const std::string it = is_itself ? "it" : fmt::format("`{}`", record.weightiest);
    if (record.state == StepState::in_doubt) {
      change.why_not = it + " is in doubt";
      change.hint = "settle it first (`runbook resolve`), then adopt the change";
    } else if (record.is_open) {
      change.why_not = it + " has begun, and its end is not known yet";
      change.hint = "put its text back and go on until it has ended, then adopt the change";
    } else if (change.kind == Kind::moved && record.was_touched) {
      change.why_not =
          "it stands in another loop than before, or in none any more: what it did would be forgotten, and done anew";
      change.hint =
          "put it back where it stood; or give it another `id`: what it did is then told as that of a step which is gone";
    } else if (change.kind == Kind::deed && (record.state == StepState::succeeded || record.state == StepState::satisfied)) {
      change.why_not = it + " is done, and did what the old text says";
      change.hint = is_itself ? "put its text back; or, to have it done anew: `runbook redo` first, then adopt the change"
                              : "put its text back, and let a step of its own do what is to be done otherwise; or, to have all "
                                "of it done anew: `runbook redo` first, then adopt the change";
    }
  }

  bool has_begun(const std::string& former) const { return records_.of(former).has_begun; }
  // Under which the run knows the step, if it does.
  std::string known_id(const Step& step) const {
    const std::string former = former_id(step);
    return former.empty() ? step.id : former;
  }

  // The position behind the last step that has begun, in that runbook.
  std::size_t reached(const std::vector<const Step*>& steps, const std::function<std::string(const Step&)>& former) const {
    for (std::size_t i = steps.size(); i > 0; --i) {
      if (has_begun(former(*steps[i - 1]))) return i;
    }
    return 0;
  }

  // Still to be done, and before the last that has begun: that was not so before.
  void find_those_behind() {
    const std::size_t now = reached(now_.steps, [this](const Step& step) { return known_id(step); });
    const std::size_t old = reached(before_.steps, [](const Step& step) { return step.id; });
    std::set<std::string> was_behind;
    for (std::size_t i = 0; i < old; ++i) {
      if (!has_begun(before_.steps[i]->id)) was_behind.insert(before_.steps[i]->id);
    }
    for (std::size_t i = 0; i < now; ++i) {
      const Step& step = *now_.steps[i];
      const std::string former = former_id(step);
      if (has_begun(known_id(step)) || was_behind.count(former) || left_out_.count(step.id)) continue;
      change_of(step, former).is_behind = true;
    }
  }

  // A step under another id that does what one did that is gone: most likely the same, and it would be done twice.
  void find_twins() {
    for (StepChange& change : result_.steps) {
      if (change.kind != Kind::added || change.is_left_out) continue;
      const auto twin = std::find_if(result_.steps.begin(), result_.steps.end(), [&](const StepChange& gone) {
        return gone.kind == Kind::removed && has_begun(gone.id) &&
               old_text_.steps.at(gone.id).deed == new_text_.steps.at(change.id).deed;
      });
      if (twin == result_.steps.end()) continue;
      change.is_behind = true;
      change.twin = twin->id;
    }
  }

  // One that only stands elsewhere has none yet.
  StepChange& change_of(const Step& step, const std::string& former) {
    const auto found = std::find_if(result_.steps.begin(), result_.steps.end(),
                                    [&](const StepChange& change) { return change.line > 0 && change.id == step.id; });
    if (found != result_.steps.end()) return *found;
    StepChange moved;
    moved.kind = Kind::words;
    moved.id = step.id;
    moved.state = records_.of(former).state;
    moved.line = step.place.line;
    --result_.unchanged;
    result_.steps.push_back(std::move(moved));
    return result_.steps.back();
  }

  bool is_order_the_same() const {
    std::vector<std::string> old, now;
    for (const Step* step : before_.steps)
      if (is_kept_.count(step->id)) old.push_back(step->id);
    for (const Step* step : now_.steps)
      if (const std::string former = former_id(*step); !former.empty()) now.push_back(former);
    return old == now;
  }

  void compare_settings() {
    std::set<std::string> keys;
    for (const auto& [key, text] : old_text_.settings) keys.insert(key);
    for (const auto& [key, text] : new_text_.settings) keys.insert(key);
    for (const std::string& key : keys) {
      const auto was = old_text_.settings.find(key), is = new_text_.settings.find(key);
      const bool is_same = was != old_text_.settings.end() && is != new_text_.settings.end() && was->second == is->second;
      if (!is_same) result_.settings.push_back(key);
    }
    if (!is_order_the_same()) result_.settings.emplace_back("the order of steps");
  }

  const Runbook &before_, &now_;
  const RunState& state_;
  const StepRecords records_;
  const RunbookText old_text_, new_text_;
  std::set<std::string> is_kept_;   // former ids
  std::set<std::string> left_out_;  // steps of sections that `when` has left out
  std::map<std::string, std::vector<std::string>> left_out_instances_;
  std::vector<std::pair<std::string, std::string>> left_out_loops_;  // in such sections: paths and keys
  Reconciliation result_;
};

}  // namespace

bool Reconciliation::is_possible() const {
  return std::all_of(steps.begin(), steps.end(), [](const StepChange& change) { return change.why_not.empty(); });
}

Reconciliation reconcile(const Runbook& before, const Runbook& now, const RunState& state, const NamedFiles& named) {
  Reconciliation result = Reconciler(before, now, state).reconcile();
  for (const auto& [path, file] : named) {
    const auto known = state.files.find(path);
    if (known != state.files.end() && known->second != file.sha256)
      result.files.push_back(fmt::format("{} (`{}`)", path, fmt::join(file.steps, "`, `")));
  }
  return result;
}

}  // namespace runbook
