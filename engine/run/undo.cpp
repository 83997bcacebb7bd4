#include "run/undo.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "run/frontier.h"
#include "run/questions.h"

namespace runbook {

namespace {

std::string settle_first(const std::string& instance) {
  return fmt::format("settle it first: runbook resolve RUN {} done|not-done", instance);
}

UndoEntry entry_of(Instance step, const InstanceState& it) {
  UndoEntry entry;
  entry.seq = it.acted_seq;
  entry.is_irreversible = step->effect == Effect::irreversible;
  if (entry.is_irreversible) entry.why_not = "it is a point of no return";
  else if (!step->undo) entry.why_not = "it has no `undo`";
  else entry.undo = Instance(*step->undo, step.frame);
  entry.title = step->title;
  entry.step = std::move(step);
  return entry;
}

// The line of "cluster/apply" in an outline, or null.
Value outline_line(const Value& outline, const std::string& step) {
  const std::size_t end = std::min(step.find('/'), step.size());
  for (const Value& line : outline.is_list() ? outline.as_list() : List()) {
    if (line.text_or("id", "") != step.substr(0, end)) continue;
    return end == step.size() ? line : outline_line(line.get("steps"), step.substr(end + 1));
  }
  return {};
}

// What the runbook said of it, when it was there, stands in the outline.
UndoEntry entry_of_gone(const std::string& name, std::int64_t seq, const Value& line) {
  UndoEntry entry;
  entry.step.id = name;
  entry.title = line.text_or("title", "");
  entry.is_gone = true;
  entry.seq = seq;
  entry.why_not = "it is no longer in the runbook";
  entry.is_irreversible = line.text_or("effect", "") == effect_name(Effect::irreversible);
  return entry;
}

bool is_to_be_undone(const Step& step, const InstanceState& it) {
  const bool has_effect = step.kind == Step::Kind::act || step.kind == Step::Kind::manual;
  return it.acted_seq > 0 && has_effect && step.effect != Effect::read;
}

class Reopening {
 public:
  Reopening(const RunFacts& facts, const RunState& state, StoredValues& values)
      : facts_(facts), state_(state), instances_(facts, state, values) {}

  // What is around that step, up to the run.
  void open_around(const Instance& step) {
    renewed_.insert(step.id);
    const Frame* included = included_around(step.frame.get());
    const Section& root = (included ? *included->runbook : *facts_.runbook).root;
    for (const Section* section : sections_around(root, *step)) open(*section, step.frame);
    if (root.finally) renew_what_ran(*root.finally, outer_loops(step.frame, 0));
    if (!included) return;
    const std::string include = included->prefix.substr(0, included->prefix.size() - 1);
    opened_.push_back(include);
    if (const auto around = instances_.find(include)) open_around(*around);
  }

  std::vector<std::string> opened() const { return opened_; }
  std::vector<Proposal> renewals() { return std::move(renewals_); }

 private:
  void open(const Section& section, const FramePtr& frame) {
    const FramePtr around = outer_loops(frame, section.loops.size());
    reopen(section, around);
    const bool is_in_item = section.loop && loops_around(frame.get()) > section.loops.size();
    if (is_in_item) reopen(section, outer_loops(frame, section.loops.size() + 1));
    for (const Watch& watch : section.watches) {
      const Instance instance(*watch.step, around);
      if (state_.watch(instance.id).sight != WatchState::Sight::tripped) continue;
      renew(instance);
      if (watch.on_trip) renew_what_ran(*watch.on_trip, around);
    }
    for (const Section* extra : {section.rescue.get(), section.finally.get()})
      if (extra) renew_what_ran(*extra, around);
  }

  // A section, or an item of its loop. What it left out when it was given up is to be done after all.
  void reopen(const Section& section, const FramePtr& frame) {
    const std::string name = section_name(section, frame.get());
    if (!state_.section(name)) return;
    opened_.push_back(name);
    for (const Step* step : steps_of_body(section)) {
      if (step->loops.size() != loops_around(frame.get())) continue;
      const Instance instance(*step, frame);
      if (state_.of(instance.id).is_given_up) renew(instance);
    }
  }

  // What ran, or waits, when the section was left runs again when it is left again.
  void renew_what_ran(const Section& section, const FramePtr& frame) {
    for (const Step* step : steps_of(section)) {
      if (step->loops.size() != loops_around(frame.get())) continue;
      const Instance instance(*step, frame);
      if (!is_untouched(state_.of(instance.id))) renew(instance);
    }
  }
  // Nobody was asked about it either: what they approve or refuse is not what comes then.
  static bool is_untouched(const InstanceState& it) {
    const bool has_not_begun = it.state == StepState::pending || it.state == StepState::undone;
    return has_not_begun && it.question.empty() && !it.is_approved && it.approved_by.empty();
  }

  void renew(const Instance& instance) {
    if (!renewed_.insert(instance.id).second) return;
    renewals_.emplace_back(event::renewed, instance.id, object({{"how", "undo"}, {"because", "its section is open again"}}));
  }

  const RunFacts& facts_;
  const RunState& state_;
  Instances instances_;
  std::vector<std::string> opened_;
  std::vector<Proposal> renewals_;
  std::set<std::string> renewed_;  // or undone
};

}  // namespace

std::vector<UndoEntry> undo_list(const RunFacts& facts, const RunState& state, StoredValues& values) {
  std::vector<UndoEntry> list;
  std::set<std::string> known;
  for (Instance& step : Instances(facts, state, values).all()) {
    known.insert(step.id);
    const InstanceState& it = state.of(step.id);
    if (is_to_be_undone(*step, it)) list.push_back(entry_of(std::move(step), it));
  }
  for (const auto& [name, it] : state.instances) {
    if (it.acted_seq == 0 || known.count(name) || is_undo(name)) continue;
    const Value line = outline_line(values.get(state.outline), name_without_keys(name));
    const bool only_read = line.text_or("effect", "") == effect_name(Effect::read);
    if (!only_read) list.push_back(entry_of_gone(name, it.acted_seq, line));
  }
  std::sort(list.begin(), list.end(), [](const UndoEntry& a, const UndoEntry& b) { return a.seq > b.seq; });
  return list;
}

std::string all_but_what_is_gone(const RunFacts& facts, const RunState& state, StoredValues& values) {
  std::vector<std::string> gone;
  for (const UndoEntry& entry : undo_list(facts, state, values))
    if (entry.is_gone && entry.seq >= state.undo_border) gone.push_back(entry.step.id);
  if (gone.empty()) return "";
  constexpr std::size_t most = 5;
  const std::size_t more = gone.size() - std::min(gone.size(), most);
  gone.resize(gone.size() - more);
  const std::string names = fmt::format("`{}`", fmt::join(gone, "`, `"));
  if (more > 0) return fmt::format("all but {} and {} more, which are no longer in the runbook", names, more);
  return fmt::format("all but {}, which {} no longer in the runbook", names, gone.size() == 1 ? "is" : "are");
}

std::optional<UndoEntry> next_to_undo(const RunFacts& facts, const RunState& state, StoredValues& values) {
  const Instances instances(facts, state, values);
  std::optional<UndoEntry> next;
  for (const auto& [name, it] : state.instances) {
    const bool is_later = it.acted_seq > 0 && it.acted_seq >= state.undo_border && (!next || it.acted_seq > next->seq);
    if (!is_later || is_undo(name)) continue;
    const auto step = instances.find(name);
    if (!step || !is_to_be_undone(**step, it)) continue;
    UndoEntry entry = entry_of(*step, it);
    if (entry.undo && state.of(entry.undo->id).state != StepState::skipped) next = std::move(entry);
  }
  return next;
}

std::vector<Proposal> undone(const RunFacts& facts, const RunState& state, StoredValues& values, const UndoEntry& entry) {
  Reopening reopening(facts, state, values);
  reopening.open_around(entry.step);
  std::vector<Proposal> events;
  events.emplace_back(event::undone, entry.step.id,
                      object({{"by", entry.undo->id}, {"reopens", list_from(reopening.opened())}}));
  const bool may_go_on = !state.undo_to.empty() && !state.was_left_before;
  if (!may_go_on) return events;
  for (Proposal& renewal : reopening.renewals()) events.push_back(std::move(renewal));
  return events;
}

std::int64_t undo_border(const RunState& state, const std::string& step) {
  std::int64_t border = 0;
  for (const auto& [name, it] : state.instances) {
    const bool is_meant = !is_undo(name) && (name == step || name_without_keys(name) == step);
    if (is_meant && it.acted_seq > 0) border = border == 0 ? it.acted_seq : std::min(border, it.acted_seq);
  }
  return border;
}

UndoRefusal why_no_undo(const RunState& state, const std::vector<UndoEntry>& list, std::int64_t border) {
  for (const auto& [name, it] : state.instances) {
    if (state.was_left()) break;
    if (it.state == StepState::in_doubt) return {fmt::format("`{}` is in doubt", name), settle_first(name)};
    if (it.is_open || it.has_exited)
      return {fmt::format("`{}` has begun, and its end is not known", name),
              unseen_question(state, name) ? settle_first(name) : "go on first: runbook run --resume RUN"};
  }
  const std::string* later = nullptr;
  for (const UndoEntry& entry : list) {
    if (entry.seq < border) break;
    if (entry.is_irreversible) {
      const std::string hint = later ? fmt::format("what came after it can be undone: --to {}", *later) : "";
      return {fmt::format("`{}` is a point of no return: what came before it can't be undone by this run", entry.step.id),
              hint};
    }
    later = &entry.step.id;
  }
  return {};
}

std::size_t UndoScope::possible() const {
  return static_cast<std::size_t>(
      std::count_if(list.begin(), list.end(), [](const UndoEntry& entry) { return entry.undo.has_value(); }));
}

Proposal UndoScope::undoing(const std::string& who, const std::string& because) const {
  Value body = object({{"who", who}, {"because", because}});
  if (!to.empty()) body = with(with(body, "to", to), "border", border);
  return Proposal(event::undoing, "", std::move(body));
}

UndoScope undo_scope(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& to,
                     std::int64_t border) {
  UndoScope scope{to, border, {}, {}};
  for (UndoEntry& entry : undo_list(facts, state, values))
    if (entry.seq >= border) scope.list.push_back(std::move(entry));
  scope.refusal = why_no_undo(state, scope.list, border);
  return scope;
}

}  // namespace runbook
