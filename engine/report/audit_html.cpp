#include "report/audit_html.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/html_parts.h"
#include "report/html_step.h"
#include "report/html_style.h"
#include "report/timeline_lanes.h"
#include "report/timeline_svg.h"

namespace runbook {

namespace {

// Parts of the page that are only there if there is something to say, with how much.
struct Part {
  Markup id, name;
  std::size_t number = 0;
};

class Page {
 public:
  Page(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, HtmlWriter& out)
      : report_(report), making_(making), out_(out), page_{out, report, stored, making.has_local_times()} {
    for (std::size_t i = 0; i < report.steps.size(); ++i) page_.positions.emplace(report.steps[i].instance, i);
  }

  void write() {
    write_head();
    out_ << "<body><a class=\"jump\" href=\"#main\">Skip to the report</a><div class=\"page\">\n";
    write_header();
    write_contents();
    out_ << "<main id=\"main\">\n";
    write_summary();
    write_about();
    write_timeline_part();
    write_deviations();
    write_doubts();
    write_questions();
    write_undone();
    write_left_out();
    write_pauses();
    write_sessions();
    write_handoffs();
    write_watches();
    write_steps();
    write_coverage();
    write_proof();
    out_ << "</main>\n<footer>Made by runbook " << Shown{making_.engine} << " from the journal alone. Local times are those of "
         << Shown{making_.zone} << ".</footer></div><script>" << page_script() << "</script></body></html>\n";
  }

 private:
  const RunState& run() const { return report_.state; }
  std::string title() const { return run().title.empty() ? run().runbook : run().title; }

  void write_head() {
    out_ << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta http-equiv=\"Content-Security-Policy\" content=\""
         << Shown{page_policy()}
         << "\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" "
            "content=\"no-referrer\">"
            "<meta name=\"robots\" content=\"noindex\"><link rel=\"icon\" href=\"data:,\"><title>"
         << Shown{title()} << ": " << Shown{in_words(run().state)} << ", run " << Shown{report_.run} << "</title><style>"
         << page_style() << "</style></head>\n";
  }

  void write_header() {
    out_ << "<header><p class=\"kind\">Audit report of run <code>" << Shown{report_.run} << "</code></p><h1>" << Shown{title()}
         << "</h1><p class=\"lead\">";
    write_state(page_, run().state);
    out_ << "<span><i>began</i> ";
    write_time(page_, run().began_at_ms);
    out_ << "</span><span><i>" << (run().was_left() ? Markup("took") : Markup("so far")) << "</i> "
         << Shown{elapsed_text(report_.duration_ms())} << "</span><span><i>by</i> " << Shown{run().operator_name}
         << "</span></p>";
    out_ << "</header>\n";
  }

  std::size_t doubts() const {
    return static_cast<std::size_t>(std::count_if(report_.timeline.begin(), report_.timeline.end(), tells_of_a_doubt));
  }
  std::size_t questions() const {
    std::size_t number = 0;
    for (const AuditStep& step : report_.steps) number += step.questions.size();
    return number;
  }
  std::size_t steps_that(bool (*are)(const AuditStep&)) const {
    return static_cast<std::size_t>(std::count_if(report_.steps.begin(), report_.steps.end(), are));
  }

  void write_contents() {
    const Part parts[] = {{"timeline", "Timeline", report_.timeline.size()},
                          {"deviations", "Deviations", run().deviations.size()},
                          {"doubts", "Doubts", doubts()},
                          {"questions", "Questions and approvals", questions()},
                          {"undone", "Undone", std::max(steps_that(was_undone), report_.undos.size())},
                          {"leftout", "Left out", steps_that(is_left_out)},
                          {"pauses", "Pauses", report_.pauses.size()},
                          {"sessions", "Who drove it", report_.sessions.size()},
                          {"handoffs", "Handoffs", run().handoffs.size()},
                          {"watches", "Watches", run().watches.size()},
                          {"steps", "Steps", report_.steps.size()},
                          {"coverage", "Coverage", report_.coverage.size()}};
    out_ << "<nav aria-label=\"Parts of this report\"><ul><li><a href=\"#summary\">Summary</a></li><li><a href=\"#about\">The "
            "run</a></li>";
    for (const Part& part : parts) {
      if (part.number == 0 && part.id.text() != "deviations") continue;
      out_ << "<li><a href=\"#" << part.id << "\">" << part.name << "</a> <i>" << part.number << "</i></li>";
    }
    out_ << "<li><a href=\"#proof\">Proof</a></li></ul></nav>\n";
  }

  // Summary

  void write_summary() {
    begin("summary", "Summary");
    write_scope();
    out_ << "<ul class=\"sum\">";
    for (const std::string& sentence : audit_summary(report_)) out_ << "<li>" << Shown{sentence} << "</li>";
    out_ << "</ul><div class=\"first\">";
    write_problems();
    write_first_deviations();
    write_first_doubts();
    out_ << "</div></section>\n";
  }

  std::vector<std::string> left_out_by_scope() const {
    const AuditScope& scope = report_.scope;
    std::vector<std::string> left;
    if (scope.from_ms) left.push_back("what happened before " + utc_text(*scope.from_ms));
    if (scope.to_ms) left.push_back("what happened after " + utc_text(*scope.to_ms));
    if (report_.steps_left_out > 0) left.push_back(counted(static_cast<std::size_t>(report_.steps_left_out), "step"));
    if (!scope.has_output) left.emplace_back("what the steps wrote");
    return left;
  }

  void write_scope() {
    if (run().is_scripted)
      out_ << "<p class=\"call\"><strong>A rehearsal.</strong> The world was a scenario; nothing outside was touched.</p>";
    if (report_.scope.is_whole()) return;
    out_ << "<div class=\"call\"><strong>This report is a part of the record.</strong> It leaves out:<ul>";
    for (const std::string& part : left_out_by_scope()) out_ << "<li>" << Shown{part} << "</li>";
    out_ << "</ul></div>";
  }

  static bool is_a_problem(const AuditStep& step) {
    return step.state == StepState::failed || step.state == StepState::in_doubt || step.state == StepState::waiting ||
           step.state == StepState::cancelled || step.state == StepState::running;
  }

  void write_problems() {
    out_ << "<div><h3>Problems</h3><ul>";
    std::size_t number = 0, again = 0;
    constexpr std::size_t most = 20;
    for (const AuditStep& step : report_.steps) {
      if (step.state == StepState::succeeded && std::any_of(step.attempts.begin(), step.attempts.end(), has_failed)) ++again;
      if (!is_a_problem(step) || ++number > most) continue;
      out_ << "<li>";
      write_state(page_, step_state_name(step.state));
      out_ << " ";
      write_step_link(page_, step.instance);
      out_ << " " << Shown{step.why} << "</li>";
    }
    if (number > most) out_ << "<li>and " << number - most << " more steps</li>";
    if (again > 0) out_ << "<li>" << Shown{counted(again, "step")} << " failed at first and succeeded later</li>";
    write_crashes();
    if (number + again == 0) out_ << "<li>No step failed.</li>";
    out_ << "</ul></div>";
  }

  static bool has_failed(const AuditAttempt& attempt) { return attempt.result != "succeeded" && attempt.result != "running"; }

  void write_crashes() {
    for (const AuditPause& pause : report_.pauses) {
      if (pause.state != "crashed") continue;
      out_ << "<li>";
      write_state(page_, "crashed");
      out_ << " ";
      write_time(page_, pause.from_ms);
      out_ << "</li>";
    }
  }

  void write_first_deviations() {
    out_ << "<div><h3>Deviations</h3><ul>";
    if (run().deviations.empty()) out_ << "<li>No deviation from the plan was recorded.</li>";
    for (const Deviation& deviation : run().deviations) {
      out_ << "<li>";
      write_step_link(page_, deviation.instance);
      out_ << " " << Shown{deviation.what} << ", by " << Shown{deviation.who} << "</li>";
    }
    out_ << "</ul></div>";
  }

  void write_first_doubts() {
    out_ << "<div><h3>Doubts</h3><ul>";
    std::unordered_set<std::string> told;
    for (const AuditEntry& entry : report_.timeline) {
      if (!tells_of_a_doubt(entry) || !told.insert(entry.instance).second) continue;
      const auto found = page_.positions.find(entry.instance);
      const bool is_open = found != page_.positions.end() && report_.steps[found->second].state == StepState::in_doubt;
      out_ << "<li>";
      write_step_link(page_, entry.instance);
      out_ << (is_open ? Markup(" is in doubt still") : Markup(" was in doubt and was settled")) << "</li>";
    }
    if (told.empty()) out_ << "<li>Of every step it is known what became of it.</li>";
    out_ << "</ul></div>";
  }

  // The run

  void write_about() {
    begin("about", "The run");
    out_ << "<dl class=\"facts\">";
    write_fact(page_, "Runbook", run().runbook + (run().version.empty() ? "" : ", version " + run().version));
    write_fact(page_, "Engine", run().engine);
    write_time_fact("Began", run().began_at_ms);
    if (run().was_left()) write_time_fact("Ended", run().ended_at_ms);
    else write_time_fact("Last event", report_.last_at_ms);
    write_fact(page_, "Duration", elapsed_text(report_.duration_ms()));
    write_fact(page_, "No engine drove it for", report_.pauses.empty() ? "" : elapsed_text(report_.paused_ms()));
    write_fact(page_, "Operator", run().operator_name);
    write_fact(page_, "Host", run().host);
    write_fact(page_, "Source document", report_.document);
    write_fact(page_, "Lock", run().lock);
    write_wide_facts();
    out_ << "</dl>";
    write_values(page_, "Inputs", report_.inputs);
    write_values(page_, "Outputs of the run", report_.outputs);
    write_targets();
    write_files();
    out_ << "</section>\n";
  }

  void write_time_fact(Markup name, std::int64_t at_ms) {
    out_ << "<dt>" << name << "</dt><dd>";
    write_time(page_, at_ms);
    out_ << "</dd>";
  }

  void write_wide_fact(Markup name, const std::string& text) {
    if (!text.empty()) out_ << "<dt class=\"row\">" << name << "</dt><dd class=\"all\"><code>" << Shown{text} << "</code></dd>";
  }

  void write_wide_facts() {
    if (!report_.summary.empty())
      out_ << "<dt class=\"row\">What it is for</dt><dd class=\"all\">" << Shown{report_.summary} << "</dd>";
    if (!run().why.empty())
      out_ << "<dt class=\"row\">Why it stands there</dt><dd class=\"all\">" << Shown{run().why} << "</dd>";
    write_wide_fact("File", run().file);
    write_wide_fact("Folder", run().dir);
    write_wide_fact("Run", report_.run);
    write_wide_fact("Definition, SHA-256", run().definition_sha256);
    if (run().file_sha256 != run().definition_sha256) write_wide_fact("File, SHA-256", run().file_sha256);
  }

  void write_targets() {
    if (run().targets.empty()) return;
    begin_table("Targets, as they were pinned");
    out_ << "<th class=\"c3\">Target</th><th>What it is</th></tr></thead><tbody>";
    for (const auto& [name, target] : run().targets)
      out_ << "<tr><td><code>" << Shown{name} << "</code></td><td data-h=\"Is\">" << Shown{target.text} << "</td></tr>";
    end_table();
  }

  void write_files() {
    if (run().files.empty()) return;
    begin_table("Files that its steps name, as they were when it began or last rested");
    out_ << "<th>File</th><th>SHA-256</th></tr></thead><tbody>";
    for (const auto& [path, digest] : run().files)
      out_ << "<tr><td><code>" << Shown{path} << "</code></td><td data-h=\"SHA-256\"><code>" << Shown{digest}
           << "</code></td></tr>";
    end_table();
  }

  // Timeline

  void write_timeline_part() {
    begin("timeline", "Timeline");
    write_timeline(report_, out_);
    constexpr std::size_t many = 40, at_once = 500;
    const std::vector<AuditEntry>& entries = report_.timeline;
    const bool is_folded = entries.size() > many;
    if (is_folded) out_ << "<details class=\"x\"><summary>All " << entries.size() << " events in words</summary>\n";
    for (std::size_t from = 0; from < entries.size(); from += at_once) {
      const std::size_t to = std::min(from + at_once, entries.size());
      if (entries.size() > at_once) write_entries_folded(from, to);
      else write_entries(from, to);
    }
    if (is_folded) out_ << "</details>\n";
    out_ << "</section>\n";
  }

  void write_entries_folded(std::size_t from, std::size_t to) {
    const AuditEntry &first = report_.timeline[from], &last = report_.timeline[to - 1];
    out_ << "<details class=\"x\"><summary>Events " << first.seq << " to " << last.seq << ", from "
         << Shown{utc_text(first.at_ms)} << "</summary>";
    write_entries(from, to);
    out_ << "</details>\n";
  }

  void write_entries(std::size_t from, std::size_t to) {
    out_ << "<div class=\"es\">";
    begin_table("What happened, in order");
    out_ << "<th class=\"c1\">Event</th><th class=\"c4\">When</th><th class=\"c2\">Kind</th><th "
            "class=\"c3\">Step</th><th>What</th><th class=\"c2\">Who</th></tr></thead><tbody>\n";
    for (std::size_t i = from; i < to; ++i) write_entry(report_.timeline[i]);
    end_table();
    out_ << "</div>";
  }

  // End tags of cells and rows may be left out, and there can be tens of thousands of them.
  void write_entry(const AuditEntry& entry) {
    const bool is_deviation = entry.kind == AuditEntry::Kind::deviation, is_pause = entry.kind == AuditEntry::Kind::pause;
    out_ << (is_deviation ? Markup("<tr class=\"deviation\"><td>")
             : is_pause   ? Markup("<tr class=\"pause\"><td>")
                          : Markup("<tr><td>"));
    out_ << entry.seq << "<td>";
    write_time(page_, entry.at_ms);
    out_ << "<td>" << Shown{audit_kind_name(entry.kind)} << "<td>";
    write_step_link(page_, entry.instance);
    out_ << "<td>" << ShownBetweenTags{entry.text} << "<td>" << Shown{entry.who} << "\n";
  }

  // What an auditor asks for

  void write_deviations() {
    begin("deviations", "Deviations");
    if (run().deviations.empty()) out_ << "<p>No deviation from the plan was recorded.</p>";
    else write_deviation_table();
    out_ << "</section>\n";
  }

  void write_deviation_table() {
    begin_table("What was otherwise than the runbook says, each with who decided it and why");
    out_ << "<th class=\"c4\">When</th><th class=\"c3\">Step</th><th>What</th><th "
            "class=\"c3\">Who</th><th>Because</th></tr></thead><tbody>";
    for (const Deviation& deviation : run().deviations) {
      out_ << "<tr><td>";
      write_time(page_, deviation.at_ms);
      out_ << "<p class=\"k\">event " << deviation.seq << "</p></td><td>";
      write_step_link(page_, deviation.instance);
      out_ << "</td><td>" << Shown{deviation.what} << "</td><td data-h=\"By\">" << Shown{deviation.who}
           << "</td><td data-h=\"Because\">" << Shown{deviation.because} << "</td></tr>";
    }
    end_table();
  }

  // With what followed of the same step, up to what settled it.
  void write_doubts() {
    if (doubts() == 0) return;
    begin("doubts", "Doubts");
    begin_table("Steps of which it was not known whether they had taken effect, and how that was decided");
    out_ << "<th class=\"c4\">When</th><th class=\"c3\">Step</th><th>Why</th><th>How it was decided</th></tr></thead><tbody>";
    for (std::size_t i = 0; i < report_.timeline.size(); ++i) {
      if (!tells_of_a_doubt(report_.timeline[i])) continue;
      const AuditEntry& entry = report_.timeline[i];
      out_ << "<tr><td>";
      write_time(page_, entry.at_ms);
      out_ << "</td><td>";
      write_step_link(page_, entry.instance);
      out_ << "</td><td>" << Shown{entry.text} << "</td><td data-h=\"Decided\">";
      write_decision(i);
      out_ << "</td></tr>";
    }
    end_table();
    out_ << "</section>\n";
  }

  void write_decision(std::size_t doubt) {
    for (std::size_t i = doubt + 1; i < report_.timeline.size(); ++i) {
      const AuditEntry& entry = report_.timeline[i];
      if (entry.instance != report_.timeline[doubt].instance || entry.kind == AuditEntry::Kind::question) continue;
      out_ << "<p>" << Shown{entry.text} << "<br>";
      write_time(page_, entry.at_ms);
      out_ << "</p>";
      if (entry.kind == AuditEntry::Kind::attempt) return;
    }
    out_ << "<p>It has not been decided.</p>";
  }

  void write_questions() {
    if (questions() == 0) return;
    begin("questions", "Questions and approvals");
    begin_table("What people were asked, and what they said");
    out_ << "<th class=\"c4\">Asked</th><th class=\"c3\">Step</th><th>Question</th><th>Answer</th><th class=\"c2\">Who</th><th "
            "class=\"c1\">After</th></tr></thead><tbody>";
    for (const AuditStep& step : report_.steps)
      for (const AuditQuestion& question : step.questions) write_question(step, question);
    end_table();
    out_ << "</section>\n";
  }

  void write_question(const AuditStep& step, const AuditQuestion& question) {
    out_ << "<tr><td>";
    write_time(page_, question.asked_at_ms);
    out_ << "</td><td>";
    write_step_link(page_, step.instance);
    out_ << "<p class=\"k\">" << Shown{in_words(question.about)} << "</p></td><td>" << Shown{question.text}
         << "</td><td data-h=\"Answer\">";
    if (question.answered_at_ms == 0) out_ << "nobody has answered it";
    else out_ << "<strong>" << Shown{question.choice} << "</strong>";
    if (!question.because.empty()) out_ << "<p>" << Shown{question.because} << "</p>";
    write_evidence(page_, stored_value(question.evidence, page_.stored));
    out_ << "</td><td data-h=\"By\">" << Shown{question.who};
    if (!question.approver.empty() && question.approver != question.who)
      out_ << "<p class=\"k\">counts as approval of " << Shown{question.approver} << "</p>";
    out_ << "</td><td class=\"when\" data-h=\"After\">";
    if (question.answered_at_ms != 0) out_ << Shown{elapsed_text(question.answered_at_ms - question.asked_at_ms)};
    out_ << "</td></tr>";
  }

  void write_undone() {
    if (steps_that(was_undone) == 0 && report_.undos.empty()) return;
    begin("undone", "Undone");
    for (const AuditUndo& undo : report_.undos) {
      out_ << "<p><strong>" << Shown{undo.who} << "</strong> had it taken back";
      if (!undo.to.empty()) out_ << ", as far as <code>" << Shown{undo.to} << "</code>";
      out_ << ", ";
      write_time(page_, undo.at_ms);
      out_ << "</p>";
      if (!undo.because.empty()) out_ << "<div class=\"say\">" << Shown{undo.because} << "</div>";
    }
    out_ << "<ul class=\"plain\">";
    for (const AuditStep& step : report_.steps) {
      if (!was_undone(step)) continue;
      out_ << "<li>";
      write_step_link(page_, step.instance);
      out_ << " " << Shown{step.title()} << "</li>";
    }
    out_ << "</ul></section>\n";
  }

  void write_left_out() {
    if (steps_that(is_left_out) == 0) return;
    begin("leftout", "Left out");
    begin_table("Steps that were not carried out, and why");
    out_ << "<th class=\"c3\">Step</th><th>Title</th><th>Why</th></tr></thead><tbody>";
    for (const AuditStep& step : report_.steps) {
      if (!is_left_out(step)) continue;
      out_ << "<tr><td>";
      write_step_link(page_, step.instance);
      out_ << "</td><td>" << Shown{step.title()} << "</td><td>" << Shown{step.why};
      if (const std::string because = step.because; !because.empty()) out_ << "<p>" << Shown{because} << "</p>";
      out_ << "</td></tr>";
    }
    end_table();
    out_ << "</section>\n";
  }

  void write_pauses() {
    if (report_.pauses.empty()) return;
    begin("pauses", "Pauses");
    begin_table("When nobody drove it");
    out_ << "<th class=\"c4\">From and to</th><th class=\"c1\">Took</th><th class=\"c3\">How</th><th>Why</th><th "
            "class=\"c3\">Taken up by</th></tr></thead><tbody>";
    for (const AuditPause& pause : report_.pauses) {
      out_ << "<tr><td>";
      write_time(page_, pause.from_ms);
      out_ << "<p>";
      if (pause.to_ms == 0) out_ << "it still rests";
      else {
        out_ << "<span class=\"vh\">to </span>";
        write_time(page_, pause.to_ms);
      }
      out_ << "</p>";
      out_ << "</td><td class=\"when\" data-h=\"Took\">"
           << Shown{elapsed_text((pause.to_ms ? pause.to_ms : report_.last_at_ms) - pause.from_ms)} << "</td><td>";
      write_state(page_, pause.state);
      out_ << "<p class=\"k\">after event " << pause.seq << "</p></td><td>" << Shown{pause.why}
           << "</td><td data-h=\"Taken up by\">" << Shown{pause.resumed_by} << "</td></tr>";
    }
    end_table();
    out_ << "</section>\n";
  }

  void write_sessions() {
    if (report_.sessions.empty()) return;
    begin("sessions", "Who drove it");
    begin_table("Engines that drove it, and commands that wrote to it");
    out_ << "<th class=\"c3\">From event</th><th class=\"c4\">When</th><th>Who</th><th class=\"c3\">How</th><th "
            "class=\"c2\">Engine</th><th class=\"c3\">Host</th></tr></thead><tbody>";
    for (const AuditSession& session : report_.sessions) {
      out_ << "<tr><td data-h=\"From event\">" << session.from_seq << "</td><td>";
      write_time(page_, session.at_ms);
      out_ << "</td><td>" << Shown{session.who} << "</td><td>" << Shown{session.how} << "</td><td data-h=\"Engine\">"
           << Shown{session.engine} << "</td><td>" << Shown{session.host} << "</td></tr>";
    }
    end_table();
    out_ << "</section>\n";
  }

  void write_handoffs() {
    if (run().handoffs.empty()) return;
    begin("handoffs", "Handoffs");
    for (const Handoff& handoff : run().handoffs) {
      out_ << "<p><strong>" << Shown{handoff.who} << "</strong> released it, ";
      write_time(page_, handoff.at_ms);
      out_ << "</p><div class=\"say\">" << Shown{handoff.note} << "</div><p>";
      if (handoff.taken_at_ms == 0) out_ << "Nobody has taken it over.";
      else {
        out_ << "<strong>" << Shown{handoff.taken_by} << "</strong> took it over, ";
        write_time(page_, handoff.taken_at_ms);
      }
      out_ << "</p>";
    }
    out_ << "</section>\n";
  }

  void write_watches() {
    if (run().watches.empty()) return;
    begin("watches", "Watches");
    begin_table("What watches saw last");
    out_ << "<th class=\"c3\">Watch</th><th class=\"c3\">What it sees</th><th "
            "class=\"c4\">Since</th><th>Why</th></tr></thead><tbody>";
    for (const auto& [name, watch] : run().watches) {
      const bool is_bad = watch.sight == WatchState::Sight::bad;
      out_ << "<tr><td>";
      write_step_link(page_, name);
      out_ << "</td><td>";
      write_state(page_, watch.sight == WatchState::Sight::tripped ? "tripped" : is_bad ? "bad" : "good");
      out_ << "</td><td data-h=\"Since\">";
      if (watch.since_ms) write_time(page_, watch.since_ms);
      out_ << "</td><td>" << Shown{watch.why} << "</td></tr>";
    }
    end_table();
    out_ << "</section>\n";
  }

  // Steps

  void write_steps() {
    begin("steps", "Steps");
    if (report_.steps.size() > 1)
      out_ << "<div class=\"tools\" id=\"tools\" role=\"search\" aria-label=\"Steps\" hidden><div><label "
              "for=\"words\">Words</label>"
              "<input id=\"words\" type=\"search\" autocomplete=\"off\"></div><div><label for=\"state\">State</label><select "
              "id=\"state\">"
              "<option value=\"\">any</option></select></div><button type=\"button\" id=\"unfold\">Unfold all</button><button "
              "type=\"button\" id=\"fold\">Fold all</button><output id=\"told\" aria-live=\"polite\"></output></div>\n";
    for (std::size_t from = 0; from < report_.steps.size();) from = write_steps_of_a_section(from);
    if (report_.steps_left_out > 0)
      out_ << "<p class=\"soft\">" << Shown{counted(static_cast<std::size_t>(report_.steps_left_out), "step")}
           << " more are left out of this report.</p>";
    out_ << "</section>\n";
  }

  // In groups of some, so that a browser lays out only those that are seen.
  std::size_t write_steps_of_a_section(std::size_t from) {
    constexpr std::size_t at_once = 50;
    const std::string section = report_.steps[from].line.text_or("section", "");
    const auto is_of_it = [&](std::size_t i) {
      return i < report_.steps.size() && report_.steps[i].line.text_or("section", "") == section;
    };
    out_ << "<section class=\"part\"><h3>" << Shown{section.empty() ? std::string("Outside of sections") : section}
         << "</h3>\n";
    std::size_t at = from;
    while (is_of_it(at)) {
      const std::size_t end = at + at_once;
      out_ << (is_of_it(end) ? Markup("<div class=\"g v\">") : Markup("<div class=\"g\">"));
      for (; at < end && is_of_it(at); ++at) write_html_step(page_, at);
      out_ << "</div>\n";
    }
    out_ << "</section>\n";
    return at;
  }

  // Coverage and proof

  void write_coverage() {
    begin("coverage", "Coverage");
    if (!report_.document.empty()) out_ << "<p>The runbook encodes <code>" << Shown{report_.document} << "</code>.</p>";
    if (!report_.coverage.empty()) write_coverage_table();
    write_not("Not encoded", report_.not_encoded);
    write_not("Not automated", report_.not_automated);
    out_ << "</section>\n";
  }

  void write_coverage_table() {
    begin_table("Parts of the source document, with the steps that encode them; of the whole run");
    out_ << "<th>Part</th><th class=\"c2 n\">Steps</th><th class=\"c2 n\">Done</th><th class=\"c2 n\">Left out</th><th "
            "class=\"c2 n\">Undone</th>"
            "<th class=\"c2 n\">Failed</th><th class=\"c2 n\">Open</th></tr></thead><tbody>";
    for (const AuditCoverage& part : report_.coverage) {
      out_ << "<tr><td>" << Shown{part.source.empty() ? std::string("no part is named") : part.source} << "</td>";
      write_count("Steps", part.steps);
      write_count("Done", part.done);
      write_count("Left out", part.skipped);
      write_count("Undone", part.undone);
      write_count("Failed", part.failed);
      write_count("Open", part.open);
      out_ << "</tr>";
    }
    end_table();
  }

  void write_count(Markup name, int number) {
    out_ << "<td data-h=\"" << name << (number == 0 ? Markup("\" class=\"n z\">") : Markup("\" class=\"n\">")) << number
         << "</td>";
  }

  void write_not(Markup name, const Value& list) {
    if (!list.is_list() || list.as_list().empty()) return;
    out_ << "<h3>" << name << "</h3><dl>";
    for (const Value& each : list.as_list())
      out_ << "<dt>" << Shown{each.text_or("what", "")} << "</dt><dd>" << Shown{each.text_or("because", "")} << "</dd>";
    out_ << "</dl>";
  }

  void write_proof() {
    begin("proof", "Proof");
    out_ << "<p>The run is recorded as a chain of events, each bound to the one before by SHA-256. This report is made of them "
            "alone, and "
            "whoever has the journal can make it again and compare it byte by byte.</p><dl>";
    write_fact(page_, "Events", std::to_string(run().seq));
    write_code_fact(page_, "Hash of the last one", report_.head);
    write_code_fact(page_, "Check the journal", fmt::format("runbook verify {} --head {}", report_.run, report_.head));
    write_code_fact(page_, "Check this report", "runbook verify --report FILE");
    if (report_.scope.is_whole()) write_fact(page_, "Left out", "nothing but the middle of long texts, where it says so");
    else write_fact(page_, "Left out", fmt::format("{}", fmt::join(left_out_by_scope(), "; ")));
    out_ << "</dl><script type=\"application/json\" id=\"runbook-proof\">";
    out_.json(report_proof(report_, making_)) << "</script></section>\n";
  }

  // What they share

  void begin(Markup id, Markup name) {
    out_ << "<section id=\"" << id << "\" aria-labelledby=\"h-" << id << "\"><h2 id=\"h-" << id << "\">" << name << "</h2>\n";
  }

  void begin_table(Markup caption) { out_ << "<table><caption>" << caption << "</caption><thead><tr>"; }

  void end_table() { out_ << "</tbody></table>\n"; }

  const AuditReport& report_;
  const ReportMaking& making_;
  HtmlWriter& out_;
  HtmlPage page_;
};

}  // namespace

void write_html(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink) {
  HtmlWriter out(sink);
  Page(report, stored, making, out).write();
  out.flush();
}

}  // namespace runbook
