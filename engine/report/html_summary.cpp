#include "report/html_summary.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/counted.h"

namespace runbook {

namespace {

void write_scope(HtmlPage& page) {
  if (page.report.state.is_scripted)
    page.out << "<p class=\"call\"><strong>A rehearsal.</strong> The world was a scenario; nothing outside was touched.</p>";
  if (page.report.scope.is_whole()) return;
  page.out << "<div class=\"call\"><strong>This report is a part of the record.</strong> It leaves out:<ul>";
  for (const std::string& part : left_out_by_scope(page.report)) page.out << "<li>" << Shown{part} << "</li>";
  page.out << "</ul></div>";
}

bool is_a_problem(const AuditStep& step) {
  return step.state == StepState::failed || step.state == StepState::in_doubt || step.state == StepState::waiting ||
         step.state == StepState::cancelled || step.state == StepState::running;
}

bool has_failed(const AuditAttempt& attempt) { return attempt.result != "succeeded" && attempt.result != "running"; }

void write_crashes(HtmlPage& page) {
  for (const AuditPause& pause : page.report.pauses) {
    if (pause.state != "crashed") continue;
    page.out << "<li>";
    write_state(page, "crashed");
    page.out << " ";
    write_time(page, pause.from_ms);
    page.out << "</li>";
  }
}

void write_problems(HtmlPage& page) {
  page.out << "<div><h3>Problems</h3><ul>";
  std::size_t number = 0, again = 0;
  constexpr std::size_t most = 20;
  for (const AuditStep& step : page.report.steps) {
    if (step.state == StepState::succeeded && std::any_of(step.attempts.begin(), step.attempts.end(), has_failed)) ++again;
    if (!is_a_problem(step) || ++number > most) continue;
    page.out << "<li>";
    write_state(page, step_state_name(step.state));
    page.out << " ";
    write_step_link(page, step.instance);
    page.out << " " << Shown{step.why} << "</li>";
  }
  if (number > most) page.out << "<li>and " << number - most << " more steps</li>";
  if (again > 0) page.out << "<li>" << Shown{counted(again, "step")} << " failed at first and succeeded later</li>";
  write_crashes(page);
  if (number + again == 0) page.out << "<li>No step failed.</li>";
  page.out << "</ul></div>";
}

void write_first_deviations(HtmlPage& page) {
  page.out << "<div><h3>Deviations</h3><ul>";
  if (page.report.state.deviations.empty()) page.out << "<li>No deviation from the plan was recorded.</li>";
  for (const Deviation& deviation : page.report.state.deviations) {
    page.out << "<li>";
    write_step_link(page, deviation.instance);
    page.out << " " << Shown{deviation.what} << ", by " << Shown{deviation.who} << "</li>";
  }
  page.out << "</ul></div>";
}

void write_first_doubts(HtmlPage& page) {
  page.out << "<div><h3>Doubts</h3><ul>";
  std::map<std::string_view, bool> is_settled;  // by step
  for (const AuditDoubt& doubt : page.report.doubts) is_settled[doubt.instance] = doubt.settled_seq != 0;
  for (const AuditDoubt& doubt : page.report.doubts) {
    const auto step = is_settled.extract(doubt.instance);
    if (step.empty()) continue;
    page.out << "<li>";
    write_step_link(page, doubt.instance);
    page.out << (step.mapped() ? Markup(" was in doubt and was settled") : Markup(" is in doubt still")) << "</li>";
  }
  if (page.report.doubts.empty())
    page.out << (page.report.scope.is_whole() ? Markup("<li>Of every step it is known what became of it.</li>")
                                              : Markup("<li>No step that this report tells of was in doubt.</li>"));
  page.out << "</ul></div>";
}

}  // namespace

std::vector<std::string> left_out_by_scope(const AuditReport& report) {
  const AuditScope& scope = report.scope;
  std::vector<std::string> left;
  if (scope.from_ms) left.push_back("what happened before " + utc_text(*scope.from_ms));
  if (scope.to_ms) left.push_back("what happened after " + utc_text(*scope.to_ms));
  if (report.steps_left_out > 0) left.push_back(counted(static_cast<std::size_t>(report.steps_left_out), "step"));
  if (!scope.has_output) left.emplace_back("what the steps wrote");
  return left;
}

void write_html_summary(HtmlPage& page) {
  begin_part(page, "summary", "Summary");
  write_scope(page);
  page.out << "<ul class=\"sum\">";
  for (const std::string& sentence : audit_summary(page.report)) page.out << "<li>" << Shown{sentence} << "</li>";
  page.out << "</ul><div class=\"first\">";
  write_problems(page);
  write_first_deviations(page);
  write_first_doubts(page);
  page.out << "</div>";
  end_part(page);
}

}  // namespace runbook
