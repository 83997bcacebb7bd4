#include "report/audit_markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/cells.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/form_text.h"
#include "report/run_view.h"
#include "report/shown_output.h"
#include "report/visible_text.h"

namespace runbook {

namespace {

// One line in which nothing is a mark.
std::string plain(std::string_view text) {
  const std::string line = harmless(text, Charset::utf8);
  std::string escaped;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const std::string_view before = std::string_view(line).substr(0, i), after = std::string_view(line).substr(i + 1);
    const bool begins_a_list = (c == '-' || c == '+' || c == '=') && before.empty();
    const bool numbers_a_list = (c == '.' || c == ')') && before.find_first_not_of("0123456789") == std::string_view::npos;
    const bool makes_a_link = (c == ':' && after.starts_with("//")) || (c == '.' && before.ends_with("www"));
    const bool is_a_mark = std::string_view("\\`*_[]<>#|~&@").find(c) != std::string_view::npos;
    if (is_a_mark || begins_a_list || numbers_a_list || makes_a_link) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// In backticks that do not occur in it. A cell of a table ends at any |, also at one in a code span, unless it is escaped.
std::string code(std::string_view text) {
  std::string line = harmless(text, Charset::utf8);
  if (line.empty()) return "";
  std::size_t longest = 0, run = 0;
  for (const char c : line) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  std::string cell;
  for (const char c : line) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  const std::string ticks(longest + 1, '`');
  const bool needs_room = line.front() == '`' || line.back() == '`';
  return needs_room ? fmt::format("{0} {1} {0}", ticks, cell) : ticks + cell + ticks;
}

std::string block(std::string_view text, std::string_view language = "text") {
  std::string visible = made_visible(text, Charset::utf8);
  while (visible.ends_with('\n')) visible.pop_back();
  std::size_t longest = 2, run = 0;
  for (const char c : visible) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fmt::format("{}{}\n{}\n{}\n", fence, language, visible, fence);
}

std::string took(std::int64_t from_ms, std::int64_t to_ms) {
  return from_ms == 0 || to_ms < from_ms ? "" : elapsed_text(to_ms - from_ms);
}

class MarkdownReport {
 public:
  MarkdownReport(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink)
      : report_(report), stored_(stored), making_(making), sink_(sink) {}

  void write() {
    head();
    deviations();
    doubts();
    questions();
    lists_of_steps();
    watches();
    files();
    pauses();
    timeline();
    steps();
    coverage();
    proof();
  }

 private:
  void line(const std::string& text) const { sink_(text + "\n"); }
  void heading(std::string_view text) const { sink_(fmt::format("\n## {}\n\n", text)); }

  // UTC, and beside it the local time where that is another one.
  std::string at(std::int64_t at_ms) const {
    if (at_ms == 0) return "";
    return making_.has_local_times() ? fmt::format("{} ({})", utc_text(at_ms), local_text(at_ms)) : utc_text(at_ms);
  }

  void fact(std::string_view name, const std::string& text) const {
    if (!text.empty()) line(fmt::format("| {} | {} |", name, text));
  }

  void head() const {
    const RunState& run = report_.state;
    line(fmt::format("# {}: {}\n", plain(run.title.empty() ? run.runbook : run.title), run.state));
    for (const std::string& sentence : audit_summary(report_)) line(plain(sentence));
    if (!report_.scope.is_whole()) line("\n**This report is a part of the record:** " + scope_text() + ".");
    line("\n| | |\n|---|---|");
    fact("run", code(report_.run));
    fact("state", run.state + (run.why.empty() ? "" : ": " + plain(run.why)));
    fact("runbook", code(run.runbook) + (run.version.empty() ? "" : ", version " + code(run.version)));
    fact("file", code(run.file));
    fact("definition", "SHA-256 " + code(run.definition_sha256));
    fact("document", code(report_.document));
    fact("purpose", plain(report_.summary));
    fact("operator", code(run.operator_name));
    fact("host", code(run.host));
    fact("engine", code(run.engine));
    fact("lock", code(run.lock));
    for (const auto& [name, pinned] : run.targets) fact("target " + code(name), code(pinned.text));
    fact("began", at(run.began_at_ms));
    fact("ended", run.was_left() ? at(run.ended_at_ms) : "not yet");
    fact("took",
         elapsed_text(report_.duration_ms()) +
             (report_.pauses.empty() ? "" : fmt::format(", {} of it without an engine", elapsed_text(report_.paused_ms()))));
    values("input", report_.inputs);
    values("output", report_.outputs);
  }

  void values(std::string_view kind, const Value& map) const {
    for (const auto& [name, value] : map.is_map() ? map.as_map() : Map())
      fact(fmt::format("{} {}", kind, code(name)), code(text_or_json(value)));
  }

  std::string scope_text() const {
    const AuditScope& scope = report_.scope;
    std::vector<std::string> parts;
    if (scope.from_ms) parts.push_back("from " + at(*scope.from_ms));
    if (scope.to_ms) parts.push_back("to " + at(*scope.to_ms));
    if (!scope.steps.empty()) {
      std::vector<std::string> names;
      for (const std::string& step : scope.steps) names.push_back(code(step));
      parts.push_back(fmt::format("the steps {}", fmt::join(names, ", ")));
    }
    if (!scope.has_output) parts.emplace_back("without what the steps wrote");
    const std::string left =
        report_.steps_left_out == 0 ? "" : fmt::format("; {} left out", counted(report_.steps_left_out, "step"));
    return fmt::format("{}{}", fmt::join(parts, ", "), left);
  }

  void deviations() const {
    heading("Deviations from the plan");
    if (report_.state.deviations.empty()) return line("None.");
    line("| event | time | step | what | who | because |\n|--:|---|---|---|---|---|");
    for (const Deviation& each : report_.state.deviations)
      line(fmt::format("| {} | {} | {} | {} | {} | {} |", each.seq, at(each.at_ms), code(each.instance), plain(each.what),
                       code(each.who), plain(each.because)));
  }

  void doubts() const {
    if (!report_.doubts.empty()) heading("In doubt");
    for (const AuditDoubt& doubt : report_.doubts)
      line(fmt::format("- {} at {}: {}  \n  {}", code(doubt.instance), at(doubt.at_ms), plain(doubt.why), settled(doubt)));
  }

  std::string settled(const AuditDoubt& doubt) const {
    std::string text;
    if (!doubt.choice.empty()) text = fmt::format("**{}**, decided by {}", plain(doubt.choice), code(doubt.who));
    if (!doubt.because.empty()) text += ", because: " + plain(doubt.because);
    if (doubt.settled_seq == 0) return text.empty() ? "**It is not settled.**" : text + ".";
    return fmt::format("{}Settled at {}: {}.", text.empty() ? text : text + ". ", at(doubt.settled_at_ms), plain(doubt.how));
  }

  void questions() const {
    bool is_first = true;
    for (const AuditStep& step : report_.steps) {
      for (const AuditQuestion& question : step.questions) {
        if (question.about == "doubt") continue;
        if (is_first) heading("Questions, answers, approvals");
        if (is_first) line("| step | about | asked | answered | choice | who | because |\n|---|---|---|---|---|---|---|");
        is_first = false;
        std::string who = code(question.who);
        if (!question.approver.empty() && question.approver != question.who) who += " as " + code(question.approver);
        const std::string about =
            question.sha256.empty() ? question.about : question.about + " of SHA-256 " + code(question.sha256);
        line(fmt::format("| {} | {} | {} | {} | {} | {} | {} |", code(step.instance), about, at(question.asked_at_ms),
                         question.answered_at_ms ? at(question.answered_at_ms) : "not answered", plain(question.choice), who,
                         plain(question.because)));
      }
    }
  }

  void list_steps(std::string_view title, bool (*is_wanted)(const AuditStep&)) const {
    bool is_first = true;
    for (const AuditStep& step : report_.steps) {
      if (!is_wanted(step)) continue;
      if (is_first) heading(title);
      is_first = false;
      const std::string because = is_left_out(step) ? step.because : "";
      line(fmt::format("- {} {}{}{}", code(step.instance), plain(step.title()), step.why.empty() ? "" : ": " + plain(step.why),
                       because.empty() ? "" : ", because: " + plain(because)));
    }
  }

  void lists_of_steps() const {
    if (!report_.undos.empty()) heading("Undos");
    for (const AuditUndo& undo : report_.undos)
      line(fmt::format("- at {}, {}, by {}{}", at(undo.at_ms), undo.to.empty() ? "of all" : "back to " + code(undo.to),
                       code(undo.who), undo.because.empty() ? "" : ", because: " + plain(undo.because)));
    list_steps("Undone", was_undone);
    list_steps("Left out", is_left_out);
  }

  void watches() const {
    if (report_.state.watches.empty()) return;
    heading("Watches");
    line("| watch | last seen | since | why |\n|---|---|---|---|");
    for (const auto& [name, watch] : report_.state.watches)
      line(fmt::format("| {} | {} | {} | {} |", code(name), sight_name(watch.sight), at(watch.since_ms), plain(watch.why)));
  }

  void files() const {
    if (report_.state.files.empty()) return;
    heading("Files that the steps name");
    for (const auto& [path, digest] : report_.state.files) line(fmt::format("- {}, SHA-256 {}", code(path), code(digest)));
  }

  void pauses() const {
    if (!report_.pauses.empty()) {
      heading("Pauses");
      line("| from | to | lasted | state | why | taken up by |\n|---|---|---|---|---|---|");
      for (const AuditPause& pause : report_.pauses)
        line(fmt::format("| {} | {} | {} | {} | {} | {} |", at(pause.from_ms), pause.to_ms ? at(pause.to_ms) : "still at rest",
                         took(pause.from_ms, pause.to_ms), pause.state, plain(pause.why), code(pause.resumed_by)));
    }
    heading("Who drove it");
    line("| event | time | who | how | engine | host |\n|--:|---|---|---|---|---|");
    for (const AuditSession& session : report_.sessions)
      line(fmt::format("| {} | {} | {} | {} | {} | {} |", session.from_seq, at(session.at_ms), code(session.who),
                       plain(session.how), code(session.engine), code(session.host)));
    for (const Handoff& handoff : report_.state.handoffs)
      line(fmt::format("\nHanded off by {} at {}{}:\n\n{}", code(handoff.who), at(handoff.at_ms),
                       handoff.taken_by.empty()
                           ? std::string()
                           : fmt::format(", taken over by {} at {}", code(handoff.taken_by), at(handoff.taken_at_ms)),
                       block(handoff.note)));
  }

  void timeline() const {
    heading("Timeline");
    line("| event | time | step | what | who |\n|--:|---|---|---|---|");
    for (const AuditEntry& entry : report_.timeline)
      line(fmt::format("| {} | {} | {} | {} | {} |", entry.seq, at(entry.at_ms), code(entry.instance), plain(entry.text),
                       code(entry.who)));
  }

  void steps() const {
    heading("Steps");
    std::string section;
    for (const AuditStep& step : report_.steps) {
      if (const std::string its = step.line.text_or("section", ""); its != section && !its.empty())
        line(fmt::format("\n**{}**", plain(section = its)));
      one_step(step);
    }
  }

  void one_step(const AuditStep& step) const {
    const Value& told = step.line;
    line(fmt::format("\n### {} {}\n", code(step.instance), plain(step.title())));
    std::string state = fmt::format("**{}**", step.is_watch ? "watch" : step_state_name(step.state));
    if (!step.why.empty()) state += ": " + plain(step.why);
    line("- " + state);
    const std::string because = told.text_or("effect_because", "");
    line(fmt::format("- {}, effect {}{}", told.text_or("type", ""), told.text_or("effect", ""),
                     because.empty() ? "" : ": " + plain(because)));
    item("source", plain(told.text_or("source", "")));
    item("note", plain(told.text_or("note", "")));
    item("when", code(told.text_or("when", "")));
    item("includes", code(told.text_or("includes", "")));
    item("done when", code(deed_text(told.get("done_when"))));
    item("verified by", code(deed_text(told.get("verify"))));
    if (step.attempts.empty() && step.line.text_or("type", "") != "manual")
      deed(deed_of(step, nullptr, stored_), step.request ? "" : ", as it is written");
    for (const AuditQuestion& question : step.questions) instructions(question);
    for (const AuditAttempt& attempt : step.attempts) one_attempt(step, attempt);
    if (step.findings && report_.scope.has_output) line("\nWhat stood there:\n\n" + block(stored_(step.findings.digest)));
    const Value outputs = stored_value(step.outputs, stored_), evidence = stored_value(step.evidence, stored_);
    for (const auto& [name, value] : outputs.is_map() ? outputs.as_map() : Map())
      item("output " + code(name), code(text_or_json(value)));
    for (const Value& each : evidence.is_list() ? evidence.as_list() : List()) item("evidence", code(evidence_line(each)));
  }

  void item(std::string_view name, const std::string& text) const {
    if (!text.empty()) line(fmt::format("- {}: {}", name, text));
  }

  void deed(const Value& deed, std::string_view remark) const {
    const std::string text = deed_text(deed);
    if (text.empty()) return;
    std::vector<std::string> around = surroundings_text(deed);
    line(fmt::format("\nWhat is run{}{}{}:\n\n{}", remark, around.empty() ? "" : ", with ", fmt::join(coded(around), ", "),
                     block(text)));
  }

  static std::vector<std::string> coded(const std::vector<std::string>& texts) {
    std::vector<std::string> all;
    for (const std::string& text : texts) all.push_back(code(text));
    return all;
  }

  void instructions(const AuditQuestion& question) const {
    const Value form = stored_value(question.form, stored_);
    if (const std::string text = form.text_or("instructions", ""); !text.empty())
      line("\nInstructions:\n\n" + block(text, "markdown"));
    const Value items = form.get("checklist");
    std::int64_t number = 0;
    for (const Value& each : items.is_list() ? items.as_list() : List())
      line(fmt::format("- [{}] {}", question.ticked.count(number++) ? "x" : " ", plain(text_or_json(each))));
  }

  void one_attempt(const AuditStep& step, const AuditAttempt& attempt) const {
    std::string text = fmt::format("\nAttempt {}{}: **{}**", attempt.number,
                                   attempt.group > 1 ? fmt::format(" (group {})", attempt.group) : "", attempt.result);
    if (!attempt.why.empty()) text += ": " + plain(attempt.why);
    if (attempt.exit_code) text += fmt::format("; exit status {}", *attempt.exit_code);
    text += fmt::format("; began {}", at(attempt.began_at_ms));
    const std::string lasted = attempt.was_in_doubt ? "" : took(attempt.began_at_ms, attempt.ended_at_ms);
    line(text + (attempt.was_in_doubt ? "; nobody saw when it ended."
                 : lasted.empty()     ? "."
                                      : fmt::format(", took {}.", lasted)));
    deed(deed_of(step, &attempt, stored_), "");
    if (attempt.before) item("before", code(to_json(stored_value(attempt.before, stored_))));
    if (attempt.had_terminal) line("\nIt had the terminal; what passed there is not recorded.");
    for (const std::string& process : attempt.strays) item("left behind, and ended", code(process));
    for (const std::string& process : attempt.left) item("left behind on purpose", code(process));
    if (report_.scope.has_output) output(attempt);
  }

  void output(const AuditAttempt& attempt) const {
    if (attempt.output) {
      const Excerpt shown = output_excerpt(attempt, stored_(attempt.output.digest));
      const std::string left =
          shown.left_out == 0 ? ""
                              : fmt::format(", {} left out here", counted(static_cast<std::size_t>(shown.left_out), "byte"));
      const std::string sha = attempt.output_sha256.empty() ? "" : ", SHA-256 " + code(attempt.output_sha256);
      if (attempt.is_output_scrubbed) line("\nSomething was scrubbed from it since; size and digest are of what stood there.");
      line(fmt::format("\nOutput ({}{}{}):\n", counted(static_cast<std::size_t>(attempt.output_total), "byte"), left, sha));
      const std::string gap = shown.left_out == 0 ? ""
                                                  : fmt::format("\n[... {} left out ...]\n",
                                                                counted(static_cast<std::size_t>(shown.left_out), "byte"));
      line(block(shown.head + gap + shown.tail));
    }
    if (attempt.findings) line("\nWhat stood there:\n\n" + block(stored_(attempt.findings.digest)));
  }

  void coverage() const {
    heading("Coverage of the document");
    line("| part | steps | done | left out | undone | failed or in doubt | open |\n|---|--:|--:|--:|--:|--:|--:|");
    for (const AuditCoverage& part : report_.coverage)
      line(fmt::format("| {} | {} | {} | {} | {} | {} | {} |", part.source.empty() ? "*none named*" : plain(part.source),
                       part.steps, part.done, part.skipped, part.undone, part.failed, part.open));
    not_covered("Not encoded", report_.not_encoded);
    not_covered("Not automated", report_.not_automated);
  }

  void not_covered(std::string_view title, const Value& list) const {
    if (!list.is_list() || list.as_list().empty()) return;
    line(fmt::format("\n{}:\n", title));
    for (const Value& each : list.as_list())
      line(fmt::format("- {}: {}", plain(each.text_or("what", "")), plain(each.text_or("because", ""))));
  }

  void proof() const {
    heading("How this can be checked");
    line(fmt::format("This report tells of run {} up to event {}, whose hash in the run's chain is\n{}.\n", code(report_.run),
                     report_.state.seq, code(report_.head)));
    line("- The record against this head: " + code(fmt::format("runbook verify {} --head {}", report_.run, report_.head)));
    line("- This file against the record: " + code("runbook verify --report FILE"));
    line(fmt::format("\nMade by runbook {}; local times are those of {}.", making_.engine, making_.zone));
    std::string data = to_json(report_proof(report_, making_));
    for (std::size_t at = data.find('>'); at != std::string::npos; at = data.find('>', at)) data.replace(at, 1, "\\u003e");
    line(fmt::format("\n<!-- runbook-proof {} -->", data));
  }

  const AuditReport& report_;
  const ReadStored& stored_;
  const ReportMaking& making_;
  const ReportSink& sink_;
};

}  // namespace

void write_markdown(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink) {
  MarkdownReport(report, stored, making, sink).write();
}

}  // namespace runbook
