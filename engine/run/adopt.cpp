#include "run/adopt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "run/approval.h"
#include "run/outline.h"
#include "run/step_record.h"
#include "state/instance_name.h"

namespace runbook {

namespace {

using Kind = StepChange::Kind;

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
  add("moved", ids_of(changes, Kind::moved));
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

// In order, each once: "", or "[a]", "[b]" of a step that stood in a loop.
std::vector<std::string> keys_of(const StepRecord& record) {
  std::set<std::string> keys;
  for (const std::string& instance : record.instances) {
    const auto parts = parts_of_name(instance);
    std::string text;
    for (const std::string& key : parts ? parts->front().keys : std::vector<std::string>()) text += bracketed(key);
    keys.insert(text);
  }
  return {keys.begin(), keys.end()};
}

// The loops around it may be gone too: what they made of it is named.
Value line_of_gone(const Value& line, const StepRecord& record) {
  Map gone;
  for (const auto& [name, value] : line.as_map()) {
    if (name == "loops") gone.emplace_back("keys", list_from(keys_of(record)));
    else if (name != "section") gone.emplace_back(name, value);
  }
  gone.emplace_back("section", "no longer in the runbook");
  gone.emplace_back("is_removed", true);
  return Value(std::move(gone));
}

// The new outline, and behind it what is gone and had begun: it is not forgotten.
Value outline_of(const Adoption& adoption, const StepRecords& records) {
  List lines = make_outline(adoption.now).as_list();
  std::set<std::string> gone;
  for (const StepChange& change : adoption.changes.steps)
    if (change.kind == Kind::removed) gone.insert(change.id);
  for (const Value& line : adoption.old_outline.is_list() ? adoption.old_outline.as_list() : List()) {
    const std::string id = line.text_or("id", "");
    const bool was_gone = line.bool_or("is_removed", false);
    if (was_gone && !adoption.now.find(id)) lines.push_back(line);
    const StepRecord& record = records.of(id);
    if (!was_gone && gone.count(id) && !record.instances.empty()) lines.push_back(line_of_gone(line, record));
  }
  return Value(std::move(lines));
}

std::string because_of(const Adoption& adoption, const std::string& what) {
  if (adoption.because.empty() || what.empty()) return adoption.because + what;
  return fmt::format("{} ({})", adoption.because, what);
}

Proposal adopted(const Adoption& adoption, const StepRecords& records) {
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
  proposal.attach("definition", text).attach("outline", to_json(outline_of(adoption, records)));
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

// An approval holds for one definition: who is asked now, also for a phrase, would approve what is not done any more.
void ask_approvers_anew(const Adoption& adoption, std::vector<Proposal>& events) {
  for (const auto& [id, question] : adoption.state.questions) {
    if (!question.is_open || question.about != "approval") continue;
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

// What the loops around a step, as they were entered, make of it. nullopt: one of them has not been entered.
std::optional<std::vector<std::string>> instances_by_now(const Adoption& adoption, const Step& step) {
  std::vector<std::string> all_keys = {""};
  for (const Section* loop : step.loops) {
    const auto& sections = adoption.changes.sections;
    const auto former =
        std::find_if(sections.begin(), sections.end(), [&](const auto& each) { return each.second == loop->path; });
    std::vector<std::string> inner;
    for (const std::string& keys : all_keys) {
      const SectionState* entered = former == sections.end() ? nullptr : adoption.state.section(former->first + keys);
      if (!entered) return std::nullopt;
      const Value items = adoption.values.get(entered->list);
      for (const Value& item : items.is_list() ? items.as_list() : List())
        inner.push_back(keys + bracketed(item.text_or("key", "")));
    }
    all_keys = std::move(inner);
  }
  for (std::string& keys : all_keys) keys.insert(0, step.id);
  return all_keys;
}

void skip_by_choice(const Adoption& adoption, const StepChange& change, std::vector<Proposal>& events) {
  const Step* step = adoption.now.find(change.id);
  RUNBOOK_ASSERT(step);
  const auto instances = instances_by_now(adoption, *step);
  if (!instances)
    throw Error(ExitCode::usage,
                fmt::format("--behind: `{}` stands in a loop that the run has not entered, and can't be left out beforehand; "
                            "nothing was run",
                            change.id),
                "take it out of the runbook, or give it a `when`");
  for (const std::string& instance : *instances) events.push_back(skipped_by_choice(adoption, instance));
}

// What failed or waits under a name that nothing has any more is not waited for.
void let_go(const Adoption& adoption, const StepChange& change, const StepRecord& record, std::vector<Proposal>& events) {
  const std::string former = change.former.empty() ? change.id : change.former;
  const std::string why =
      change.kind == Kind::removed ? "it is no longer in the runbook" : "its step stands in other loops than before";
  for (const std::string& instance : record.instances) {
    const InstanceState& it = adoption.state.of(instance);
    const bool is_open = it.state == StepState::failed || it.state == StepState::cancelled || it.state == StepState::waiting ||
                         !it.question.empty();
    if (is_open) events.push_back(skipped(change.id + instance.substr(former.size()), why));
  }
}

void ask_anew(const Adoption& adoption, const StepChange& change, const StepRecord& record, std::vector<Proposal>& events) {
  const std::string former = change.former.empty() ? change.id : change.former;
  for (const std::string& instance : record.instances) {
    if (adoption.state.of(instance).state != StepState::waiting) continue;
    events.emplace_back(event::renewed, change.id + instance.substr(former.size()),
                        object({{"how", "adopt"}, {"who", adoption.who}, {"because", "its text has changed"}}));
  }
}

void leave_out(const Adoption& adoption, const StepChange& change, std::vector<Proposal>& events) {
  for (const std::string& instance : change.left_out) {
    if (!has_begun(adoption.state.of(instance).state)) events.push_back(skipped(instance, "`when` of its section is false"));
  }
}

}  // namespace

std::vector<Proposal> adopt(const Adoption& adoption) {
  const StepRecords records(adoption.state);
  std::vector<Proposal> events = {adopted(adoption, records)};
  ask_approvers_anew(adoption, events);
  for (const std::string& loop : adoption.changes.left_out_loops)
    events.emplace_back(event::section_skipped, loop, object({{"why", "`when` of a section around it is false"}}));
  for (const StepChange& change : adoption.changes.steps) {
    const StepRecord& record = records.of(change.former.empty() ? change.id : change.former);
    if (change.kind == Kind::removed || change.kind == Kind::moved) let_go(adoption, change, record, events);
    else if (change.kind == Kind::deed) ask_anew(adoption, change, record, events);
    leave_out(adoption, change, events);
    if (is_to_be_skipped(adoption, change)) skip_by_choice(adoption, change, events);
  }
  return events;
}

}  // namespace runbook
