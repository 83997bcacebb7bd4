#include "report/audit_junit.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/xml.h"
#include "report/shown_output.h"
#include "report/visible_text.h"

namespace runbook {

namespace {

enum class Verdict { passed, failed, error, skipped };

Verdict verdict_of(const AuditStep& step) {
  if (step.is_watch) return Verdict::passed;
  switch (step.state) {
    case StepState::succeeded:
    case StepState::satisfied: return Verdict::passed;
    case StepState::failed: return Verdict::failed;
    case StepState::in_doubt: return Verdict::error;
    case StepState::pending:
    case StepState::waiting:
    case StepState::running:
    case StepState::skipped:
    case StepState::cancelled:
    case StepState::undone: break;
  }
  return Verdict::skipped;
}

struct Counts {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  std::int64_t took_ms = 0;
};

std::int64_t took_ms(const AuditStep& step) {
  return step.started_at_ms == 0 || step.ended_at_ms < step.started_at_ms ? 0 : step.ended_at_ms - step.started_at_ms;
}

std::string seconds(std::int64_t ms) { return fmt::format("{}.{:03}", ms / 1000, ms % 1000); }

std::string attribute(std::string_view text) { return xml_attribute(made_visible(text, Charset::utf8)); }
std::string element(std::string_view text) { return xml_text(made_visible(text, Charset::utf8)); }

class JunitReport {
 public:
  JunitReport(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink)
      : report_(report), stored_(stored), making_(making), sink_(sink) {}

  void write() const {
    const std::vector<AuditStep>& steps = report_.steps;
    const Counts all = count(0, steps.size());
    const RunState& run = report_.state;
    sink_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    sink_(fmt::format("<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">\n",
                      attribute(run.runbook + " " + report_.run), all.tests, all.failures, all.errors,
                      seconds(report_.duration_ms())));
    for (std::size_t begin = 0; begin < steps.size();) {
      std::size_t end = begin;
      while (end < steps.size() && section_of(steps[end]) == section_of(steps[begin])) ++end;
      suite(begin, end);
      begin = end;
    }
    sink_("</testsuites>\n");
  }

 private:
  std::string section_of(const AuditStep& step) const {
    const std::string section = step.line.text_or("section", "");
    return section.empty() ? report_.state.runbook : section;
  }

  Counts count(std::size_t begin, std::size_t end) const {
    Counts counts;
    for (std::size_t i = begin; i < end; ++i) {
      const AuditStep& step = report_.steps[i];
      ++counts.tests;
      counts.took_ms += took_ms(step);
      const Verdict verdict = verdict_of(step);
      counts.failures += verdict == Verdict::failed;
      counts.errors += verdict == Verdict::error;
      counts.skipped += verdict == Verdict::skipped;
    }
    return counts;
  }

  void suite(std::size_t begin, std::size_t end) const {
    const Counts counts = count(begin, end);
    std::string began = utc_text(report_.state.began_at_ms);
    began.pop_back();  // CI systems want it without a zone
    sink_(fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\" timestamp=\"{}\""
        " hostname=\"{}\">\n",
        attribute(section_of(report_.steps[begin])), counts.tests, counts.failures, counts.errors, counts.skipped,
        seconds(counts.took_ms), began, attribute(report_.state.host)));
    if (begin == 0) properties();
    for (std::size_t i = begin; i < end; ++i) test_case(report_.steps[i]);
    sink_("  </testsuite>\n");
  }

  void properties() const {
    const RunState& run = report_.state;
    const std::vector<std::pair<std::string, std::string>> all = {{"run", report_.run},
                                                                  {"state", run.state},
                                                                  {"operator", run.operator_name},
                                                                  {"definition_sha256", run.definition_sha256},
                                                                  {"deviations", std::to_string(run.deviations.size())},
                                                                  {"head", report_.head},
                                                                  {"proof", to_json(report_proof(report_, making_))}};
    sink_("    <properties>\n");
    for (const auto& [name, value] : all)
      sink_(fmt::format("      <property name=\"runbook.{}\" value=\"{}\"/>\n", name, attribute(value)));
    sink_("    </properties>\n");
  }

  void test_case(const AuditStep& step) const {
    const std::string title = step.title() == step.instance ? step.instance : step.instance + ": " + step.title();
    sink_(fmt::format("    <testcase name=\"{}\" classname=\"{}\" time=\"{}\">\n", attribute(title),
                      attribute(report_.state.runbook), seconds(took_ms(step))));
    const std::string_view state = step.is_watch ? "watch" : step_state_name(step.state);
    const std::string why = step.why.empty() ? std::string(state) : step.why;
    switch (verdict_of(step)) {
      case Verdict::passed: break;
      case Verdict::failed: problem("failure", state, why, step); break;
      case Verdict::error: problem("error", state, why, step); break;
      case Verdict::skipped:
        sink_(fmt::format("      <skipped message=\"{}\"/>\n",
                          attribute(step.state == StepState::skipped ? why : fmt::format("{}: {}", state, why))));
        break;
    }
    if (report_.scope.has_output) output(step);
    sink_("    </testcase>\n");
  }

  // The exact command stands in its text: what failed is found without another document.
  void problem(std::string_view tag, std::string_view type, const std::string& why, const AuditStep& step) const {
    const Value deed = deed_of(step, step.attempts.empty() ? nullptr : &step.attempts.back(), stored_);
    sink_(fmt::format("      <{} type=\"{}\" message=\"{}\">{}</{}>\n", tag, type, attribute(why), element(deed_text(deed)),
                      tag));
  }

  void output(const AuditStep& step) const {
    std::string text;
    for (const AuditAttempt& attempt : step.attempts) {
      if (!attempt.output) continue;
      const Excerpt shown = output_excerpt(attempt, stored_(attempt.output.digest));
      if (step.attempts.size() > 1) text += fmt::format("-- attempt {} --\n", attempt.number);
      text += shown.head;
      if (shown.left_out > 0) text += fmt::format("\n[... {} bytes left out ...]\n", shown.left_out);
      text += shown.tail;
    }
    if (!text.empty()) sink_(fmt::format("      <system-out>{}</system-out>\n", element(text)));
  }

  const AuditReport& report_;
  const ReadStored& stored_;
  const ReportMaking& making_;
  const ReportSink& sink_;
};

}  // namespace

void write_junit(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink) {
  JunitReport(report, stored, making, sink).write();
}

}  // namespace runbook
