#include "report/timeline_lanes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "state/instance_name.h"

namespace runbook {

namespace {

using Span = LaneSpan::Kind;
using Mark = LaneMark::Kind;

// How steps share lanes, the finest first.
enum class Sharing { none, loops, sections, outer_sections, all };

Span span_of(const AuditStep& step, const std::string& result) {
  if (result == "in_doubt" || result == "unknown") return Span::doubt;
  if (result == "running") return Span::running;
  if (result == "cancelled") return Span::stopped;
  if (result != "succeeded") return Span::failed;
  return step.is_undo ? Span::undo : Span::done;
}

void add_attempts(Lane& lane, const AuditStep& step, std::int64_t end_ms) {
  for (const AuditAttempt& attempt : step.attempts)
    lane.spans.push_back({span_of(step, attempt.result), attempt.began_at_ms,
                          attempt.ended_at_ms ? attempt.ended_at_ms : end_ms,
                          fmt::format("attempt {}: {}", attempt.number, attempt.result)});
}

void add_questions(Lane& lane, const AuditStep& step, std::int64_t end_ms) {
  for (const AuditQuestion& question : step.questions) {
    const std::int64_t until = question.answered_at_ms ? question.answered_at_ms : end_ms;
    lane.spans.push_back({Span::asked, question.asked_at_ms, until, "question: " + question.about});
    lane.marks.push_back({Mark::question, question.asked_at_ms, "asked"});
    if (question.answered_at_ms) lane.marks.push_back({Mark::answer, question.answered_at_ms, "answered: " + question.choice});
  }
}

// Of a step that neither acts nor asks.
void add_wait(Lane& lane, const AuditStep& step, std::int64_t end_ms) {
  if (!step.attempts.empty() || !step.questions.empty() || step.is_watch || step.started_at_ms == 0) return;
  const bool has_failed = step.state == StepState::failed;
  const std::string state(step_state_name(step.state));
  lane.spans.push_back(
      {has_failed ? Span::failed : Span::wait, step.started_at_ms, step.ended_at_ms ? step.ended_at_ms : end_ms, state});
}

void add_state(Lane& lane, const AuditStep& step) {
  const std::int64_t at = step.ended_at_ms ? step.ended_at_ms : step.first_at_ms;
  if (step.state == StepState::skipped) lane.marks.push_back({Mark::skipped, at, "left out"});
  if (step.state == StepState::satisfied) lane.marks.push_back({Mark::held, at, "held already"});
}

class LaneMaker {
 public:
  LaneMaker(const AuditReport& report, Sharing sharing) : report_(report), sharing_(sharing) {}

  std::vector<Lane> make() {
    for (const AuditStep& step : report_.steps)
      if (step.first_at_ms != 0) add(step);
    for (const AuditEntry& entry : report_.timeline)
      if (entry.kind == AuditEntry::Kind::watch)
        lane_of(entry.instance).marks.push_back({Mark::watch, entry.at_ms, entry.text});
    for (const AuditDoubt& doubt : report_.doubts)
      lane_of(doubt.instance).marks.push_back({Mark::doubt, doubt.at_ms, "in doubt: " + doubt.why});
    if (report_.scope.steps.empty()) add_sessions();
    for (const Deviation& deviation : report_.state.deviations)
      if (report_.scope.steps.empty() || by_instance_.contains(deviation.instance))
        lane_of(deviation.instance).marks.push_back({Mark::deviation, deviation.at_ms, deviation.what});
    for (Lane& lane : lanes_) drop_marks_out_of_scope(lane);
    drop_marks_out_of_scope(run_);
    if (!run_.marks.empty()) lanes_.insert(lanes_.begin(), std::move(run_));
    return std::move(lanes_);
  }

 private:
  std::string name_of(const AuditStep& step) const {
    std::string section = step.line.text_or("section", "");
    switch (sharing_) {
      case Sharing::none: return step.instance;
      case Sharing::loops: return name_without_keys(step.instance);
      case Sharing::sections: return section;
      case Sharing::outer_sections: return section.substr(0, section.find(" / "));
      case Sharing::all: break;
    }
    return "All steps";
  }

  std::string title_of(const AuditStep& step, const std::string& name) const {
    if (sharing_ == Sharing::none || sharing_ == Sharing::loops) {
      const std::size_t key = step.instance.find('[');
      const bool has_key = sharing_ == Sharing::none && key != std::string::npos;
      return step.title() + (has_key ? " " + step.instance.substr(key) : "");
    }
    return name.empty() ? "Outside of sections" : name;
  }

  void add(const AuditStep& step) {
    const std::string name = name_of(step);
    const auto [found, is_new] = by_name_.emplace(name, lanes_.size());
    by_instance_.emplace(step.instance, found->second);
    if (is_new) {
      const bool has_section = sharing_ == Sharing::none || sharing_ == Sharing::loops;
      lanes_.push_back({title_of(step, name), has_section ? step.line.text_or("section", "") : "", 0, {}, {}});
    }
    Lane& lane = lanes_[found->second];
    ++lane.steps;
    add_questions(lane, step, report_.last_at_ms);
    add_attempts(lane, step, report_.last_at_ms);
    add_wait(lane, step, report_.last_at_ms);
    add_state(lane, step);
  }

  void drop_marks_out_of_scope(Lane& lane) const {
    std::erase_if(lane.marks, [&](const LaneMark& mark) { return !report_.scope.covers(mark.at_ms); });
  }

  Lane& lane_of(const std::string& instance) {
    const auto found = by_instance_.find(instance);
    return found == by_instance_.end() ? run_ : lanes_[found->second];
  }

  // What began it is no mark, nor is a command that wrote to the record.
  void add_sessions() {
    for (const AuditSession& session : report_.sessions) {
      if (session.how == "begin" || session.how == "command") continue;
      const char* how = session.how == "take-over" ? "taken over"
                        : session.how == "undo"    ? "taken up to be undone"
                        : session.how == "cancel"  ? "taken up to be given up"
                                                   : "taken up";
      run_.marks.push_back({Mark::taken_up, session.at_ms, fmt::format("{} by {}", how, session.who)});
    }
  }

  const AuditReport& report_;
  Sharing sharing_;
  Lane run_{"The run", "", 1, {}, {}};
  std::vector<Lane> lanes_;
  std::unordered_map<std::string, std::size_t> by_name_, by_instance_;
};

}  // namespace

std::vector<Lane> timeline_lanes(const AuditReport& report, std::size_t most) {
  std::vector<Lane> lanes;
  for (const Sharing sharing : {Sharing::none, Sharing::loops, Sharing::sections, Sharing::outer_sections, Sharing::all}) {
    lanes = LaneMaker(report, sharing).make();
    if (lanes.size() <= most + 1) break;
  }
  return lanes;
}

}  // namespace runbook
