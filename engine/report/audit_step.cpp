#include "report/audit_step.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"

namespace runbook {

namespace {

StoredText stored_text(const Value& reference) { return {blob_digest(reference), reference.int_or("size", 0)}; }

void begin_attempt(AuditStep& step, const Event& event) {
  const Value& body = event.body;
  AuditAttempt& attempt = step.attempts.emplace_back();
  attempt.n = event.attempt;
  attempt.number = body.int_or("number", static_cast<std::int64_t>(step.attempts.size()));
  attempt.group = static_cast<int>(body.int_or("group", 1));
  attempt.began_seq = event.seq;
  attempt.began_at_ms = event.at_ms;
  attempt.result = "running";
  attempt.effect = body.text_or("effect", "");
  attempt.definition = body.text_or("definition", "");
  attempt.request = stored_text(body.get("request"));
  attempt.before = stored_text(body.get("before"));
  attempt.had_terminal = body.find("tty") != nullptr;
}

void end_attempt(AuditAttempt& attempt, const Event& event, std::string result) {
  attempt.result = std::move(result);
  attempt.why = event.body.text_or("why", "");
  attempt.ended_seq = event.seq;
  attempt.ended_at_ms = event.at_ms;
}

void go_on(AuditStep& step, const Event& event) {
  const auto found = std::find_if(step.attempts.rbegin(), step.attempts.rend(),
                                  [&](const AuditAttempt& each) { return each.n == event.attempt; });
  if (found == step.attempts.rend()) return;
  AuditAttempt& attempt = *found;
  const Value& body = event.body;
  if (body.find("output")) attempt.output = stored_text(body.get("output"));
  if (body.find("findings")) attempt.findings = stored_text(body.get("findings"));
  if (body.find("outputs")) attempt.outputs = stored_text(body.get("outputs"));
  attempt.output_total = body.int_or("output_total", attempt.output_total);
  attempt.output_sha256 = body.text_or("output_sha256", attempt.output_sha256);
  if (body.find("exit_code")) attempt.exit_code = body.int_or("exit_code", 0);
  for (std::string& process : texts_in(body.get("left"))) attempt.left.push_back(std::move(process));
  for (std::string& process : texts_in(body.get("strays"))) attempt.strays.push_back(std::move(process));
  if (event.kind == event::doubted) attempt.was_in_doubt = true;
  if (event.kind == event::doubted) end_attempt(attempt, event, "in_doubt");
  if (event.kind == event::ended) end_attempt(attempt, event, body.text_or("result", "failed"));
}

// The fold forgets an undo that is done.
void follow_undo(AuditStep& step, const Event& event) {
  if (event.kind == event::intent || event.kind == event::asked) step.started_at_ms = event.at_ms;
  const bool is_satisfied = event.kind == event::satisfied;
  if (event.kind != event::ended && !is_satisfied) return;
  const bool is_done = is_satisfied || event.body.text_or("result", "") == "succeeded";
  step.state = is_satisfied ? StepState::satisfied : is_done ? StepState::succeeded : StepState::failed;
  step.why = event.body.text_or("why", "");
  step.ended_at_ms = event.at_ms;
}

// What a wait found that did not come to be, beside its answer.
void take_texts_of_a_wait(AuditStep& step, const Event& event) {
  if (event.body.find("findings")) step.findings = stored_text(event.body.get("findings"));
}

void ask(AuditStep& step, const Event& event) {
  const Value& body = event.body;
  AuditQuestion& question = step.questions.emplace_back();
  question.id = body.text_or("question", "");
  question.about = body.text_or("about", "");
  question.text = body.text_or("text", "");
  question.form = stored_text(body.get("form"));
  question.sha256 = body.text_or("sha256", "");
  question.choices = texts_in(body.get("choices"));
  question.asked_seq = event.seq;
  question.asked_at_ms = event.at_ms;
}

void answer(AuditStep& step, const Event& event) {
  const Value& body = event.body;
  const std::string id = body.text_or("question", "");
  const auto found =
      std::find_if(step.questions.rbegin(), step.questions.rend(), [&](const AuditQuestion& each) { return each.id == id; });
  if (found == step.questions.rend()) return;
  if (event.kind == event::ticked) {
    found->ticked.insert(body.int_or("item", 0));
    return;
  }
  found->answered_seq = event.seq;
  found->answered_at_ms = event.at_ms;
  found->choice = body.text_or("choice", "");
  found->who = body.text_or("who", "");
  found->because = body.text_or("because", "");
  found->approver = body.text_or("approver", "");
  found->evidence = stored_text(body.get("evidence"));
}

}  // namespace

void follow_step(AuditStep& step, const Event& event) {
  if (step.is_undo) follow_undo(step, event);
  if (event.kind == event::skipped) step.because = event.body.text_or("because", "");
  if (event.kind == event::renewed) step.because.clear();
  if (event.kind == event::asked) ask(step, event);
  else if (event.kind == event::answered || event.kind == event::ticked) answer(step, event);
  else if (event.kind == event::waiting) step.request = stored_text(event.body.get("request"));
  else if (event.kind == event::intent) begin_attempt(step, event);
  else if (event.attempt != 0) go_on(step, event);
  else if (event.kind == event::ended) take_texts_of_a_wait(step, event);
}

}  // namespace runbook
