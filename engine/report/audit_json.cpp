#include "report/audit_json.h"

#include "base/clock.h"
#include "base/json.h"
#include "report/run_view.h"
#include "report/shown_output.h"

namespace runbook {

namespace {

Value time_json(std::int64_t at_ms) { return at_ms == 0 ? Value() : Value(utc_text(at_ms)); }

Value lasted(std::int64_t from_ms, std::int64_t to_ms) {
  return from_ms == 0 || to_ms < from_ms ? Value() : Value(to_ms - from_ms);
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value list_or_empty(const Value& list) { return list.is_list() ? list : Value(List{}); }

class JsonReport {
 public:
  JsonReport(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink)
      : report_(report), stored_(stored), making_(making), sink_(sink) {}

  void write() {
    sink_("{\n");
    member("format", Value("runbook-report/1"));
    member("proof", report_proof(report_, making_));
    member("run", run());
    member("summary", list_from(audit_summary(report_)));
    member("deviations", deviations());
    member("doubts", doubts());
    member("undos", undos());
    member("undone", instances(was_undone));
    member("left_out", left_out());
    member("pauses", pauses());
    member("sessions", sessions());
    member("handoffs", handoffs());
    member("watches", watches());
    member("coverage", coverage());
    list("timeline", report_.timeline, [](const AuditEntry& entry) { return entry_json(entry); });
    list("steps", report_.steps, [this](const AuditStep& step) { return step_json(step); });
    member("steps_left_out", Value(report_.steps_left_out), true);
    sink_("}\n");
  }

 private:
  static std::string indented(const Value& value, std::string_view margin) {
    std::string text;
    for (const char c : to_pretty_json(value)) {
      text += c;
      if (c == '\n') text += margin;
    }
    return text;
  }

  void member(std::string_view name, const Value& value, bool is_last = false) {
    sink_("  \"" + std::string(name) + "\": " + indented(value, "  ") + (is_last ? "\n" : ",\n"));
  }

  // Written one by one: there may be many.
  template <typename Each, typename Describe>
  void list(std::string_view name, const std::vector<Each>& all, const Describe& describe) {
    sink_("  \"" + std::string(name) + "\": [");
    for (std::size_t i = 0; i < all.size(); ++i) sink_((i == 0 ? "\n    " : ",\n    ") + indented(describe(all[i]), "    "));
    sink_(all.empty() ? "],\n" : "\n  ],\n");
  }

  Value run() const {
    const RunState& run = report_.state;
    Map targets;
    for (const auto& [name, pinned] : run.targets)
      targets.emplace_back(name, object({{"is", pinned.text}, {"identity", pinned.identity}}));
    Map files;
    for (const auto& [path, digest] : run.files) files.emplace_back(path, digest);
    return object({{"run", report_.run},
                   {"runbook", run.runbook},
                   {"title", run.title},
                   {"version", run.version},
                   {"state", run.state},
                   {"why", run.why},
                   {"is_rehearsal", run.is_scripted},
                   {"file", run.file},
                   {"definition_sha256", run.definition_sha256},
                   {"document", report_.document},
                   {"purpose", report_.summary},
                   {"operator", run.operator_name},
                   {"host", run.host},
                   {"engine", run.engine},
                   {"lock", text_or_null(run.lock)},
                   {"targets", Value(std::move(targets))},
                   {"files", Value(std::move(files))},
                   {"inputs", report_.inputs.is_map() ? report_.inputs : Value(Map{})},
                   {"outputs", report_.outputs.is_map() ? report_.outputs : Value(Map{})},
                   {"began_at", time_json(run.began_at_ms)},
                   {"ended_at", time_json(run.ended_at_ms)},
                   {"duration_ms", report_.duration_ms()},
                   {"at_rest_ms", report_.paused_ms()}});
  }

  Value deviations() const {
    List list;
    for (const Deviation& each : report_.state.deviations)
      list.push_back(object({{"event", each.seq},
                             {"at", time_json(each.at_ms)},
                             {"step", text_or_null(each.instance)},
                             {"what", each.what},
                             {"who", each.who},
                             {"because", each.because}}));
    return Value(std::move(list));
  }

  Value doubts() const {
    List list;
    for (const AuditDoubt& doubt : report_.doubts)
      list.push_back(object({{"step", doubt.instance},
                             {"event", doubt.seq},
                             {"at", time_json(doubt.at_ms)},
                             {"attempt", doubt.attempt == 0 ? Value() : Value(doubt.attempt)},
                             {"why", doubt.why},
                             {"settled_event", doubt.settled_seq == 0 ? Value() : Value(doubt.settled_seq)},
                             {"settled_at", time_json(doubt.settled_at_ms)},
                             {"how", text_or_null(doubt.how)},
                             {"choice", text_or_null(doubt.choice)},
                             {"who", text_or_null(doubt.who)},
                             {"because", text_or_null(doubt.because)}}));
    return Value(std::move(list));
  }

  Value instances(bool (*is_wanted)(const AuditStep&)) const {
    List list;
    for (const AuditStep& step : report_.steps)
      if (is_wanted(step)) list.emplace_back(step.instance);
    return Value(std::move(list));
  }

  Value undos() const {
    List list;
    for (const AuditUndo& undo : report_.undos)
      list.push_back(object({{"event", undo.seq},
                             {"at", time_json(undo.at_ms)},
                             {"to", text_or_null(undo.to)},
                             {"who", undo.who},
                             {"because", undo.because}}));
    return Value(std::move(list));
  }

  Value left_out() const {
    List list;
    for (const AuditStep& step : report_.steps)
      if (is_left_out(step))
        list.push_back(object({{"step", step.instance}, {"why", step.why}, {"because", text_or_null(step.because)}}));
    return Value(std::move(list));
  }

  Value pauses() const {
    List list;
    for (const AuditPause& pause : report_.pauses)
      list.push_back(object({{"event", pause.seq},
                             {"from", time_json(pause.from_ms)},
                             {"to", time_json(pause.to_ms)},
                             {"duration_ms", lasted(pause.from_ms, pause.to_ms)},
                             {"state", pause.state},
                             {"why", pause.why},
                             {"resumed_by", text_or_null(pause.resumed_by)}}));
    return Value(std::move(list));
  }

  Value sessions() const {
    List list;
    for (const AuditSession& session : report_.sessions)
      list.push_back(object({{"event", session.from_seq},
                             {"at", time_json(session.at_ms)},
                             {"who", session.who},
                             {"how", session.how},
                             {"engine", session.engine},
                             {"host", text_or_null(session.host)}}));
    return Value(std::move(list));
  }

  Value handoffs() const {
    List list;
    for (const Handoff& handoff : report_.state.handoffs)
      list.push_back(object({{"event", handoff.seq},
                             {"at", time_json(handoff.at_ms)},
                             {"who", handoff.who},
                             {"note", handoff.note},
                             {"taken_by", text_or_null(handoff.taken_by)},
                             {"taken_at", time_json(handoff.taken_at_ms)}}));
    return Value(std::move(list));
  }

  Value watches() const {
    List list;
    for (const auto& [name, watch] : report_.state.watches)
      list.push_back(object(
          {{"watch", name}, {"state", sight_name(watch.sight)}, {"why", watch.why}, {"since", time_json(watch.since_ms)}}));
    return Value(std::move(list));
  }

  Value coverage() const {
    List parts;
    for (const AuditCoverage& part : report_.coverage)
      parts.push_back(object({{"source", text_or_null(part.source)},
                              {"steps", part.steps},
                              {"done", part.done},
                              {"left_out", part.skipped},
                              {"undone", part.undone},
                              {"failed", part.failed},
                              {"open", part.open}}));
    return object({{"document", report_.document},
                   {"parts", Value(std::move(parts))},
                   {"not_encoded", list_or_empty(report_.not_encoded)},
                   {"not_automated", list_or_empty(report_.not_automated)}});
  }

  static Value entry_json(const AuditEntry& entry) {
    return object({{"event", entry.seq},
                   {"at", time_json(entry.at_ms)},
                   {"kind", audit_kind_name(entry.kind)},
                   {"step", text_or_null(entry.instance)},
                   {"attempt", entry.attempt == 0 ? Value() : Value(entry.attempt)},
                   {"text", entry.text},
                   {"who", text_or_null(entry.who)}});
  }

  Value question_json(const AuditQuestion& question) const {
    List ticked;
    for (const std::int64_t item : question.ticked) ticked.emplace_back(item);
    return object({{"question", question.id},
                   {"about", question.about},
                   {"text", question.text},
                   {"form", stored_value(question.form, stored_)},
                   {"choices", list_from(question.choices)},
                   {"ticked", Value(std::move(ticked))},
                   {"asked_event", question.asked_seq},
                   {"asked_at", time_json(question.asked_at_ms)},
                   {"answered_event", question.answered_seq == 0 ? Value() : Value(question.answered_seq)},
                   {"answered_at", time_json(question.answered_at_ms)},
                   {"choice", text_or_null(question.choice)},
                   {"who", text_or_null(question.who)},
                   {"because", text_or_null(question.because)},
                   {"sha256", text_or_null(question.sha256)},
                   {"approver", text_or_null(question.approver)},
                   {"evidence", list_or_empty(stored_value(question.evidence, stored_))}});
  }

  Value output_json(const AuditAttempt& attempt) const {
    Value told = object({{"total", attempt.output_total},
                         {"sha256", text_or_null(attempt.output_sha256)},
                         {"scrubbed", attempt.is_output_scrubbed}});
    if (!attempt.output || !report_.scope.has_output)
      return with(with(with(told, "head", Value()), "left_out", Value()), "tail", Value());
    const Excerpt shown = output_excerpt(attempt, stored_(attempt.output.digest));
    return with(with(with(told, "head", shown.head), "left_out", shown.left_out), "tail", shown.tail);
  }

  Value attempt_json(const AuditStep& step, const AuditAttempt& attempt) const {
    const Value deed = deed_of(step, &attempt, stored_);
    return object({{"attempt", attempt.n},
                   {"number", attempt.number},
                   {"group", attempt.group},
                   {"began_event", attempt.began_seq},
                   {"began_at", time_json(attempt.began_at_ms)},
                   {"ended_event", attempt.ended_seq == 0 ? Value() : Value(attempt.ended_seq)},
                   {"ended_at", time_json(attempt.ended_at_ms)},
                   {"duration_ms", attempt.was_in_doubt ? Value() : lasted(attempt.began_at_ms, attempt.ended_at_ms)},
                   {"was_in_doubt", attempt.was_in_doubt},
                   {"result", attempt.result},
                   {"why", attempt.why},
                   {"effect", attempt.effect},
                   {"definition", text_or_null(attempt.definition)},
                   {"exit_code", attempt.exit_code ? Value(*attempt.exit_code) : Value()},
                   {"command", deed_text(deed)},
                   {"request", deed},
                   {"before", stored_value(attempt.before, stored_)},
                   {"outputs", stored_value(attempt.outputs, stored_)},
                   {"output", output_json(attempt)},
                   {"findings", text_or_null(attempt.findings ? stored_(attempt.findings.digest) : "")},
                   {"had_terminal", attempt.had_terminal},
                   {"strays", list_from(attempt.strays)},
                   {"left", list_from(attempt.left)}});
  }

  Value step_json(const AuditStep& step) const {
    List attempts, questions;
    for (const AuditAttempt& attempt : step.attempts) attempts.push_back(attempt_json(step, attempt));
    for (const AuditQuestion& question : step.questions) questions.push_back(question_json(question));
    const Value& line = step.line;
    const Value deed = attempts.empty() ? deed_of(step, nullptr, stored_) : attempts.back().get("request");
    return object({{"instance", step.instance},
                   {"id", line.get("id")},
                   {"title", line.get("title")},
                   {"type", line.get("type")},
                   {"section", line.get("section")},
                   {"source", line.get("source")},
                   {"note", line.get("note")},
                   {"effect", line.get("effect")},
                   {"effect_because", line.get("effect_because")},
                   {"when", line.get("when")},
                   {"includes", line.get("includes")},
                   {"done_when", line.get("done_when")},
                   {"verify", line.get("verify")},
                   {"is_removed", step.is_removed},
                   {"state", step_state_name(step.state)},
                   {"why", step.why},
                   {"started_at", time_json(step.started_at_ms)},
                   {"ended_at", time_json(step.ended_at_ms)},
                   {"duration_ms", lasted(step.started_at_ms, step.ended_at_ms)},
                   {"command", deed_text(deed)},
                   {"request", deed},
                   {"outputs", stored_value(step.outputs, stored_)},
                   {"findings", text_or_null(step.findings ? stored_(step.findings.digest) : "")},
                   {"answered_by", text_or_null(step.answered_by)},
                   {"evidence", list_or_empty(stored_value(step.evidence, stored_))},
                   {"attempts", Value(std::move(attempts))},
                   {"questions", Value(std::move(questions))}});
  }

  const AuditReport& report_;
  const ReadStored& stored_;
  const ReportMaking& making_;
  const ReportSink& sink_;
};

}  // namespace

void write_json(const AuditReport& report, const ReadStored& stored, const ReportMaking& making, const ReportSink& sink) {
  JsonReport(report, stored, making, sink).write();
}

}  // namespace runbook
