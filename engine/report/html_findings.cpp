#include "report/html_findings.h"

#include <algorithm>

#include "base/duration.h"

namespace runbook {

namespace {

void write_deviations(HtmlPage& page) {
  if (page.report.state.deviations.empty()) {
    page.out << "<p>No deviation from the plan was recorded.</p>";
    return;
  }
  begin_table(page, "What was otherwise than the runbook says, each with who decided it and why");
  page.out << "<th class=\"c4\">When</th><th class=\"c3\">Step</th><th>What</th><th "
              "class=\"c3\">Who</th><th>Because</th></tr></thead><tbody>";
  for (const Deviation& deviation : page.report.state.deviations) {
    page.out << "<tr><td>";
    write_time(page, deviation.at_ms);
    page.out << "<p class=\"k\">event " << deviation.seq << "</p></td><td>";
    write_step_link(page, deviation.instance);
    page.out << "</td><td>" << Shown{deviation.what} << "</td><td data-h=\"By\">" << Shown{deviation.who}
             << "</td><td data-h=\"Because\">" << Shown{deviation.because} << "</td></tr>";
  }
  end_table(page);
}

void write_decision(HtmlPage& page, const AuditDoubt& doubt) {
  if (!doubt.choice.empty()) page.out << "<p><strong>" << Shown{doubt.choice} << "</strong>, by " << Shown{doubt.who} << "</p>";
  if (!doubt.because.empty()) page.out << "<p>" << Shown{doubt.because} << "</p>";
  if (doubt.settled_seq == 0) {
    page.out << "<p>It is not settled.</p>";
    return;
  }
  page.out << "<p>" << Shown{doubt.how} << "<br>";
  write_time(page, doubt.settled_at_ms);
  page.out << "</p>";
}

void write_doubts(HtmlPage& page) {
  begin_table(page, "Steps of which it was not known whether they had taken effect, and how that was settled");
  page.out << "<th class=\"c4\">When</th><th class=\"c3\">Step</th><th>Why</th><th>How it was settled</th></tr></thead><tbody>";
  for (const AuditDoubt& doubt : page.report.doubts) {
    page.out << "<tr><td>";
    write_time(page, doubt.at_ms);
    page.out << "<p class=\"k\">event " << doubt.seq << "</p></td><td>";
    write_step_link(page, doubt.instance);
    page.out << "</td><td>" << Shown{doubt.why} << "</td><td data-h=\"Settled\">";
    write_decision(page, doubt);
    page.out << "</td></tr>";
  }
  end_table(page);
}

void write_question(HtmlPage& page, const AuditStep& step, const AuditQuestion& question) {
  page.out << "<tr><td>";
  write_time(page, question.asked_at_ms);
  page.out << "</td><td>";
  write_step_link(page, step.instance);
  page.out << "<p class=\"k\">" << Shown{in_words(question.about)} << "</p></td><td>" << Shown{question.text}
           << "</td><td data-h=\"Answer\">";
  if (question.answered_at_ms == 0) page.out << "nobody has answered it";
  else page.out << "<strong>" << Shown{question.choice} << "</strong>";
  if (!question.because.empty()) page.out << "<p>" << Shown{question.because} << "</p>";
  write_evidence(page, stored_value(question.evidence, page.stored));
  page.out << "</td><td data-h=\"By\">" << Shown{question.who};
  if (!question.approver.empty() && question.approver != question.who)
    page.out << "<p class=\"k\">counts as approval of " << Shown{question.approver} << "</p>";
  page.out << "</td><td class=\"when\" data-h=\"After\">";
  if (question.answered_at_ms != 0) page.out << Shown{elapsed_text(question.answered_at_ms - question.asked_at_ms)};
  page.out << "</td></tr>";
}

void write_questions(HtmlPage& page) {
  begin_table(page, "What people were asked, and what they said");
  page.out
      << "<th class=\"c4\">Asked</th><th class=\"c3\">Step</th><th>Question</th><th>Answer</th><th class=\"c2\">Who</th><th "
         "class=\"c1\">After</th></tr></thead><tbody>";
  for (const AuditStep& step : page.report.steps)
    for (const AuditQuestion& question : step.questions) write_question(page, step, question);
  end_table(page);
}

void write_undone(HtmlPage& page) {
  for (const AuditUndo& undo : page.report.undos) {
    page.out << "<p><strong>" << Shown{undo.who} << "</strong> had it taken back";
    if (!undo.to.empty()) page.out << ", as far as <code>" << Shown{undo.to} << "</code>";
    page.out << ", ";
    write_time(page, undo.at_ms);
    page.out << "</p>";
    if (!undo.because.empty()) page.out << "<div class=\"say\">" << Shown{undo.because} << "</div>";
  }
  page.out << "<ul class=\"plain\">";
  for (const AuditStep& step : page.report.steps) {
    if (!was_undone(step)) continue;
    page.out << "<li>";
    write_step_link(page, step.instance);
    page.out << " " << Shown{step.title()} << "</li>";
  }
  page.out << "</ul>";
}

void write_left_out(HtmlPage& page) {
  begin_table(page, "Steps that were not carried out, and why");
  page.out << "<th class=\"c3\">Step</th><th>Title</th><th>Why</th></tr></thead><tbody>";
  for (const AuditStep& step : page.report.steps) {
    if (!is_left_out(step)) continue;
    page.out << "<tr><td>";
    write_step_link(page, step.instance);
    page.out << "</td><td>" << Shown{step.title()} << "</td><td>" << Shown{step.why};
    if (const std::string because = step.because; !because.empty()) page.out << "<p>" << Shown{because} << "</p>";
    page.out << "</td></tr>";
  }
  end_table(page);
}

void write_pauses(HtmlPage& page) {
  begin_table(page, "When nobody drove it");
  page.out << "<th class=\"c4\">From and to</th><th class=\"c1\">Took</th><th class=\"c3\">How</th><th>Why</th><th "
              "class=\"c3\">Taken up by</th></tr></thead><tbody>";
  for (const AuditPause& pause : page.report.pauses) {
    page.out << "<tr><td>";
    write_time(page, pause.from_ms);
    page.out << "<p>";
    if (pause.to_ms == 0) page.out << "it still rests";
    else {
      page.out << "<span class=\"vh\">to </span>";
      write_time(page, pause.to_ms);
    }
    page.out << "</p>";
    page.out << "</td><td class=\"when\" data-h=\"Took\">"
             << Shown{elapsed_text((pause.to_ms ? pause.to_ms : page.report.last_at_ms) - pause.from_ms)} << "</td><td>";
    write_state(page, pause.state);
    page.out << "<p class=\"k\">after event " << pause.seq << "</p></td><td>" << Shown{pause.why}
             << "</td><td data-h=\"Taken up by\">" << Shown{pause.resumed_by} << "</td></tr>";
  }
  end_table(page);
}

void write_sessions(HtmlPage& page) {
  begin_table(page, "Engines that drove it, and commands that wrote to it");
  page.out << "<th class=\"c3\">From event</th><th class=\"c4\">When</th><th>Who</th><th class=\"c3\">How</th><th "
              "class=\"c2\">Engine</th><th class=\"c3\">Host</th></tr></thead><tbody>";
  for (const AuditSession& session : page.report.sessions) {
    page.out << "<tr><td data-h=\"From event\">" << session.from_seq << "</td><td>";
    write_time(page, session.at_ms);
    page.out << "</td><td>" << Shown{session.who} << "</td><td>" << Shown{session.how} << "</td><td data-h=\"Engine\">"
             << Shown{session.engine} << "</td><td>" << Shown{session.host} << "</td></tr>";
  }
  end_table(page);
}

void write_handoffs(HtmlPage& page) {
  for (const Handoff& handoff : page.report.state.handoffs) {
    page.out << "<p><strong>" << Shown{handoff.who} << "</strong> released it, ";
    write_time(page, handoff.at_ms);
    page.out << "</p><div class=\"say\">" << Shown{handoff.note} << "</div><p>";
    if (handoff.taken_at_ms == 0) page.out << "Nobody has taken it over.";
    else {
      page.out << "<strong>" << Shown{handoff.taken_by} << "</strong> took it over, ";
      write_time(page, handoff.taken_at_ms);
    }
    page.out << "</p>";
  }
}

void write_watches(HtmlPage& page) {
  begin_table(page, "What watches saw last");
  page.out << "<th class=\"c3\">Watch</th><th class=\"c3\">What it sees</th><th "
              "class=\"c4\">Since</th><th>Why</th></tr></thead><tbody>";
  for (const auto& [name, watch] : page.report.state.watches) {
    const bool is_bad = watch.sight == WatchState::Sight::bad;
    page.out << "<tr><td>";
    write_step_link(page, name);
    page.out << "</td><td>";
    write_state(page, watch.sight == WatchState::Sight::tripped ? "tripped" : is_bad ? "bad" : "good");
    page.out << "</td><td data-h=\"Since\">";
    if (watch.since_ms) write_time(page, watch.since_ms);
    page.out << "</td><td>" << Shown{watch.why} << "</td></tr>";
  }
  end_table(page);
}

std::size_t number_of(const AuditReport& report, bool (*are)(const AuditStep&)) {
  return static_cast<std::size_t>(std::count_if(report.steps.begin(), report.steps.end(), are));
}

std::size_t questions(const AuditReport& report) {
  std::size_t number = 0;
  for (const AuditStep& step : report.steps) number += step.questions.size();
  return number;
}

// In the order of the page.
struct Finding {
  Markup id, name;
  std::size_t (*number)(const AuditReport& report) = nullptr;
  void (*write)(HtmlPage& page) = nullptr;
};

constexpr Finding findings[] = {
    {"deviations", "Deviations", [](const AuditReport& report) { return report.state.deviations.size(); }, write_deviations},
    {"doubts", "Doubts", [](const AuditReport& report) { return report.doubts.size(); }, write_doubts},
    {"questions", "Questions and approvals", questions, write_questions},
    {"undone", "Undone", [](const AuditReport& report) { return std::max(number_of(report, was_undone), report.undos.size()); },
     write_undone},
    {"leftout", "Left out", [](const AuditReport& report) { return number_of(report, is_left_out); }, write_left_out},
    {"pauses", "Pauses", [](const AuditReport& report) { return report.pauses.size(); }, write_pauses},
    {"sessions", "Who drove it", [](const AuditReport& report) { return report.sessions.size(); }, write_sessions},
    {"handoffs", "Handoffs", [](const AuditReport& report) { return report.state.handoffs.size(); }, write_handoffs},
    {"watches", "Watches", [](const AuditReport& report) { return report.state.watches.size(); }, write_watches},
};

// That there was no deviation is said, too.
bool is_told(const Finding& finding, const AuditReport& report) {
  return finding.number(report) > 0 || finding.write == write_deviations;
}

}  // namespace

std::vector<HtmlPart> html_findings(const AuditReport& report) {
  std::vector<HtmlPart> parts;
  for (const Finding& finding : findings)
    if (is_told(finding, report)) parts.push_back({finding.id, finding.name, finding.number(report)});
  return parts;
}

void write_html_findings(HtmlPage& page) {
  for (const Finding& finding : findings) {
    if (!is_told(finding, page.report)) continue;
    begin_part(page, finding.id, finding.name);
    finding.write(page);
    end_part(page);
  }
}

}  // namespace runbook
