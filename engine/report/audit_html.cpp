#include "report/audit_html.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/html_findings.h"
#include "report/html_parts.h"
#include "report/html_step.h"
#include "report/html_style.h"
#include "report/html_summary.h"
#include "report/timeline_svg.h"

namespace runbook {

namespace {

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
    write_html_summary(page_);
    write_about();
    write_timeline_part();
    write_html_findings(page_);
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

  void write_contents() {
    out_ << "<nav aria-label=\"Parts of this report\"><ul><li><a href=\"#summary\">Summary</a></li><li><a href=\"#about\">The "
            "run</a></li>";
    write_if_any({"timeline", "Timeline", report_.timeline.size()});
    for (const HtmlPart& part : html_findings(report_)) write_entry_of(part);
    write_if_any({"steps", "Steps", report_.steps.size()});
    write_if_any({"coverage", "Coverage", report_.coverage.size()});
    out_ << "<li><a href=\"#proof\">Proof</a></li></ul></nav>\n";
  }

  void write_if_any(const HtmlPart& part) {
    if (part.number > 0) write_entry_of(part);
  }

  void write_entry_of(const HtmlPart& part) {
    out_ << "<li><a href=\"#" << part.id << "\">" << part.name << "</a> <i>" << part.number << "</i></li>";
  }

  // The run

  void write_about() {
    begin_part(page_, "about", "The run");
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
    end_part(page_);
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
    begin_table(page_, "Targets, as they were pinned");
    out_ << "<th class=\"c3\">Target</th><th>What it is</th></tr></thead><tbody>";
    for (const auto& [name, target] : run().targets)
      out_ << "<tr><td><code>" << Shown{name} << "</code></td><td data-h=\"Is\">" << Shown{target.text} << "</td></tr>";
    end_table(page_);
  }

  void write_files() {
    if (run().files.empty()) return;
    begin_table(page_, "Files that its steps name, as they were when it began or last rested");
    out_ << "<th>File</th><th>SHA-256</th></tr></thead><tbody>";
    for (const auto& [path, digest] : run().files)
      out_ << "<tr><td><code>" << Shown{path} << "</code></td><td data-h=\"SHA-256\"><code>" << Shown{digest}
           << "</code></td></tr>";
    end_table(page_);
  }

  // Timeline

  void write_timeline_part() {
    begin_part(page_, "timeline", "Timeline");
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
    end_part(page_);
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
    begin_table(page_, "What happened, in order");
    out_ << "<th class=\"c1\">Event</th><th class=\"c4\">When</th><th class=\"c2\">Kind</th><th "
            "class=\"c3\">Step</th><th>What</th><th class=\"c2\">Who</th></tr></thead><tbody>\n";
    for (std::size_t i = from; i < to; ++i) write_entry(report_.timeline[i]);
    end_table(page_);
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

  // Steps

  void write_steps() {
    begin_part(page_, "steps", "Steps");
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
    end_part(page_);
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
    begin_part(page_, "coverage", "Coverage");
    if (!report_.document.empty()) out_ << "<p>The runbook encodes <code>" << Shown{report_.document} << "</code>.</p>";
    if (!report_.coverage.empty()) write_coverage_table();
    write_not("Not encoded", report_.not_encoded);
    write_not("Not automated", report_.not_automated);
    end_part(page_);
  }

  void write_coverage_table() {
    begin_table(page_, "Parts of the source document, with the steps that encode them; of the whole run");
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
    end_table(page_);
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
    begin_part(page_, "proof", "Proof");
    out_ << "<p>The run is recorded as a chain of events, each bound to the one before by SHA-256. This report is made of them "
            "alone, and "
            "whoever has the journal can make it again and compare it byte by byte.</p><dl>";
    write_fact(page_, "Events", std::to_string(run().seq));
    write_code_fact(page_, "Hash of the last one", report_.head);
    write_code_fact(page_, "Check the journal", fmt::format("runbook verify {} --head {}", report_.run, report_.head));
    write_code_fact(page_, "Check this report", "runbook verify --report FILE");
    if (report_.scope.is_whole()) write_fact(page_, "Left out", "nothing but the middle of long texts, where it says so");
    else write_fact(page_, "Left out", fmt::format("{}", fmt::join(left_out_by_scope(report_), "; ")));
    out_ << "</dl><script type=\"application/json\" id=\"runbook-proof\">";
    out_.json(report_proof(report_, making_)) << "</script></section>\n";
  }

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
