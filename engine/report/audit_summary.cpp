#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "report/audit_report.h"

namespace runbook {

namespace {

struct Count {
  std::size_t all = 0, ran = 0, held = 0, failed = 0, in_doubt = 0, skipped = 0, undone = 0, cancelled = 0, open = 0, again = 0;
};

// Undo steps and watches are no steps of the plan.
Count count(const AuditReport& report) {
  Count count;
  for (const AuditStep& step : report.steps) {
    if (step.is_undo || step.is_watch || step.line.find("includes")) continue;
    ++count.all;
    if (step.attempts.size() > 1) ++count.again;
    switch (step.state) {
      case StepState::succeeded: ++count.ran; break;
      case StepState::satisfied: ++(step.attempts.empty() ? count.held : count.ran); break;
      case StepState::failed: ++count.failed; break;
      case StepState::in_doubt: ++count.in_doubt; break;
      case StepState::skipped: ++count.skipped; break;
      case StepState::undone: ++count.undone; break;
      case StepState::cancelled: ++count.cancelled; break;
      case StepState::pending:
      case StepState::waiting:
      case StepState::running: ++count.open; break;
    }
  }
  return count;
}

const char* was(std::size_t number) { return number == 1 ? "was" : "were"; }

std::string end_sentence(const AuditReport& report) {
  const RunState& run = report.state;
  const std::string name = run.title.empty() ? run.runbook : run.title;
  static const std::map<std::string, std::string> words = {
      {"succeeded", "was carried out to its end"},
      {"cancelled", "was given up before its end"},
      {"undone", "was taken back"},
      {"running", "has neither ended nor come to rest, as far as is recorded"},
      {"waiting", "rests: it waits for a person"},
      {"failed", "rests: a step failed"},
      {"in_doubt", "rests: whether a step had its effect is not known"},
      {"interrupted", "rests: it was interrupted"}};
  const auto word = words.find(run.state);
  std::string text = fmt::format("“{}” {}", name, word == words.end() ? run.state : word->second);
  if (run.state == "undone" && !report.undos.empty() && !report.undos.back().to.empty())
    text += fmt::format(", back to `{}`,", report.undos.back().to);
  if (run.was_left()) text += fmt::format(" on {}", utc_text(run.ended_at_ms));
  else if (!run.why.empty()) text += fmt::format(" ({})", run.why);
  return text + ".";
}

std::string steps_sentence(const Count& count) {
  std::vector<std::string> parts;
  const auto part = [&](std::size_t number, const std::string& words) {
    if (number > 0) parts.push_back(fmt::format("{} {} {}", number, was(number), words));
  };
  part(count.ran, "done");
  part(count.held, "found done already and did not run");
  part(count.skipped, "left out");
  part(count.undone, "done and undone");
  part(count.failed, "failing at the end");
  part(count.in_doubt, "in doubt");
  part(count.cancelled, "stopped");
  part(count.open, "not done");
  std::string text = fmt::format("Of {} {}", counted(count.all, "step"), fmt::join(parts, ", "));
  if (count.again > 0) text += fmt::format("; {} took more than one attempt", count.again);
  return text + ".";
}

std::string time_sentence(const AuditReport& report) {
  const RunState& run = report.state;
  const std::string took =
      run.was_left() ? "took" : fmt::format("took, up to its last event on {},", utc_text(report.last_at_ms));
  std::string text =
      fmt::format("It began on {} and {} {}", utc_text(run.began_at_ms), took, elapsed_text(report.duration_ms()));
  if (!report.pauses.empty())
    text += fmt::format("; {} of that no engine drove it ({})", elapsed_text(report.paused_ms()),
                        counted(report.pauses.size(), "pause"));
  const auto crashes =
      std::count_if(report.pauses.begin(), report.pauses.end(), [](const AuditPause& each) { return each.state == "crashed"; });
  if (crashes > 0)
    text += fmt::format("; {} the engine ended without a word, and the run was taken up again",
                        crashes == 1 ? std::string("once") : fmt::format("{} times", crashes));
  return text + ".";
}

std::string people_sentence(const AuditReport& report) {
  std::set<std::string> others;
  const auto add = [&](const std::string& who) {
    if (!who.empty() && who != report.state.operator_name) others.insert(who);
  };
  for (const AuditSession& session : report.sessions) add(session.who);
  for (const AuditEntry& entry : report.timeline) add(entry.who);
  std::string text = fmt::format("{} began it on {}", report.state.operator_name, report.state.host);
  if (!others.empty()) text += fmt::format("; {} had a part in it", fmt::join(others, ", "));
  return text + ".";
}

std::string deviations_sentence(const AuditReport& report) {
  const std::size_t number = report.state.deviations.size();
  if (number == 0) return "No deviation from the plan was recorded.";
  return fmt::format("{} from the plan {} recorded.", counted(number, "deviation"), was(number));
}

}  // namespace

std::vector<std::string> audit_summary(const AuditReport& report) {
  std::vector<std::string> sentences;
  if (report.state.is_scripted)
    sentences.emplace_back("This was a rehearsal: the world was a scenario, and nothing outside was touched.");
  sentences.push_back(end_sentence(report));
  if (report.steps_left_out > 0)
    sentences.push_back(fmt::format("This report tells of {} only.", counted(report.steps.size(), "step")));
  if (report.steps_left_out == 0) sentences.push_back(steps_sentence(count(report)));
  sentences.push_back(time_sentence(report));
  sentences.push_back(people_sentence(report));
  sentences.push_back(deviations_sentence(report));
  return sentences;
}

}  // namespace runbook
