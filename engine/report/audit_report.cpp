#include "report/audit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "report/audit_doubts.h"
#include "report/audit_step.h"
#include "report/event_text.h"
#include "report/shown_output.h"
#include "report/viewed_steps.h"
#include "state/instance_name.h"

namespace runbook {

namespace {

// Events of which the timeline tells nothing that another one does not.
bool is_told_elsewhere(const Event& event) {
  if (event.body.find("strays")) return false;
  return event.kind == event::exited || event.kind == event::verifying || event.kind == event::section_entered ||
         event.kind == event::section_left || event.kind == event::included;
}

AuditEntry::Kind kind_of(const Event& event) {
  using Kind = AuditEntry::Kind;
  static const std::unordered_map<std::string_view, Kind> kinds = {
      {event::run_began, Kind::run},
      {event::driven, Kind::run},
      {event::left, Kind::run},
      {event::cancelling, Kind::run},
      {event::undoing, Kind::run},
      {event::undo_ended, Kind::run},
      {event::pinned, Kind::run},
      {event::paused, Kind::pause},
      {event::handed_off, Kind::pause},
      {event::accepted, Kind::decision},
      {event::adopted, Kind::decision},
      {event::shell_opened, Kind::decision},
      {event::shell_closed, Kind::decision},
      {event::asked, Kind::question},
      {event::answered, Kind::answer},
      {event::ticked, Kind::answer},
      {event::waiting, Kind::wait},
      {event::watched, Kind::watch},
      {event::section_skipped, Kind::section},
      {event::section_failed, Kind::section},
      {event::intent, Kind::attempt},
      {event::ended, Kind::attempt},
      {event::refused, Kind::attempt},
      {event::doubted, Kind::attempt},
      {event::sent_again, Kind::attempt},
      {event::overdue, Kind::attempt},
      {event::satisfied, Kind::attempt},
      {event::undone, Kind::attempt},
  };
  const bool is_by_a_person = (event.kind == event::skipped || event.kind == event::renewed) && event.body.find("who");
  if (is_by_a_person) return Kind::decision;
  const auto found = kinds.find(event.kind);
  return found == kinds.end() ? Kind::other : found->second;
}

// Of an instance, "cluster/apply[eu-1]": "cluster/" and "[eu-1]". Keys may hold a slash.
struct Surroundings {
  std::string prefix, keys;
};
Surroundings surroundings_of(const std::string& instance) {
  std::size_t begin = 0, keys = instance.size();
  bool is_in_key = false;
  for (std::size_t i = 0; i < instance.size(); ++i) {
    if (instance[i] == '[' && keys == instance.size()) keys = i;
    if (instance[i] == '[') is_in_key = true;
    if (instance[i] == ']') is_in_key = false;
    if (instance[i] != '/' || is_in_key) continue;
    begin = i + 1;
    keys = instance.size();
  }
  return {instance.substr(0, begin), instance.substr(keys)};
}

// The path, and those of the sections around it: "1.2.rescue", "1.2", "1".
std::vector<std::string> path_upwards(std::string path) {
  std::vector<std::string> paths;
  while (!path.empty()) {
    paths.push_back(path);
    const std::size_t dot = path.rfind('.');
    path.resize(dot == std::string::npos ? 0 : dot);
  }
  return paths;
}

// What the events say beyond the fold: attempt by attempt, question by question, pause by pause.
class Auditor {
 public:
  Auditor(AuditReport& report, const ReadStored& stored) : report_(report), stored_(stored) {}

  // `undos`: all that have ever been at work.
  void lay_out_steps(const std::set<std::string>& undos) {
    const auto read = [this](const std::string& digest) { return digest.empty() ? Value() : parse_json(stored_(digest)); };
    const RunState& state = report_.state;
    for (ViewedStep& viewed : viewed_steps(read(state.outline), state, read, undos)) {
      AuditStep& step = report_.steps.emplace_back();
      step.instance = viewed.instance;
      step.line = std::move(viewed.line);
      step.is_undo = is_undo(step.instance);
      step.is_watch = step.line.text_or("type", "") == "watch";
      step.is_removed = step.line.bool_or("is_removed", false);
    }
    for (std::size_t i = 0; i < report_.steps.size(); ++i) positions_.emplace(report_.steps[i].instance, i);
    const Value about = read(state.about);
    report_.document = about.text_or("document", "");
    report_.summary = about.text_or("summary", "");
    report_.not_encoded = about.get("not_encoded");
    report_.not_automated = about.get("not_automated");
    report_.inputs = read(state.inputs);
    report_.outputs = read(state.outputs);
  }

  void take(const Event& event) {
    if (event.instance.empty()) take_of_run(event);
    else take_of_step(event, report_.state.name_now(event));
    was_left_ = event.kind == event::left || (was_left_ && event.kind != event::undoing);
    previous_ = {event.seq, event.at_ms};
    report_.last_at_ms = event.at_ms;
  }

  void finish() {
    for (Deviation& each : report_.state.deviations)
      each.instance = report_.state.name_now({each.seq, "", each.instance, 0, 0, {}});
    for (AuditStep& step : report_.steps)
      for (AuditAttempt& attempt : step.attempts) attempt.is_output_scrubbed = scrubbed_.count(attempt.output.digest) > 0;
    std::set<std::int64_t> deviations;
    for (const Deviation& each : report_.state.deviations) deviations.insert(each.seq);
    for (AuditEntry& entry : report_.timeline)
      if (deviations.count(entry.seq)) entry.kind = AuditEntry::Kind::deviation;
    for (AuditStep& step : report_.steps) {
      const InstanceState& it = report_.state.of(step.instance);
      step.evidence.digest = it.evidence;
      step.outputs.digest = it.outputs;
      const bool has_done_its_work = step.is_undo && it.state == StepState::pending;  // it could be called once more
      step.answered_by = it.answered_by;
      if (has_done_its_work) continue;
      step.state = it.state;
      step.why = it.why;
      step.started_at_ms = it.started_at_ms;
      step.ended_at_ms = it.ended_at_ms;
      if (step.state == StepState::pending && !step.is_watch) look_around(step);
    }
    cover();
  }

 private:
  struct Moment {
    std::int64_t seq = 0, at_ms = 0;
  };

  bool is_in_time(const Event& event) const { return report_.scope.covers(event.at_ms); }

  void take_of_run(const Event& event) {
    const Value& body = event.body;
    if (event.kind == event::run_began)
      report_.sessions.push_back({event.seq, event.at_ms, body.text_or("operator", ""), "begin", body.text_or("engine", ""),
                                  body.text_or("host", "")});
    if (event.kind == event::driven) drive(event);
    if (event.kind == event::undoing)
      report_.undos.push_back(
          {event.seq, event.at_ms, body.text_or("to", ""), body.text_or("who", ""), body.text_or("because", "")});
    if (event.kind == event::paused && !is_resting_)
      rest({event.seq, event.at_ms}, body.text_or("state", "interrupted"), body.text_or("why", ""));
    if (event.kind == event::left) end_pause(event, "");
    if (event.kind == event::left) ended_ = {event.seq, event.at_ms};
    if (event.kind == event::run_began || event.kind == event::adopted) take_outline(body);
    if (event.kind == event::scrubbed) note_scrubbed(body);
    if (is_in_time(event) && report_.scope.steps.empty()) tell(event, "");
  }

  void drive(const Event& event) {
    const std::string who = event.body.text_or("who", ""), how = event.body.text_or("how", "");
    report_.sessions.push_back(
        {event.seq, event.at_ms, who, how, event.body.text_or("engine", ""), event.body.text_or("host", "")});
    const bool died = !is_resting_ && !was_left_ && how != "take-over" && previous_.seq != 0;
    if (died) rest(previous_, "crashed", "the engine ended without a word");
    if (how == "command") return;
    if (was_left_ && !is_resting_) rest(ended_, "ended", "it had ended");
    end_pause(event, who);
  }

  void rest(const Moment& since, std::string state, std::string why) {
    report_.pauses.push_back({since.at_ms, 0, since.seq, std::move(state), std::move(why), ""});
    is_resting_ = true;
  }

  void end_pause(const Event& event, const std::string& who) {
    if (!is_resting_) return;
    report_.pauses.back().to_ms = event.at_ms;
    report_.pauses.back().resumed_by = who;
    is_resting_ = false;
  }

  // Without values in it an attempt's command stands in the outline that was in force.
  void take_outline(const Value& body) {
    does_.clear();
    const std::string digest = blob_digest(body.get("outline"));
    if (digest.empty() || digest == report_.state.outline) return;  // as the steps are now
    add_deeds(parse_json(stored_(digest)), "");
  }

  void add_deeds(const Value& outline, const std::string& prefix) {
    for (const Value& line : outline.is_list() ? outline.as_list() : List()) {
      const std::string name = prefix + line.text_or("id", "");
      does_[name] = line.get("does");
      if (line.find("undo_does")) does_[name + ":undo"] = line.get("undo_does");
      if (line.find("steps")) add_deeds(line.get("steps"), name + "/");
    }
  }

  void note_scrubbed(const Value& body) {
    const Value blobs = body.get("blobs");
    for (const Value& each : blobs.is_list() ? blobs.as_list() : List()) scrubbed_.insert(each.text_or("from", ""));
  }

  void take_of_step(const Event& event, const std::string& name) {
    const auto position = positions_.find(name);
    if (position == positions_.end()) {  // of a section
      if (is_in_time(event) && report_.scope.steps.empty()) tell(event, name);
      return;
    }
    AuditStep& step = report_.steps[position->second];
    if (step.first_at_ms == 0) step.first_at_ms = event.at_ms;
    if (is_in_time(event)) touched_.insert(position->second);
    if (is_in_time(event) && is_wanted(step)) tell(event, name);
    follow_doubts(report_.doubts, step, event);
    follow_step(step, event);
    if (event.kind != event::intent) return;
    const auto written = does_.find(name_without_keys(event.instance));
    if (written != does_.end()) step.attempts.back().does = written->second;
  }

  void tell(const Event& event, const std::string& name) {
    if (is_told_elsewhere(event)) return;
    std::string who = event.body.text_or("who", event.body.text_or("operator", ""));
    report_.timeline.push_back(
        {kind_of(event), event.seq, event.at_ms, event.attempt, name, event_sentence(event), std::move(who)});
  }

  // What a scope can call it: its instance, its step, and the steps that include it.
  static std::vector<std::string> names_of(const AuditStep& step) {
    std::string name = name_without_keys(step.instance);
    if (const std::size_t undo = name.rfind(":undo"); undo != std::string::npos) name.resize(undo);
    std::vector<std::string> names{step.instance, name};
    for (std::size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1))
      names.push_back(name.substr(0, end));
    return names;
  }

  bool is_wanted(const AuditStep& step) const {
    const std::set<std::string>& wanted = report_.scope.steps;
    if (wanted.empty()) return true;
    const std::vector<std::string> names = names_of(step);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return wanted.count(name) > 0; });
  }

  void cover() {
    std::map<std::string, std::size_t> known;
    for (const AuditStep& step : report_.steps) {
      if (step.is_undo || step.is_watch || step.is_removed || step.line.find("includes")) continue;
      const std::string source = step.line.text_or("source", "");
      const auto [found, is_new] = known.emplace(source, report_.coverage.size());
      if (is_new) report_.coverage.push_back({source});
      count(report_.coverage[found->second], step.state);
    }
  }

  // A step of which no event tells: the section that it stands in may say why.
  void look_around(AuditStep& step) const {
    const Surroundings around = surroundings_of(step.instance);
    const std::vector<std::string> paths = path_upwards(step.line.text_or("path", ""));
    const auto leave_out = [&](std::string why) {
      step.state = StepState::skipped;
      step.why = std::move(why);
    };
    for (const std::string& path : paths) {
      // A section has the keys of the loops around it, which are not more than those of its steps.
      for (std::size_t end = around.keys.size();; end = around.keys.rfind('[', end - 1)) {
        const SectionState* section = report_.state.section(around.prefix + path + around.keys.substr(0, end));
        if (section && section->phase == SectionState::Phase::skipped) return leave_out(section->why);
        if (end == 0) break;
      }
    }
    if (!report_.state.was_left() || paths.empty()) return;
    const std::string last = paths.front().substr(paths.front().rfind('.') + 1);
    const bool is_numbered = last.find_first_not_of("0123456789") == std::string::npos;
    if (last == "rescue") return leave_out("nothing failed that it would have rescued");
    if (!is_numbered && last != "finally") return leave_out("its watch did not trip");
    if (report_.state.state == "succeeded" && step.line.find("loops")) leave_out("its loop had no items");
  }

  static void count(AuditCoverage& part, StepState state) {
    ++part.steps;
    switch (state) {
      case StepState::succeeded:
      case StepState::satisfied: ++part.done; return;
      case StepState::skipped: ++part.skipped; return;
      case StepState::undone: ++part.undone; return;
      case StepState::failed:
      case StepState::in_doubt: ++part.failed; return;
      case StepState::pending:
      case StepState::waiting:
      case StepState::running:
      case StepState::cancelled: ++part.open; return;
    }
  }

 public:
  // From before the scope's times until after them, if not within.
  bool was_at_work(const AuditStep& step) const {
    const AuditScope& scope = report_.scope;
    const auto meets = [&](std::int64_t from_ms, std::int64_t to_ms) {
      const bool begins_in_time = from_ms != 0 && (!scope.to_ms || from_ms <= *scope.to_ms);
      return begins_in_time && (to_ms == 0 || !scope.from_ms || to_ms >= *scope.from_ms);
    };
    const auto runs = [&](const AuditAttempt& each) { return meets(each.began_at_ms, each.ended_at_ms); };
    const auto is_asked = [&](const AuditQuestion& each) { return meets(each.asked_at_ms, each.answered_at_ms); };
    return meets(step.started_at_ms, step.ended_at_ms) || std::any_of(step.attempts.begin(), step.attempts.end(), runs) ||
           std::any_of(step.questions.begin(), step.questions.end(), is_asked);
  }

  void require_known_steps() const {
    std::set<std::string> unknown = report_.scope.steps;
    if (unknown.empty()) return;
    std::vector<std::string> instances;
    for (const AuditStep& step : report_.steps) {
      instances.push_back(step.instance);
      for (const std::string& name : names_of(step)) unknown.erase(name);
    }
    for (const std::string& step : unknown)
      throw Error(ExitCode::usage, fmt::format("this run has no step `{}`", step), suggestion(step, instances));
  }

  // Leaves those steps that the scope tells of.
  void narrow() {
    const AuditScope& scope = report_.scope;
    const bool has_times = scope.from_ms || scope.to_ms;
    std::vector<AuditStep> told;
    for (std::size_t i = 0; i < report_.steps.size(); ++i) {
      const AuditStep& step = report_.steps[i];
      const bool is_told = is_wanted(step) && (!has_times || touched_.count(i) || was_at_work(step));
      if (is_told) told.push_back(std::move(report_.steps[i]));
      else ++report_.steps_left_out;
    }
    report_.steps = std::move(told);
    narrow_doubts(report_);
  }

 private:
  AuditReport& report_;
  const ReadStored& stored_;
  std::unordered_map<std::string, std::size_t> positions_;
  std::set<std::size_t> touched_;  // by what happened within the scope's times
  Moment previous_, ended_;
  std::unordered_map<std::string, Value> does_;  // by step without keys, in an outline that is not the last
  std::set<std::string> scrubbed_;               // digests
  bool is_resting_ = false, was_left_ = false;
};

}  // namespace

std::string_view audit_kind_name(AuditEntry::Kind kind) {
  using Kind = AuditEntry::Kind;
  switch (kind) {
    case Kind::run: return "run";
    case Kind::attempt: return "attempt";
    case Kind::wait: return "wait";
    case Kind::question: return "question";
    case Kind::answer: return "answer";
    case Kind::pause: return "pause";
    case Kind::decision: return "decision";
    case Kind::deviation: return "deviation";
    case Kind::watch: return "watch";
    case Kind::section: return "section";
    case Kind::other: break;
  }
  return "other";
}

bool is_worth_a_reason(StepState state) {
  return state == StepState::failed || state == StepState::in_doubt || state == StepState::skipped ||
         state == StepState::waiting || state == StepState::cancelled;
}

std::int64_t AuditReport::duration_ms() const {
  const std::int64_t end = state.ended_at_ms ? state.ended_at_ms : last_at_ms;
  return std::max<std::int64_t>(end - state.began_at_ms, 0);
}

std::int64_t AuditReport::paused_ms() const {
  std::int64_t all = 0;
  for (const AuditPause& pause : pauses)
    all += std::max<std::int64_t>((pause.to_ms ? pause.to_ms : last_at_ms) - pause.from_ms, 0);
  return all;
}

AuditReport audit_run(const std::string& run, const ReadEvents& events, const ReadStored& stored, const AuditScope& scope) {
  AuditReport report;
  report.run = run;
  report.scope = scope;
  std::set<std::string> undos;  // the names that they had then
  report.head = events([&](const Event& event) {
    report.state.apply(event);
    if (is_undo(event.instance)) undos.insert(event.instance);
  });
  std::set<std::string> undos_by_name;
  for (const std::string& name : undos) undos_by_name.insert(report.state.name_now({0, "", name, 0, 0, {}}));
  Auditor auditor(report, stored);
  auditor.lay_out_steps(undos_by_name);
  auditor.require_known_steps();
  events([&](const Event& event) { auditor.take(event); });
  auditor.finish();
  auditor.narrow();
  share_out_output(report);
  return report;
}

}  // namespace runbook
