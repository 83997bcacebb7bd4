#include "run/reconcile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "book/step_text.h"
#include "run/approval.h"
#include "run/frontier.h"
#include "run/outline.h"

namespace runbook {

namespace {

using Kind = StepChange::Kind;

bool has_begun(StepState state) {
  return is_done(state) || state == StepState::running || state == StepState::in_doubt || state == StepState::waiting;
}

class Reconciler {
 public:
  Reconciler(const Runbook& before, const Runbook& now, const RunState& state)
      : before_(before), now_(now), state_(state), old_text_(texts_of(*before.source)), new_text_(texts_of(*now.source)) {}

  Reconciliation reconcile() {
    find_renamed();
    match_sections(before_.root, now_.root);
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

  // By id, or else by title.
  void match_sections(const Section& before, const Section& now) {
    for (const auto& child : now.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      const Section* former = inner ? find_section(before, **inner) : nullptr;
      if (!former || result_.sections.count(former->path)) continue;
      result_.sections[former->path] = (*inner)->path;
      const auto seen = state_.sections.find(former->path);
      const bool was_left_out = seen != state_.sections.end() && seen->second.phase == SectionState::Phase::skipped;
      for (const Step* step : was_left_out ? steps_of(**inner) : std::vector<const Step*>()) left_out_.insert(step->id);
      match_sections(*former, **inner);
    }
  }

  static const Section* find_section(const Section& among, const Section& wanted) {
    for (const auto& child : among.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      if (!inner) continue;
      const bool is_same = wanted.id.empty() ? (*inner)->title == wanted.title : (*inner)->id == wanted.id;
      if (is_same) return inner->get();
    }
    return nullptr;
  }

  void compare(const Step& step) {
    StepChange change;
    change.id = step.id;
    change.line = step.place.line;
    const std::string former = former_id(step);
    if (former.empty()) {
      change.kind = Kind::added;
      change.is_left_out = left_out_.count(step.id) > 0;
      result_.steps.push_back(std::move(change));
      return;
    }
    const StepText &was = old_text_.steps.at(former), &is = new_text_.steps.at(step.id);
    change.former = former == step.id ? "" : former;
    change.state = state_.of(former).state;
    const bool is_another = was.deed != is.deed || included_by(*before_.find(former)) != included_by(step);
    change.kind = is_another ? Kind::deed : was.words != is.words ? Kind::words : Kind::renamed;
    if (change.kind == Kind::renamed && change.former.empty()) {
      ++result_.unchanged;
      return;
    }
    judge(change, state_.of(former));
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
    change.state = state_.of(step.id).state;
    judge(change, state_.of(step.id));
    result_.steps.push_back(std::move(change));
  }

  // What can't change any more, and the way out.
  static void judge(StepChange& change, const InstanceState& it) {
    if (it.state == StepState::in_doubt) {
      change.why_not = "it is in doubt";
      change.hint = "settle it first (`runbook resolve`), then adopt the change";
    } else if (it.is_open || it.state == StepState::running) {
      change.why_not = "it has begun, and its end is not known yet";
      change.hint = "put its text back and go on until it has ended, then adopt the change";
    } else if (change.kind == Kind::deed && (it.state == StepState::succeeded || it.state == StepState::satisfied)) {
      change.why_not = "it is done, and did what the old text says";
      change.hint = "put its text back; or, to have it done anew: `runbook redo` first, then adopt the change";
    }
  }

  // The position behind the last step that has begun, in that runbook.
  std::size_t reached(const std::vector<const Step*>& steps, const std::function<std::string(const Step&)>& former) const {
    for (std::size_t i = steps.size(); i > 0; --i) {
      if (has_begun(state_.of(former(*steps[i - 1])).state)) return i;
    }
    return 0;
  }

  // Still to be done, and before the last that has begun: that was not so before.
  void find_those_behind() {
    const std::size_t now = reached(now_.steps, [this](const Step& step) { return former_id(step); });
    const std::size_t old = reached(before_.steps, [](const Step& step) { return step.id; });
    std::set<std::string> was_behind;
    for (std::size_t i = 0; i < old; ++i) {
      if (!has_begun(state_.of(before_.steps[i]->id).state)) was_behind.insert(before_.steps[i]->id);
    }
    for (std::size_t i = 0; i < now; ++i) {
      const Step& step = *now_.steps[i];
      const std::string former = former_id(step);
      if (has_begun(state_.of(former).state) || was_behind.count(former) || left_out_.count(step.id)) continue;
      change_of(step, former).is_behind = true;
    }
  }

  // A step under another id that does what one did that is gone: most likely the same, and it would be done twice.
  void find_twins() {
    for (StepChange& change : result_.steps) {
      if (change.kind != Kind::added || change.is_left_out) continue;
      const auto twin = std::find_if(result_.steps.begin(), result_.steps.end(), [&](const StepChange& gone) {
        return gone.kind == Kind::removed && has_begun(gone.state) &&
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
    moved.state = state_.of(former).state;
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
  const RunbookText old_text_, new_text_;
  std::set<std::string> is_kept_;   // former ids
  std::set<std::string> left_out_;  // steps of sections that `when` has left out
  Reconciliation result_;
};

// "a, b"; "" for none.
std::string ids_of(const Reconciliation& changes, Kind kind) {
  std::vector<std::string> ids;
  for (const StepChange& change : changes.steps)
    if (change.kind == kind) ids.push_back(change.id);
  return fmt::format("{}", fmt::join(ids, ", "));
}

// What changed, in a line of the record.
std::string summary(const Reconciliation& changes) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view what, const std::string& which) {
    if (!which.empty()) parts.push_back(fmt::format("{}: {}", what, which));
  };
  add("changed", ids_of(changes, Kind::deed));
  add("new", ids_of(changes, Kind::added));
  add("removed", ids_of(changes, Kind::removed));
  std::vector<std::string> renamed;
  for (const auto& [from, to] : changes.renamed) renamed.push_back(fmt::format("{} to {}", from, to));
  add("renamed", fmt::format("{}", fmt::join(renamed, ", ")));
  add("settings", fmt::format("{}", fmt::join(changes.settings, ", ")));
  add("files", fmt::format("{}", fmt::join(changes.files, ", ")));
  if (parts.empty()) return changes.steps.empty() ? "" : "only what people read";
  return fmt::format("{}", fmt::join(parts, "; "));
}

Value as_map(const std::map<std::string, std::string>& texts) {
  Map map;
  for (const auto& [key, text] : texts) map.emplace_back(key, text);
  return Value(std::move(map));
}

// The new outline, and behind it what is gone and had begun: it is not forgotten.
Value outline_of(const Adoption& adoption) {
  List lines = make_outline(adoption.now).as_list();
  std::set<std::string> gone;
  for (const StepChange& change : adoption.changes.steps)
    if (change.kind == Kind::removed) gone.insert(change.id);
  for (const Value& line : adoption.old_outline.is_list() ? adoption.old_outline.as_list() : List()) {
    const std::string id = line.text_or("id", "");
    const bool is_gone = gone.count(id) || line.bool_or("is_removed", false);
    const bool was_touched = adoption.state.instances.count(id) > 0;
    if (is_gone && was_touched) lines.push_back(with(with(line, "section", "no longer in the runbook"), "is_removed", true));
  }
  return Value(std::move(lines));
}

std::string because_of(const Adoption& adoption, const std::string& what) {
  if (adoption.because.empty() || what.empty()) return adoption.because + what;
  return fmt::format("{} ({})", adoption.because, what);
}

Proposal adopted(const Adoption& adoption) {
  const std::string& text = adoption.now.source->text();
  const std::string what = summary(adoption.changes);
  Proposal proposal(event::adopted, "",
                    object({{"definition_sha256", sha256_hex(text)},
                            {"title", adoption.now.title},
                            {"version", adoption.now.version},
                            {"renamed", as_map(adoption.changes.renamed)},
                            {"sections", as_map(adoption.changes.sections)},
                            {"who", adoption.who},
                            {"because", because_of(adoption, what)}}));
  proposal.attach("definition", text).attach("outline", to_json(outline_of(adoption)));
  proposal.attach("about", to_json(about(adoption.now)));
  if (!adoption.now.included.empty()) proposal.attach("included", to_json(included_texts(adoption.now)));
  if (!adoption.inputs.is_null()) proposal.attach("inputs", to_json(adoption.inputs));
  return proposal;
}

Proposal skipped(const std::string& id, const std::string& why) { return Proposal(event::skipped, id, object({{"why", why}})); }

Proposal skipped_by_choice(const Adoption& adoption, const std::string& id) {
  const std::string why = "new in the runbook, behind where the run stood";
  return Proposal(event::skipped, id, object({{"why", why}, {"who", adoption.who}, {"because", adoption.because}}));
}

// An approval holds for one definition: who is asked now would approve what is not done any more.
void ask_approvers_anew(const Adoption& adoption, std::vector<Proposal>& events) {
  for (const auto& [id, question] : adoption.state.questions) {
    if (!question.is_open || !is_approval_by_others(question)) continue;
    Question now = question;
    const auto renamed = adoption.changes.renamed.find(question.instance);
    if (renamed != adoption.changes.renamed.end()) now.instance = renamed->second;
    events.push_back(turn_away(now, Answer{id, "", adoption.who, "", 0, Value()}, "the runbook has changed"));
  }
}

bool is_to_be_skipped(const Adoption& adoption, const StepChange& change) {
  const auto choice = adoption.behind.find(change.id);
  return change.is_behind && choice != adoption.behind.end() && choice->second == Behind::skip;
}

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

std::vector<Proposal> adopt(const Adoption& adoption) {
  std::vector<Proposal> events = {adopted(adoption)};
  ask_approvers_anew(adoption, events);
  for (const StepChange& change : adoption.changes.steps) {
    const bool has_failed = change.state == StepState::failed || change.state == StepState::cancelled;
    const bool is_waiting = change.state == StepState::waiting;
    if (change.kind == Kind::removed && (has_failed || is_waiting))
      events.push_back(skipped(change.id, "it is no longer in the runbook"));
    else if (change.kind == Kind::deed && is_waiting)
      events.emplace_back(event::renewed, change.id,
                          object({{"how", "adopt"}, {"who", adoption.who}, {"because", "its text has changed"}}));
    else if (change.is_left_out) events.push_back(skipped(change.id, "`when` of its section is false"));
    else if (is_to_be_skipped(adoption, change)) events.push_back(skipped_by_choice(adoption, change.id));
  }
  return events;
}

}  // namespace runbook
