#include "report/audit_doubts.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "report/event_text.h"
#include "state/run_state.h"

namespace runbook {

namespace {

// Another question may still have been open, and was closed because the step had ended.
bool is_about_a_doubt(const AuditStep& step, const Event& answered) {
  const std::string id = answered.body.text_or("question", "");
  return std::any_of(step.questions.begin(), step.questions.end(),
                     [&](const AuditQuestion& each) { return each.id == id && each.about == "doubt"; });
}

void settle(AuditDoubt& doubt, const Event& event, const std::string& how) {
  doubt.settled_seq = event.seq;
  doubt.settled_at_ms = event.at_ms;
  doubt.how = doubt.how.empty() ? how : doubt.how + "; " + how;
}

}  // namespace

void follow_doubts(std::vector<AuditDoubt>& doubts, const AuditStep& step, const Event& event) {
  const auto open = std::find_if(doubts.rbegin(), doubts.rend(), [&](const AuditDoubt& each) {
    return each.instance == step.instance && each.settled_seq == 0;
  });
  const bool is_open = open != doubts.rend();
  if (is_open && event.kind == event::answered && is_about_a_doubt(step, event)) {
    if (event.body.text_or("choice", "") == looks_again) return settle(*open, event, event.body.text_or("because", ""));
    open->choice = event.body.text_or("choice", "");
    open->who = event.body.text_or("who", "");
    open->because = event.body.text_or("because", "");
  }
  if (is_open && event.kind == event::sent_again) open->how = event_sentence(event);
  const bool ends = event.kind == event::ended || event.kind == event::skipped || event.kind == event::undone;
  if (is_open && ends) settle(*open, event, event_sentence(event));
  // What has ended well and can't be looked at is asked about, and was not in doubt before.
  const bool is_asked = event.kind == event::asked && !is_open && event.body.text_or("about", "") == "doubt";
  if (event.kind != event::doubted && !is_asked) return;
  if (is_open) settle(*open, event, "that told nothing");
  AuditDoubt& doubt = doubts.emplace_back();
  doubt.instance = step.instance;
  doubt.seq = event.seq;
  doubt.at_ms = event.at_ms;
  doubt.attempt = event.attempt;
  doubt.why = event.body.text_or("why", "");
}

void narrow_doubts(AuditReport& report) {
  if (report.doubts.empty()) return;
  const AuditScope& scope = report.scope;
  std::set<std::string_view> steps;
  for (const AuditStep& step : report.steps) steps.insert(step.instance);
  std::erase_if(report.doubts, [&](const AuditDoubt& doubt) {
    const bool was_before = scope.from_ms && doubt.settled_seq != 0 && doubt.settled_at_ms < *scope.from_ms;
    const bool came_after = scope.to_ms && doubt.at_ms > *scope.to_ms;
    return was_before || came_after || !steps.contains(doubt.instance);
  });
}

}  // namespace runbook
